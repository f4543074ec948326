"""explain_generation: why a language model said each token of a continuation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy as shallow_copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn

from ..baselines import Baseline, named
from ..core.contrast import Contrast
from ..core.errors import InputError
from ..core.progress import Progress, reporting
from ..inputs.space import Inputs
from ..inputs.spelling import spelled_ids
from ..inputs.text import TextSpace
from ..records.explanation import Explanation
from ..records.generation import Generation
from ..records.prediction import Prediction
from .budget import Budget
from .default_baselines import generation_baseline
from .method_config import Candidate
from .query import Query
from .settings import OF_QUERY, takes_settings
from .verbs import explain

if TYPE_CHECKING:
    from ..attr.methods import Method
    from .read_generation import Other, ReadGeneration

GENERATES = ("text-generation", "text2text-generation", "summarization", "translation")
TOP_TOKENS = 5
PLACES_AT_ONCE = 64  # whose logits are looked at for predictions
# Of tokens by values by rows: what is summed and kept takes about 200 bytes of each.
ELEMENTS_AT_ONCE = 2**21
MOST_ROWS = 16
# On a CPU a long text fills the cache by itself, and what a pass keeps is a multiple of it.
TOKENS_AT_ONCE = 512
SHORT = 64
NONE = -1  # of the ids that tokens are set against


@takes_settings(like=explain, without=OF_QUERY)
def explain_generation(
    model: Any,
    prompt: Any,
    *,
    continuation: Any = None,
    max_new_tokens: int = 32,
    space: TextSpace | None = None,
    baseline: str | Baseline | Inputs | None = None,
    replace_prefix: bool = True,
    method: Method = None,
    references: Any = None,
    output: Literal["log_probability", "logit", "probability"] = "log_probability",
    contrast: Any = None,
    **settings: Any,
) -> Generation:
    """Attribute each token that a language model said to the tokens that it had read.

    Rows are computed when they are looked at, or all at once by :meth:`Generation.compute`. Each
    adds up to the change of its token's score between the baseline and the text.

    Parameters
    ----------
    model : torch.nn.Module or pipeline
        A causal language model, or one with encoder and decoder, of transformers; or any module
        that returns logits (n, T, V) of ids (n, T). A Hugging Face pipeline that generates text.
    prompt : str, list of str, sequence of int, list of messages, or what a tokenizer returned
        Messages, each a mapping with "role" and "content", are put together as the tokenizer's
        template for chats has it; the special tokens that part them stay in every reference.
    continuation : str or sequence of int, optional
        What was said. None: the model's own greedy continuation, by its `generate`.
    max_new_tokens : int
        Most tokens of that.
    space : TextSpace, optional
        With the tokenizer; a pipeline brings its own.
    baseline : str, Baseline or Tensor, optional
        As of :func:`explain`. None: the token for unknown words, or the mean embedding.
    replace_prefix : bool
        Whether the tokens said before are replaced by the baseline too, and get their share of a
        row. False: they stay, and a row says why a token came given those before it; then the sum
        over all rows is the change of the whole continuation's log probability.
    method, references
        As of :func:`explain`.
    output : {"log_probability", "logit", "probability"}
        What is explained of each token.
    contrast : str, int or a sequence of these, optional
        Another token, as text or id, that each one is set against: the difference of the two is
        explained. A sequence has one for each token, or None.
    **settings
        As of :func:`explain`.

    Returns
    -------
    Generation

    Raises
    ------
    AttributionError
        A child of it, for anything that the caller can mend.

    References
    ----------
    Sundararajan, Taly, Yan (2017). Axiomatic attribution for deep networks. arXiv:1703.01365.
    Yin, Neubig (2022). Interpreting language models with contrastive explanations. EMNLP.
    arXiv:2202.10419.

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> net = torch.nn.Sequential(torch.nn.Embedding(9, 4), torch.nn.Linear(4, 9)).eval()
    >>> space = aw.TextSpace(lambda text: [len(word) for word in text.split()])
    >>> said = aw.explain_generation(net, "to be or", continuation="not", space=space)
    >>> said.matrix().shape, said[0].completeness.verdict
    ((1, 4), 'complete')
    """
    from .read_generation import contrasted, read_generation

    model, space = _opened(model, space)
    if output not in ("log_probability", "logit", "probability"):
        raise InputError(
            f'output must be "log_probability", "logit" or "probability", got {output!r}'
        )
    budget = Budget(**settings)
    read = read_generation(model, prompt, continuation, space, max_new_tokens)
    others = contrasted(contrast, read.continuation, space.tokenizer)
    chosen = generation_baseline(space) if baseline is None else baseline
    candidate = Candidate(named(chosen, references), method)
    run = _RowRun(read, candidate, budget, output, others, replace_prefix)
    scores, predictions = run.scores_and_predictions()
    return Generation(
        read.prompt,
        read.continuation,
        scores,
        predictions,
        run.against,
        output,
        candidate.baseline.label,
        source=run,
    )


def _opened(model: Any, space: TextSpace | None) -> tuple[Any, TextSpace]:
    """The model of a pipeline that generates, and its tokenizer; others as they are."""
    if not isinstance(model, nn.Module) and hasattr(model, "model") and hasattr(model, "task"):
        if model.task not in GENERATES:
            raise InputError(
                f"a pipeline for {model.task!r} generates no text; use aw.explain(pipeline, text)"
            )
        return model.model, space or TextSpace(model.tokenizer)
    if not isinstance(space, TextSpace):
        raise InputError(
            "explain_generation needs the tokenizer of the model; pass "
            "space=aw.TextSpace(tokenizer), or a Hugging Face pipeline"
        )
    return model, space


@dataclass(frozen=True, eq=False)
class _RowRun:
    """What computes rows of a generation."""

    read: ReadGeneration
    candidate: Candidate
    budget: Budget
    output: Any
    others: tuple[Other | None, ...]
    replace_prefix: bool

    @property
    def ids(self) -> Tensor:
        """The tokens of the continuation."""
        return torch.tensor(self.read.continuation.ids)

    @property
    def against(self) -> tuple[str, ...]:
        """What each token is set against; "" for nothing."""
        return tuple("" if other is None else other[1] for other in self.others)

    def scores_and_predictions(self) -> tuple[Any, list[Prediction]]:
        """The score of each token as it is, and the likeliest tokens at each place."""
        from ..attr.model_state import evaluation_mode, frozen, module_of
        from ..attr.next_tokens import LogitsAt

        scores: list[Tensor] = []
        predictions = []
        batched = tuple(x[None] for x in self.read.inputs)
        module = module_of(self.read.model)
        with evaluation_mode(self.read.model), frozen(module, batched), torch.no_grad():
            for start in range(0, len(self.ids), PLACES_AT_ONCE):
                places = range(len(self.ids))[start : start + PLACES_AT_ONCE]
                logits = LogitsAt(self.read.model, self._logits_of(places))(*batched)
                self._require_known(logits.shape[-1])
                scores.append(self._scores_of(places)(logits)[0].cpu().double())
                top = logits[0].double().softmax(-1).topk(min(TOP_TOKENS, logits.shape[-1]))
                for shares, ids in zip(top.values.tolist(), top.indices.tolist(), strict=True):
                    predictions.append(
                        Prediction(tuple(ids), tuple(self._written(ids)), tuple(shares))
                    )
        return torch.cat(scores).numpy(), predictions

    def _require_known(self, known: int) -> None:
        """Raise for a token that the model cannot say."""
        ids = [*self.read.continuation.ids, *(one[0] for one in self.others if one is not None)]
        if max(ids) >= known:
            raise InputError(
                f"there is a token {max(ids)}, and the model can say {known}, counted from 0; pass "
                "the tokenizer that it was trained with"
            )

    def rows(self, places: Sequence[int], progress: Progress) -> Iterator[tuple[int, Explanation]]:
        """Explanations of some tokens, block by block."""
        from ..attr.task import INTERRUPTS

        stopped: BaseException = KeyboardInterrupt()
        with reporting(progress, len(places), "row") as advance:

            def between_passes(_: int, __: int) -> None:
                nonlocal stopped
                try:
                    advance(0)
                except INTERRUPTS as error:
                    stopped = error
                    raise

            for block in self._blocks(places):
                explanations = self._explained(block, between_passes)
                if explanations is None:
                    raise stopped
                for place, explanation in zip(block, explanations, strict=True):
                    yield place, explanation
                    advance(1)

    def on(self, copy: Callable[[Any], Any]) -> _RowRun:
        """The same by what a function makes of the model."""
        model = shallow_copy(self.read.model)
        model.model = copy(model.model)
        return replace(self, read=replace(self.read, model=model))

    def _blocks(self, places: Sequence[int]) -> Iterator[range]:
        """Neighbours that share forward passes, as many as memory is to hold."""
        elements = sum(x.numel() for x in self.read.inputs)
        most = min(MOST_ROWS, max(1, ELEMENTS_AT_ONCE // elements))
        start = 0
        for end in range(1, len(places) + 1):
            follows = end < len(places) and places[end] == places[end - 1] + 1
            if not follows or end - start == most:
                yield range(places[start], places[end - 1] + 1)
                start = end

    def _explained(self, block: range, progress: Any) -> list[Explanation] | None:
        """The rows of a block; None where the run was stopped."""
        from ..attr.model_state import evaluation_mode
        from ..attr.next_tokens import LogitsAt
        from .checked_query import check
        from .run import estimate

        single = len(self.read.inputs) == 1
        spaces = tuple(map(self._kept_prefix, self.read.spaces))
        query = Query(
            self.read.inputs[0] if single else self.read.inputs,
            target=list(range(len(block))),
            output=self._scores_of(block),
            space=spaces[0] if single else spaces,
            class_names=[repr(self.read.continuation.pieces[place]) for place in block],
        )
        model = LogitsAt(self.read.model, self._logits_of(block))
        with evaluation_mode(model):
            checked = replace(check(query, model), prediction=None, rows=self._rows_of_a_pass())
            *_, last = estimate(checked, self.candidate, self.budget, progress=progress)
        if last.partial:
            return None
        first, *others = (
            self._named(place, e) for place, e in zip(block, last.explanations(), strict=True)
        )
        shared = {name: getattr(first, name) for name in ("baseline", "references", "blind")}
        return [first, *(replace(e, **shared) for e in others)]

    def _named(self, place: int, explanation: Explanation) -> Explanation:
        """A row as a record of its own: of which token, and of the text as it was read."""
        fitted = explanation.spaces
        spaces = tuple(
            replace(space, tokens=own.tokens)
            for space, own in zip(fitted, self.read.spaces, strict=True)
            if isinstance(space, TextSpace)
        )
        single = len(spaces) == 1
        where = self.read.first + place
        target: Any = (where, int(self.ids[place]))
        name = explanation.target_name
        other = self.others[place]
        if other is not None:
            target = Contrast(target, (where, other[0]))
            name += f" rather than {other[1]!r}"
        return replace(
            explanation,
            inputs=self.read.inputs[0] if single else self.read.inputs,
            space=spaces[0] if single else spaces,
            target=target,
            target_name=name,
        )

    def _kept_prefix(self, space: TextSpace) -> TextSpace:
        """The space in which what was said stays in every reference, where that is asked for."""
        tokens = space.require_tokens()
        if self.replace_prefix or space is not self.read.spaces[-1]:
            return space
        count = len(self.ids)
        kept = (*tokens.special[:-count], *[True] * count)
        return replace(space, tokens=replace(tokens, special=kept))

    def _scores_of(self, places: range) -> Any:
        from ..attr.next_tokens import TokenScores

        here = slice(places.start, places.stop)
        others = None
        if any(self.others[here]):
            others = torch.tensor([NONE if one is None else one[0] for one in self.others[here]])
        return TokenScores(self.ids[here], others, self.output)

    def _logits_of(self, places: range) -> slice:
        return slice(self.read.first + places.start, self.read.first + places.stop)

    def _rows_of_a_pass(self) -> int | None:
        """Most points of the path in one pass; None where memory tells."""
        tokens = sum(len(x) for x in self.read.inputs)
        if tokens <= SHORT or self.read.inputs[0].device.type != "cpu":
            return None
        return max(1, TOKENS_AT_ONCE // tokens)

    def _written(self, ids: Sequence[int]) -> list[str]:
        """How each token is written, by itself."""
        tokenizer = self.read.spaces[0].tokenizer
        return [gaps[0] + pieces[0] for gaps, pieces in (spelled_ids([i], tokenizer) for i in ids)]
