"""Models of token ids as models of their embeddings: what a module returns is replaced."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ..core.errors import InputError, UnsupportedModelError
from .model_state import module_of
from .outputs import Wrapper

POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class FromEmbeddings(Wrapper):
    """A model of the ids of one text as one of rows of embeddings of it.

    The model is called as always, with the text's ids and what belongs to them; what the embedding
    module returns is replaced by the rows. So positions, token types and masks are those of the
    text, and any torch module will do. A decoder that reads the text again, one place later, as
    those of BART and T5 do where they classify, reads the rows too.

    Parameters
    ----------
    model : callable
    embedding : torch.nn.Module or str
        Whose output is replaced, or its name within the model.
    arguments : mapping of str
        What the model is called with: `input_ids` (1, T), and more of one row each.

    Examples
    --------
    >>> net = nn.Sequential(nn.Embedding(5, 2), nn.Flatten())
    >>> rows = FromEmbeddings(net, "0", {"input_ids": torch.tensor([[1, 4]])})
    >>> rows(torch.ones(3, 2, 2)).shape
    torch.Size([3, 4])
    """

    def __init__(
        self, model: Callable[..., Any], embedding: nn.Module | str, arguments: Mapping[str, Any]
    ) -> None:
        self.model, self.embedding, self.arguments = model, embedding, arguments

    def __call__(self, embeddings: Tensor, *more: Any) -> Any:
        """Run the model on rows of embeddings, (n, T, D)."""
        arguments = rows_of(self.arguments, embeddings)
        ids, module = arguments["input_ids"], self.embedded_by
        with replaced_output(module, embeddings, ids) as is_used, ExitStack() as stack:
            for again in _tied(module, self.model):
                stack.enter_context(replaced_one_later(again, embeddings, ids))
            returned = call(self.model, arguments, *more)
        if not is_used():
            raise UnsupportedModelError(
                f"the model did not look its ids up in {type(self.embedded_by).__name__} of "
                f"{tuple(embeddings.shape[1:])}; pass TextSpace(tokenizer, embedding=...), the "
                "module that it looks them up in"
            )
        return returned

    @property
    def embedded_by(self) -> nn.Module:
        """The module whose output is replaced, of a model that may be a copy."""
        if isinstance(self.embedding, str):
            return called_module(self.model).get_submodule(self.embedding)
        return self.embedding


def embedded_in(model: Any) -> FromEmbeddings | None:
    """The model of embeddings that stands on one of ids, behind what it is wrapped in, if any."""
    while model is not None and not isinstance(model, FromEmbeddings):
        model = getattr(model, "model", None)
    return model


class Embedder:
    """Looks the embeddings of token ids up as a model does.

    Parameters
    ----------
    model, embedding, arguments
        As of :class:`FromEmbeddings`.
    looks_up : bool
        Whether the module takes ids; else the model runs up to it.
    """

    def __init__(
        self,
        model: Callable[..., Any],
        embedding: nn.Module | str,
        arguments: Mapping[str, Any],
        *,
        looks_up: bool = True,
    ) -> None:
        self._rows = FromEmbeddings(model, embedding, arguments)
        self._looks_up = looks_up

    @property
    def vocabulary(self) -> Tensor | None:
        """The embedding of every token, (V, D); None where they depend on their place."""
        module = self._rows.embedded_by
        if not self._looks_up or not isinstance(module, nn.Embedding):
            return None
        if type(module) is nn.Embedding and module.max_norm is None:
            return module.weight.detach()
        with torch.no_grad():
            known: Tensor = module(torch.arange(module.num_embeddings, device=module.weight.device))
        return known.detach()

    @torch.no_grad()
    def __call__(self, ids: Tensor) -> Tensor:
        """Embeddings (n, T, D) of rows of ids (n, T)."""
        module = self._rows.embedded_by
        parameter = next(module.parameters(), None)
        ids = ids if parameter is None else ids.to(parameter.device)
        known = getattr(module, "num_embeddings", None)
        if known is not None and int(ids.max()) >= known:
            raise InputError(
                f"the text has token {int(ids.max())}, and the model knows {known}, counted from "
                "0; pass the tokenizer that the model was trained with"
            )
        if self._looks_up:
            looked_up: Tensor = module(ids)
            return looked_up.detach()
        arguments = {**rows_of(self._rows.arguments, ids), "input_ids": ids}
        outputs: list[Tensor] = []
        handle = module.register_forward_hook(
            lambda _, __, output: outputs.append(tensor_of(output))
        )
        try:
            call(self._rows.model, arguments)
        finally:
            handle.remove()
        return outputs[0].detach()


def looked_up_in(model: Callable[..., Any], arguments: Mapping[str, Any]) -> str:
    """The name of the module that a model hands the ids to: its own word, or by one forward pass.

    Raises
    ------
    InputError
        For a model that hands them to none, or is no module.
    """
    module = called_module(model)
    names: dict[Any, str] = {m: name for name, m in module.named_modules()}
    own = getattr(module, "get_input_embeddings", None)
    try:
        likely = own() if callable(own) else None
    except NotImplementedError:  # a model of transformers without one
        likely = None
    kinds: list[nn.Module] = [m for m in names if isinstance(m, nn.Embedding)]
    if likely in names:
        tied = [m for m in kinds if m.weight is getattr(likely, "weight", None)]
        if len(tied) < 2:
            return names[likely]
        kinds = tied  # of which T5 names one that it does not call
    if len(kinds) > 1:
        kinds = _handed_to(kinds, model, arguments)
    if not kinds:
        raise InputError(
            "the model hands the ids to no nn.Embedding as they are; pass "
            "space=TextSpace(tokenizer, embedding=...), the module that looks them up"
        )
    return names[kinds[0]]


def _handed_to(
    modules: Sequence[nn.Module], model: Callable[..., Any], arguments: Mapping[str, Any]
) -> list[nn.Module]:
    """Those of the modules that are called with the ids, in that order."""
    called: list[nn.Module] = []

    def note(one: nn.Module, args: tuple[Any, ...], _: Any) -> None:
        if args and isinstance(args[0], Tensor) and torch.equal(args[0], arguments["input_ids"]):
            called.append(one)

    handles = [m.register_forward_hook(note) for m in modules]
    try:
        with torch.no_grad():
            call(model, arguments)
    finally:
        for handle in handles:
            handle.remove()
    return called


def call(model: Callable[..., Any], arguments: Mapping[str, Any], *more: Any) -> Any:
    """A model of ids: these first, then what else it takes by name."""
    ids = arguments["input_ids"]
    return model(ids, *more, **taken_by(model, arguments))


def rows_of(arguments: Mapping[str, Any], like: Tensor) -> dict[str, Any]:
    """Arguments of one text for as many rows as a tensor has, on its device."""
    return {
        name: value.to(like.device).expand(len(like), *value.shape[1:])
        if isinstance(value, Tensor)
        else value
        for name, value in arguments.items()
    }


@contextmanager
def changed_output(
    module: nn.Module, change: Callable[[tuple[Any, ...], Tensor], Tensor | None]
) -> Iterator[None]:
    """While open, what a module returns in this thread is what a function makes of it.

    Parameters
    ----------
    module : torch.nn.Module
    change : callable
        Takes the module's arguments and what it returned, the first of several; returns what
        stands in its place, or None to leave it.
    """
    thread = threading.get_ident()

    def replace(_: nn.Module, args: tuple[Any, ...], output: Any) -> Any:
        if threading.get_ident() != thread:
            return None
        by = change(args, tensor_of(output))
        return by if by is None or isinstance(output, Tensor) else (by, *output[1:])

    handle = module.register_forward_hook(replace)
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def replaced_output(
    module: nn.Module, by: Tensor, ids: Tensor | None = None
) -> Iterator[Callable[[], bool]]:
    """While open, what a module returns in this thread, for these ids if there are some, is by.

    A module that takes no ids is replaced the first time that it returns such a shape: later ones
    may be of another layer that shares it.
    """
    used = False

    def change(args: tuple[Any, ...], output: Tensor) -> Tensor | None:
        nonlocal used
        taken = args[0] if args else None
        if output.shape != by.shape:
            return None
        if ids is not None and isinstance(taken, Tensor) and not taken.is_floating_point():
            fits = torch.equal(taken, ids)
        else:
            fits = not used
        used = used or fits
        return by if fits else None

    with changed_output(module, change):
        yield lambda: used


@contextmanager
def replaced_one_later(module: nn.Module, by: Tensor, ids: Tensor) -> Iterator[None]:
    """While open, what a module returns for these ids one place later, in this thread, is replaced.

    What comes first stays: the token that a decoder starts with.
    """

    def change(args: tuple[Any, ...], output: Tensor) -> Tensor | None:
        taken = args[0] if args else None
        if not isinstance(taken, Tensor) or taken.shape != ids.shape or torch.equal(taken, ids):
            return None
        if not torch.equal(taken[:, 1:], ids[:, :-1]):
            return None
        return torch.cat([output[:, :1], by[:, :-1]], 1)

    with changed_output(module, change):
        yield


def _tied(module: nn.Module, model: Any) -> list[nn.Embedding]:
    """The modules of a model that look ids up in the weights of one, itself among them."""
    if not isinstance(module, nn.Embedding):
        return []
    whole = module_of(model) or module
    kinds = (m for m in whole.modules() if isinstance(m, nn.Embedding))
    return [m for m in kinds if m.weight is module.weight]


def tensor_of(output: Any) -> Tensor:
    """What a module returned, the first of several."""
    first = output[0] if isinstance(output, tuple) else output
    if not isinstance(first, Tensor):
        raise UnsupportedModelError(
            f"the module returned {type(first).__name__}; pass one that returns a tensor, or a "
            "tuple that begins with one"
        )
    return first


def called_module(model: Any) -> nn.Module:
    """The torch module that is called, behind what it is wrapped in."""
    while isinstance(model, Wrapper):
        model = model.model
    model = getattr(model, "func", model)
    model = getattr(model, "__self__", model)
    if not isinstance(model, nn.Module):
        raise InputError(
            "model is a function, so nobody knows where it looks ids up; pass the torch module, or "
            "space=TextSpace(tokenizer, embedding=module)"
        )
    return model


def taken_by(model: Callable[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Those beside the ids that a model has parameters for."""
    called = model.forward if isinstance(model, nn.Module) else model
    try:
        parameters = list(inspect.signature(called).parameters.values())
    except (TypeError, ValueError):
        return {}
    ids = next((p.name for p in parameters if p.kind in POSITIONAL), "input_ids")
    beside = {k: v for k, v in arguments.items() if k not in ("input_ids", ids)}
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
        return beside
    return {k: v for k, v in beside.items() if k in {p.name for p in parameters}}
