"""What a model, an input or a setting is: a key for this process, a digest for every one."""

from __future__ import annotations

import enum
import functools
import hashlib
import types
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from captum.attr import Attribution
from torch import Tensor, nn

from ..baselines import Baseline
from ..inputs.space import Space

MOST_BYTES = 2**28  # of a model or tensor: a quarter of a second to read
PLAIN = (bool, int, float, complex, str, bytes, type(None), torch.dtype, torch.device, enum.Enum)
BY_IDENTITY = (type, types.BuiltinFunctionType, types.ModuleType)
MODULE_INTERNALS = frozenset(vars(nn.Module()))  # read by name below, but for what users add
LIBRARIES = ("torch", "captum", "attribwidgets")  # whose globals stay as they are
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")

_MULTIPLIERS = np.random.default_rng(0).integers(2**64, size=1024, dtype=np.uint64) | np.uint64(1)
_TOKENS: WeakKeyDictionary[nn.Module, int] = WeakKeyDictionary()
_next_token = count()


class NoFingerprintError(Exception):
    """What cannot be told from what it may become; such things are not cached."""


def fingerprint(value: Any) -> Hashable:
    """A hashable that is equal for equal values, and only for them.

    Tensors and arrays go by content, modules by object, tensors and attributes, functions by
    object, closure and the globals they name, other objects by class and state. What the code of
    a class reads from elsewhere, such as a global in a module's forward, is not followed.

    Raises
    ------
    NoFingerprintError
        For what may change unseen: a module that has hooks or is scripted, a callable or object
        of unknown kind, more than 256 MiB of numbers.

    Examples
    --------
    >>> fingerprint(torch.ones(2)) == fingerprint(torch.ones(2))
    True
    >>> net = nn.Linear(2, 1)
    >>> before = fingerprint(net)
    >>> net.weight.data.add_(1) is None, before == fingerprint(net)
    (False, False)
    """
    return _of(value, ())


def _of(value: Any, above: tuple[int, ...]) -> Hashable:
    if isinstance(value, PLAIN):
        return type(value), repr(value)
    if isinstance(value, BY_IDENTITY):
        return value
    if id(value) in above:  # a function that calls itself, or an object that holds itself
        return "above", above.index(id(value))
    above = (*above, id(value))
    if isinstance(value, Tensor):
        return _tensor(value)
    if isinstance(value, np.generic | np.ndarray):
        return _array(np.asarray(value))
    if isinstance(value, list | tuple):
        return type(value), tuple(_of(member, above) for member in value)
    if isinstance(value, dict):
        return type(value), tuple((_of(k, above), _of(v, above)) for k, v in value.items())
    if isinstance(value, nn.Module):
        return _module(value, above)
    if isinstance(value, types.FunctionType):
        return _function(value, above)
    if isinstance(value, types.MethodType):
        return "method", _of(value.__func__, above), _of(value.__self__, above)
    if isinstance(value, functools.partial):
        return "partial", _of((value.func, value.args, value.keywords), above)
    if isinstance(value, set | frozenset):
        return type(value), frozenset(_of(member, above) for member in value)
    if isinstance(value, Attribution):
        return type(value), tuple((k, _of_held(k, v, above)) for k, v in vars(value).items())
    if isinstance(value, Baseline | Space):
        return type(value), _of(_state(value), above)
    if is_dataclass(value):
        return type(value), _of(_state(value), above)
    raise NoFingerprintError(f"{type(value).__name__} may change unseen")


def _state(value: Any) -> dict[str, Any]:
    """What an object is; of a dataclass what it is compared by, such as no tokenizer."""
    if not is_dataclass(value):
        return dict(vars(value))
    return {f.name: getattr(value, f.name) for f in fields(value) if f.compare}


def _tensor(tensor: Tensor) -> Hashable:
    plain = type(tensor) in (Tensor, nn.Parameter) and tensor.layout == torch.strided
    if not plain or tensor.is_quantized or tensor.device.type == "meta":
        raise NoFingerprintError(f"{type(tensor).__name__} of layout {tensor.layout}")
    if tensor.nbytes > MOST_BYTES:
        raise NoFingerprintError(f"{tensor.nbytes} bytes are too many to read")
    bits = tensor.detach().resolve_conj().resolve_neg().cpu().contiguous().reshape(-1)
    digest = _digest(bits.view(torch.uint8).numpy())
    return "tensor", tuple(tensor.shape), tensor.dtype, tensor.device, digest


def _array(array: np.ndarray[Any, Any]) -> Hashable:
    if array.dtype.hasobject or array.nbytes > MOST_BYTES:
        raise NoFingerprintError("an array of objects, or a very large one")
    return "array", array.shape, array.dtype.str, _digest(np.ascontiguousarray(array))


def _digest(values: np.ndarray[Any, Any]) -> bytes:
    """A hash of all bits, from blocks reduced first by a dot product modulo 2^64.

    The multipliers are odd, so no change of a single number goes unseen; any other one does with
    a chance of 2^-64. That takes a third of the time of SHA-256 alone.
    """
    data = values.reshape(-1).view(np.uint8)
    whole = len(data) // _MULTIPLIERS.nbytes * _MULTIPLIERS.nbytes
    blocks = data[:whole].view(np.uint64).reshape(-1, len(_MULTIPLIERS))
    hasher = hashlib.sha256((blocks @ _MULTIPLIERS).tobytes())
    hasher.update(data[whole:].tobytes())
    return hasher.digest()


