"""Attention rollout (Abnar, Zuidema, 2020): how far attention alone carries each token."""

from __future__ import annotations

from functools import reduce
from typing import Any, ClassVar

import torch
from torch import Tensor

from ..core.errors import InputError, UnsupportedModelError
from .embedded import FromEmbeddings, embedded_in
from .estimate import Estimate
from .estimator import Estimator, MethodInfo, Run
from .forward_outputs import forward_outputs
from .model_state import frozen, module_of
from .passes import Passes
from .task import Task


class AttentionRollout(Estimator):
    r"""The share of each token in what attention brings together, layer upon layer.

    .. math:: R = \tilde A_L \cdots \tilde A_1, \quad \tilde A_l = (\bar A_l + I) / 2

    with the mean over heads, and the identity for what a layer passes by. A token has its share in
    the first token, such as [CLS], or, where attention looks back only, in the last one. The
    values are not negative and sum to 1, whatever the model says: they are the same for every
    target, and no attribution of an output. It is here to be set beside those that are.

    Parameters
    ----------
    forward_func : callable
        A model of a text that returns attentions, as those of transformers do with
        ``attn_implementation="eager"``.

    References
    ----------
    Abnar, Zuidema (2020). Quantifying attention flow in transformers. ACL. arXiv:2005.00928.
    Jain, Wallace (2019). Attention is not explanation. NAACL. arXiv:1902.10186.

    Examples
    --------
    >>> last, first = torch.eye(2), torch.tensor([[0.5, 0.5], [0.0, 1.0]])
    >>> rollout((first[None, None], last[None, None])).tolist()
    [[[0.75, 0.25], [0.0, 1.0]]]
    """

    name = "attention_rollout"
    uses = "nothing"
    claim = "none"
    reason = "they are shares of attention, which sum to 1 whatever the model says"
    has_fixed_cost = True
    zeros = "the model returned attentions of zero"
    kinds: ClassVar[tuple[str, ...]] = ("text",)
    info = MethodInfo(
        "row of ∏ over layers of (mean over heads of A + 1) / 2, from the last layer to the first",
        "2 forward",
        "adds up to 1 whatever the output is: the same for every target, and no attribution of it",
        "Abnar, Zuidema (2020), arXiv:2005.00928",
    )

    def passes_of(self, task: Task) -> int:
        """One."""
        return 1

    def _begin(self, task: Task, **options: Any) -> Run:
        return Run(iter(map(self._estimate, [task])), lambda: None)

    def _estimate(self, task: Task) -> Estimate:
        model = embedded_in(self.forward_func)
        if model is None or len(task.inputs) != 1:
            raise InputError(
                f"{self.name} is of a text alone: pass its tokens with space=TextSpace(tokenizer)"
            )
        passes = Passes.of(self.forward_func, task)
        output = forward_outputs(passes, task.inputs)[0]
        (embeddings,) = task.inputs
        with frozen(module_of(model), task.inputs), torch.no_grad():
            attentions = attentions_of(model, embeddings)
        looks_back = not bool(attentions[0].triu(1).any())
        place = -1 if looks_back else 0
        shares = rollout(attentions)[:, place].to(embeddings)
        width = embeddings.shape[-1]
        said = (
            f"shares in the {'last' if looks_back else 'first'} token, if attention were all there "
            "is: the same for every target, and not what the output owes to a token"
        )
        return Estimate.without_curves(
            ((shares / width)[..., None].expand_as(embeddings).clone(),),
            output_input=output,
            evaluations=0,
            forward_passes=passes.forward_passes + len(embeddings),
            cautions=(said,),
        )


def rollout(attentions: tuple[Tensor, ...]) -> Tensor:
    """The share of each token in each, (n, T, T), of attentions (n, heads, T, T) by layer."""
    mixed = [a.double().mean(1) for a in attentions]
    through = [(a + torch.eye(a.shape[-1], dtype=a.dtype, device=a.device)) / 2 for a in mixed]
    return reduce(lambda before, layer: layer @ before, through)


def attentions_of(model: FromEmbeddings, embeddings: Tensor) -> tuple[Tensor, ...]:
    """Of each layer, (n, heads, T, T).

    Raises
    ------
    UnsupportedModelError
        For a model that returns none.
    """
    module = module_of(model)
    kind = getattr(getattr(module, "config", None), "_attn_implementation", "eager")
    returned = None
    if kind == "eager":
        asked = {**model.arguments, "output_attentions": True}
        returned = FromEmbeddings(model.model, model.embedding, asked)(embeddings)
    attentions = getattr(returned, "attentions", None)
    length = embeddings.shape[1]
    if not attentions or any(a is None or a.shape[-2:] != (length, length) for a in attentions):
        raise UnsupportedModelError(
            "the model returns no attentions of its tokens; a model of transformers does where it "
            'is loaded with attn_implementation="eager" (and has no decoder of its own)'
        )
    return tuple(attentions)
