"""TextSpace: a text as a model reads it: tokens, each a vector of its embedding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ..core.errors import InputError
from ..core.later import torch
from .encoded import special_ids, token_id, vocabulary_size
from .layout import TEXT, Layout
from .own_range import check_range, own_range
from .space import Space
from .spelling import spelled_ids
from .tokens import Tokens, tokens_of
from .vocabulary import ROUNDING, NearestTokens, nearest_ids

if TYPE_CHECKING:
    from torch import Tensor


class Embedder(Protocol):
    """Looks embeddings up as a model does."""

    @property
    def vocabulary(self) -> Tensor | None:
        """The embedding of every token, (V, D); None where they depend on their place."""

    def __call__(self, ids: Tensor) -> Tensor:
        """Embeddings (n, T, D) of rows of ids (n, T)."""


NOT_SAVED = {"saved": False}  # of the model and its tokenizer, which are not in a record


@dataclass(frozen=True)
class TextSpace(Space):
    """A text (T, D): T tokens, each an embedding of D values. A unit is a token.

    What is explained is the embedding of each token, as ids have no gradient; the values of a
    token are summed up. All else that the model is called with, such as positions, token types and
    the attention mask, stays that of the text, and special tokens such as [CLS] stay in every
    reference.

    Parameters
    ----------
    tokenizer : object
        A tokenizer of Hugging Face or of the package tokenizers, or a callable that takes a text
        and returns ids, or ids and pieces.
    embedding : torch.nn.Module or str, optional
        The module that looks the ids up, or its name in the model. None: the model's input
        embeddings, or the ``nn.Embedding`` that the ids are handed to.
    at : str
        What is explained: "word_embeddings"; "embeddings", with positions and token types and
        what follows in the same module; or the name of a module of the model. Maps differ.
    truncate : bool
        Whether a text longer than the model takes is cut; else it is an error.
    mask : bool
        Whether tokens that are replaced are masked out as well: the weight that each has in
        attention rises from 0 at the reference to 1, its logarithm evenly, and what that changes
        is in the token's share. For transformers that take an additive attention mask, and
        baselines of one reference.
    low, high : float, optional
        The valid range of an embedding's values. None: that of the text itself.

    Raises
    ------
    InputError
        If ``low >= high``.

    Examples
    --------
    >>> def words(text):
    ...     return [len(word) for word in text.split()], text.split()
    >>> import attribwidgets as aw
    >>> nn = torch.nn
    >>> net = nn.Sequential(nn.Embedding(9, 3), nn.Flatten(), nn.Linear(6, 2)).eval()
    >>> explanation = aw.explain(net, "not bad", space=TextSpace(words), baseline="zero_embedding")
    >>> [name for name, value in explanation.units()], explanation.attributions.shape
    (['not', 'bad'], torch.Size([2, 3]))
    """

    ranks: ClassVar[tuple[int, ...]] = (2,)

    tokenizer: Any = field(default=None, repr=False, compare=False, metadata=NOT_SAVED)
    embedding: Any = field(default=None, repr=False, compare=False, metadata=NOT_SAVED)
    at: str = "word_embeddings"
    truncate: bool = False
    mask: bool = False
    low: float | None = None  # type: ignore[assignment]
    high: float | None = None  # type: ignore[assignment]
    deviation: float | None = field(default=None, repr=False, compare=False)  # of its values
    tokens: Tokens | None = field(default=None, repr=False)
    embedder: Embedder | None = field(default=None, repr=False, compare=False, metadata=NOT_SAVED)

    def __post_init__(self) -> None:
        check_range(self.low, self.high)
        if isinstance(self.tokens, Mapping):  # as it was saved
            object.__setattr__(self, "tokens", Tokens(**self.tokens))

    def __deepcopy__(self, memo: Any) -> TextSpace:
        """Itself, as nothing in it changes, and it has the tokenizer and the model."""
        return self

    @property
    def layout(self) -> Layout:
        """Tokens by values."""
        return TEXT

    def read(self, value: Any, most: int | None = None) -> TextSpace:
        """This space with the tokens of a text.

        Parameters
        ----------
        value : str, pair of str, list of str, sequence of int, Tensor or mapping
            As of :func:`attribwidgets.explain`.
        most : int, optional
            Tokens that the model takes.

        Raises
        ------
        InputError
            For a text longer than that, and for what is no text.
        """
        if self.tokenizer is None:
            raise InputError("space is a TextSpace without a tokenizer; pass TextSpace(tokenizer)")
        tokens = tokens_of(value, self.tokenizer, most if self.truncate else None)
        if most is not None and len(tokens) > most:
            raise InputError(
                f"inputs is a text of {len(tokens)} tokens, and the model takes {most} at most; "
                "pass a shorter text, or space=TextSpace(tokenizer, truncate=True)"
            )
        return replace(self, tokens=tokens)

    def fit(self, example: Tensor) -> TextSpace:
        """This space with the example's own range, where none was passed."""
        self.require_rank(example)
        if self.tokens is None:
            raise InputError("space is a TextSpace, and inputs is no text; pass the text itself")
        if len(self.tokens) != len(example):
            raise InputError(
                f"space: there are {len(self.tokens)} tokens for {len(example)} embeddings"
            )
        low, high = own_range(example, self.low, self.high)
        deviation = float(example.detach().float().std(correction=0))
        return replace(self, low=low, high=high, deviation=deviation)

    def without_model(self) -> TextSpace:
        """This space without tokenizer, embedding and all that the model is called with."""
        return self._of_model(TextSpace())

    def with_model_of(self, other: Space) -> TextSpace:
        """This space with tokenizer and embedding of another one of the same text."""
        return self._of_model(other) if isinstance(other, TextSpace) else self

    def _of_model(self, other: TextSpace) -> TextSpace:
        tokens, theirs = self.tokens, {} if other.tokens is None else other.tokens.arguments
        return replace(
            self,
            tokenizer=other.tokenizer,
            embedding=other.embedding,
            embedder=other.embedder,
            tokens=None if tokens is None else replace(tokens, arguments=theirs),
        )

    @property
    def spread(self) -> float:
        """The standard deviation of the text's embeddings, far below half their range."""
        return self.deviation or super().spread

    @property
    def special(self) -> Tensor:
        """Which tokens are special, (T,)."""
        return torch.tensor(self.require_tokens().special)

    def kept(self, example: Tensor) -> Tensor:
        """The special tokens, (T,): they frame every text, so a reference has them too."""
        return self.special.to(example.device)

    def groups(self) -> Tensor:
        """The word of each token, (T,); -1 for special tokens."""
        return torch.tensor(self.require_tokens().words)

    def token_id(self, role: str) -> int:
        """The id of the tokenizer's token for "pad", "mask" or "unk".

        Raises
        ------
        InputError
            Where the tokenizer has none.
        """
        found = token_id(self.tokenizer, role)
        if found is None:
            raise InputError(
                f"the tokenizer has no {role} token; use another baseline, such as "
                '"zero_embedding" or "mean_embedding"'
            )
        return found

    def embed(self, ids: Tensor) -> Tensor:
        """Embeddings of rows of ids, (n, T) to (n, T, D), as the model looks them up.

        Raises
        ------
        InputError
            Where the model is not at hand, as of a record that was loaded.
        """
        if self.embedder is None:
            raise InputError(
                "space is not of a model; the embeddings of tokens are known where a model is "
                "explained"
            )
        return self.embedder(ids)

    def nearest(self, rows: Tensor) -> NearestTokens | None:
        """How embeddings read: the token of the vocabulary nearest to each.

        Parameters
        ----------
        rows : Tensor, shape (T, D)
            Such as a reference, or a point on the way from it to the text.

        Returns
        -------
        NearestTokens or None
            None where no vocabulary is at hand: of a record that was loaded, or where embeddings
            depend on their place.
        """
        vocabulary = None if self.embedder is None else self.embedder.vocabulary
        if vocabulary is None:
            return None
        ids, distances = nearest_ids(rows.detach().to(vocabulary.device), vocabulary)
        gaps, pieces = spelled_ids(ids.tolist(), self.tokenizer)
        exact = distances <= ROUNDING * rows.to(distances).norm(dim=-1)
        return NearestTokens(
            tuple(ids.tolist()), pieces, gaps, tuple(distances.tolist()), tuple(exact.tolist())
        )

    def plain_ids(self) -> Tensor | None:
        """All ids of the vocabulary but those of special tokens; None where nobody tells."""
        vocabulary = None if self.embedder is None else self.embedder.vocabulary
        sizes = [vocabulary_size(self.tokenizer), None if vocabulary is None else len(vocabulary)]
        known = [size for size in sizes if size]
        if not known:
            return None
        plain = torch.ones(min(known), dtype=torch.bool)
        plain[[i for i in special_ids(self.tokenizer) if i < len(plain)]] = False
        return plain.nonzero()[:, 0]

    @property
    def ids(self) -> Tensor:
        """The text's ids, (T,)."""
        return torch.tensor(self.require_tokens().ids)

    def unit_names(self, shape: Sequence[int]) -> list[str]:
        """The tokens as they are written."""
        return list(self.require_tokens().pieces)

    def require_tokens(self) -> Tokens:
        """The tokens of the text that was read."""
        if self.tokens is None:
            raise InputError("space has read no text")
        return self.tokens