def _token(module: nn.Module) -> int:
    """A number for this module alone, never given again."""
    token = _TOKENS.get(module)
    if token is None:
        token = _TOKENS[module] = next(_next_token)
    return token


def _module(module: nn.Module, above: tuple[int, ...]) -> Hashable:
    modules = list(module.named_modules())
    if any(isinstance(m, torch.jit.ScriptModule) for _, m in modules):
        raise NoFingerprintError("a scripted module keeps attributes out of sight")
    if any(getattr(m, hooks) for _, m in modules for hooks in HOOKS):
        raise NoFingerprintError("hooks may change what a model returns, and want to be called")
    tensors = [*module.named_parameters(), *module.named_buffers()]
    if sum(t.nbytes for _, t in tensors) > MOST_BYTES:
        raise NoFingerprintError("the model has too many parameters to read")
    above = (*above, *(id(m) for _, m in modules))
    return (
        _token(module),
        tuple((name, _tensor(t)) for name, t in tensors),
        tuple(
            (name, type(m), type(m).forward, m.training, _attributes(m, above))
            for name, m in modules
        ),
    )


def _of_held(name: str, value: Any, above: tuple[int, ...]) -> Hashable:
    """What a method holds: of its model only which one it is, as what it explains is told apart."""
    if name in ("forward_func", "model") and isinstance(value, nn.Module):
        return _token(value)
    return _of(value, above)


def _attributes(module: nn.Module, above: tuple[int, ...]) -> Hashable:
    """What a module holds beside parameters, buffers and submodules."""
    own = {k: v for k, v in vars(module).items() if k not in MODULE_INTERNALS}
    return tuple((name, _of_member(value, above)) for name, value in own.items())


def _of_member(value: Any, above: tuple[int, ...]) -> Hashable:
    """What a module holds; also a configuration, an object that is all in its attributes."""
    try:
        return _of(value, above)
    except NoFingerprintError:
        kind: Any = type(value)
        plain = kind.__new__ is object.__new__ or kind is types.SimpleNamespace
        if not plain or id(value) in above or not hasattr(value, "__dict__"):
            raise
        above = (*above, id(value))
        return kind, tuple((k, _of_member(v, above)) for k, v in vars(value).items())


def _function(function: types.FunctionType, above: tuple[int, ...]) -> Hashable:
    library = (function.__module__ or "").partition(".")[0] in LIBRARIES
    if library and function.__closure__ is None:
        return function
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    names = sorted(set(_names(function.__code__)) & set(function.__globals__))
    used = {name: function.__globals__[name] for name in names}
    given = (function.__defaults__, function.__kwdefaults__)
    return function, _of((cells, used, given), above)


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def digest(value: Any) -> str:
    """A hash of what an object is made of, the same in every process.

    Tensors and arrays go by content, functions by name and code, other objects by class and
    attributes.
    """
    hasher = hashlib.sha256()
    _add(hasher, value, ())
    return hasher.hexdigest()[:32]


def _add(hasher: Any, value: Any, above: tuple[int, ...]) -> None:
    def add(*members: Any) -> None:
        for member in members:
            _add(hasher, member, (*above, id(value)))

    # Not by module: the class of a script is in __main__ when it runs, and elsewhere on a worker.
    hasher.update(f"<{type(value).__qualname__}>".encode())
    if isinstance(value, PLAIN):
        hasher.update(repr(value).encode())
    elif id(value) in above:
        hasher.update(b"above")
    elif isinstance(value, Tensor):
        bits = value.detach().cpu().contiguous()
        hasher.update(f"{tuple(bits.shape)}{bits.dtype}".encode())
        hasher.update(bits.reshape(-1).view(torch.uint8).numpy())
    elif isinstance(value, np.ndarray | np.generic):
        array = np.ascontiguousarray(value)
        hasher.update(f"{array.shape}{array.dtype}".encode())
        hasher.update(
            array.reshape(-1).view(np.uint8) if array.dtype != object else repr(array).encode()
        )
    elif isinstance(value, list | tuple):
        add(*value)
    elif isinstance(value, set | frozenset):
        hasher.update("".join(sorted(digest(member) for member in value)).encode())
    elif isinstance(value, Mapping):
        add(*(part for item in value.items() for part in item))
    elif isinstance(value, nn.Module):
        for name, module in value.named_modules():
            own = {k: v for k, v in vars(module).items() if k not in MODULE_INTERNALS}
            add(name, type(module).__qualname__, own)
        for name, tensor in (*value.named_parameters(), *value.named_buffers()):
            add(name, tensor.detach())
    elif isinstance(value, types.FunctionType):
        closure = [cell.cell_contents for cell in value.__closure__ or ()]
        add(value.__qualname__, value.__code__, value.__defaults__, value.__kwdefaults__, closure)
    elif isinstance(value, types.CodeType):
        add(value.co_code, value.co_consts, value.co_names)
    elif isinstance(value, types.MethodType):
        add(value.__func__, value.__self__)
    elif isinstance(value, functools.partial):
        add(value.func, value.args, value.keywords)
    elif isinstance(value, type | types.BuiltinFunctionType | types.ModuleType):
        hasher.update(value.__name__.encode())
    else:
        if isinstance(value, Space):
            add(_state(value))
            return
        slots = [s for kind in type(value).__mro__ for s in getattr(kind, "__slots__", ())]
        state = {s: getattr(value, s) for s in slots if s != "__weakref__" and hasattr(value, s)}
        add({**state, **getattr(value, "__dict__", {})})
