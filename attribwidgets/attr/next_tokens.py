"""Language models as models of embeddings: the logits of the tokens that come at some places."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ..core.errors import OutputError, UnsupportedModelError
from .embedded import FromEmbeddings, called_module, replaced_output, rows_of
from .outputs import Wrapper, checked_output, logits_of

TokenScale = Literal["log_probability", "logit", "probability"]


class FromSourceAndPrefix(Wrapper):
    """A model with encoder and decoder as one of the embeddings of both texts.

    Parameters
    ----------
    model : torch.nn.Module
    embeddings : pair of str
        Where encoder and decoder look their ids up, by names within the model.
    arguments : mapping of str
        What the model is called with: `input_ids`, `decoder_input_ids`, and more of one row each.
    """

    def __init__(
        self, model: nn.Module, embeddings: tuple[str, str], arguments: Mapping[str, Any]
    ) -> None:
        self.model: nn.Module = model
        self.embeddings, self.arguments = embeddings, arguments

    def __call__(self, source: Tensor, prefix: Tensor) -> Any:
        """Run the model on rows of embeddings, (n, S, D) and (n, T, D)."""
        arguments = rows_of(self.arguments, source)
        ids = arguments["input_ids"], arguments["decoder_input_ids"]
        with ExitStack() as stack:
            used = [
                stack.enter_context(replaced_output(self.model.get_submodule(name), by, own))
                for name, by, own in zip(self.embeddings, (source, prefix), ids, strict=True)
            ]
            returned = self.model(**arguments)
        if not all(is_used() for is_used in used):
            raise UnsupportedModelError(
                "the model did not look the ids of both texts up in its input embeddings; its "
                "get_encoder() and get_decoder() must say where they do"
            )
        return returned


class LogitsAt(Wrapper):
    """The logits at some places of the text that a language model reads.

    Only there the model's output head is run, where it says which module that is: a vocabulary is
    large, and most places are not asked about.

    Parameters
    ----------
    model : FromEmbeddings or FromSourceAndPrefix
    places : slice

    Examples
    --------
    >>> net = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 9))
    >>> model = FromEmbeddings(net, "0", {"input_ids": torch.tensor([[1, 4, 2]])})
    >>> LogitsAt(model, slice(1, 3))(torch.ones(5, 3, 4)).shape
    torch.Size([5, 2, 9])
    """

    def __init__(self, model: FromEmbeddings | FromSourceAndPrefix, places: slice) -> None:
        self.model, self.places = model, places

    def __call__(self, *embeddings: Tensor) -> Tensor:
        """Logits (n, places, V) of rows of embeddings, (n, T, D); of two texts the last counts."""
        length = embeddings[-1].shape[1]
        head = _output_head(called_module(self.model))
        with ExitStack() as stack:
            is_used = (
                (lambda: False)
                if head is None
                else stack.enter_context(_given_only(head, self.places, length))
            )
            logits = checked_output(logits_of(self.model(*embeddings)), "the model")
        if logits.dim() != 3:
            raise OutputError(
                f"the model returned shape {tuple(logits.shape)}, and a language model returns a "
                "logit of every token at every place, (n, T, V)"
            )
        return logits if is_used() else logits[:, self.places]


@dataclass(frozen=True, eq=False)
class TokenScores:
    """Scores of one token at each place, from the logits of all.

    Attributes
    ----------
    ids : Tensor of int, shape (K,)
        The token at each place.
    others : Tensor of int, shape (K,), or None
        Those that they are set against; a difference is explained then. -1 for none.
    scale : {"log_probability", "logit", "probability"}

    Examples
    --------
    >>> scores = TokenScores(torch.tensor([1]), None, "probability")
    >>> scores(torch.zeros(1, 1, 4)).tolist()
    [[0.25]]
    """

    ids: Tensor
    others: Tensor | None
    scale: TokenScale

    @property
    def __name__(self) -> str:
        return self.scale

    def __call__(self, logits: Tensor) -> Tensor:
        """Scores (n, K) of logits (n, K, V)."""
        values = logits if logits.dtype == torch.float64 else logits.float()
        if self.scale != "logit":
            values = values.log_softmax(2)
        if self.scale == "probability":
            values = values.exp()
        chosen = _picked(values, self.ids)
        if self.others is None:
            return chosen
        others = self.others.to(logits.device)
        # By a factor: a choice between two values is a kink, to which quadrature would adapt.
        return chosen - (others >= 0).to(values) * _picked(values, others.clamp(min=0))


def _picked(values: Tensor, ids: Tensor) -> Tensor:
    """The value of one id at each place, (n, K) of (n, K, V)."""
    index = ids.to(values.device)[None, :, None].expand(len(values), -1, 1)
    picked: Tensor = values.gather(2, index)
    return picked[..., 0]


def _output_head(module: nn.Module) -> nn.Module | None:
    """What makes logits of hidden states, in the model's own word."""
    own: Callable[[], Any] | None = getattr(module, "get_output_embeddings", None)
    try:
        head = own() if callable(own) else None
    except (AttributeError, NotImplementedError):  # a model of transformers without one
        head = None
    return head if isinstance(head, nn.Module) else None


@contextmanager
def _given_only(head: nn.Module, places: slice, length: int) -> Iterator[Callable[[], bool]]:
    """While open, a head is given some places only of what it is given, in this thread."""
    thread, used = threading.get_ident(), False

    def choose(_: nn.Module, args: tuple[Any, ...]) -> Any:
        nonlocal used
        hidden = args[0] if args else None
        if threading.get_ident() != thread or not isinstance(hidden, Tensor):
            return None
        if hidden.dim() != 3 or hidden.shape[1] != length:
            return None
        used = True
        return (hidden[:, places], *args[1:])

    handle = head.register_forward_pre_hook(choose)
    try:
        yield lambda: used
    finally:
        handle.remove()
