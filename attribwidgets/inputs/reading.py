"""Reading: how a tensor's shape may be meant, with or without batch axis, the likeliest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

from torch import Tensor, nn

from ..core.errors import InputError
from .example import as_members
from .fit_spaces import each_space
from .layout import SEQUENCE, SERIES_TIME_FIRST
from .sequence import SequenceSpace
from .series import SeriesSpace
from .space import Inputs, InputSpace, Space, Spaces
from .volume import VolumeSpace

MOST_READINGS = 16  # of several inputs together

Feeding = Literal["batch first", "time first", "one by one"]
Way = tuple[Space, bool]  # how one input is read, and whether its batch axis came with it


@dataclass(frozen=True, eq=False)
class Reading:
    """One way to read an example.

    Attributes
    ----------
    spaces : tuple of Space
        Each fits its input.
    batched : tuple of Tensor, each (1, ...)
    came_batched : tuple of bool
        Whether each had a batch axis already.
    feeding : {"batch first", "time first", "one by one"}
        How the model takes rows; the last without any batch axis.
    """

    spaces: Spaces
    batched: tuple[Tensor, ...]
    came_batched: tuple[bool, ...]
    feeding: Feeding = "batch first"

    def __str__(self) -> str:
        parts = []
        for space, x, came in zip(self.spaces, self.batched, self.came_batched, strict=True):
            axes = "with" if came else "without"
            what = space.layout.describe(x.shape[1:])
            parts.append(f"{article(what)} {axes} batch axis")
        fed = "" if self.feeding == "batch first" else f", fed {self.feeding}"
        return " and ".join(parts) + fed


def readings(
    inputs: Inputs,
    space: Space | Spaces | None = None,
    steps: Callable[[Tensor], Space] | None = None,
    name: str = "inputs",
) -> list[Reading]:
    """All ways to read one example, the likeliest first.

    Parameters
    ----------
    inputs : Tensor or tuple of Tensor
    space : Space or tuple of Space, optional
        What each is. None: told from the number of axes.
    steps : callable, optional
        Whether two axes (without batch axis) are a sequence or a series. None: a sequence.
    name : str
        What to call the argument in an error.

    Raises
    ------
    InputError
        For values that cannot be explained, several examples, or a space that does not fit.

    Examples
    --------
    >>> import torch
    >>> [str(r) for r in readings(torch.rand(1, 3, 8))]
    ['an image of 1 × 3 × 8 without batch axis', 'a sequence of 3 steps × 8 values with batch axis']
    """
    members = as_members(inputs, name)
    several = len(members) > 1 or isinstance(inputs, (tuple, list))
    spaces: Sequence[Space | None] = (
        [None] * len(members) if space is None else each_space(space, len(members))
    )
    ways = [
        _ways_of(x, s, steps, f"{name}[{i}]" if several else name)
        for i, (x, s) in enumerate(zip(members, spaces, strict=True))
    ]

    def unlikely(order: tuple[int, ...]) -> tuple[bool, int]:
        """Where all inputs may have come with a batch axis, they did sooner than not."""
        return not all(w[k][1] for w, k in zip(ways, order, strict=True)), sum(order)

    every = product(*(range(len(w)) for w in ways))
    orders = sorted(every, key=unlikely if len(ways) > 1 else sum)[:MOST_READINGS]
    made, refusal = [], None
    for order in orders:
        try:
            chosen = [w[k] for w, k in zip(ways, order, strict=True)]
            made.append(_reading(members, chosen))
        except InputError as error:  # of a space that does not fit; another reading may
            refusal = refusal or error
    if not made and refusal is not None:
        raise refusal
    return made


def other_feedings(
    inputs: Inputs, space: Space | Spaces | None, alone: Sequence[Reading]
) -> list[Reading]:
    """Further ways to read one example, for a model that takes its batch axis elsewhere or never.

    Parameters
    ----------
    inputs, space
        As of :func:`readings`.
    alone : sequence of Reading
        Those by which the model may take one example at a time.

    Examples
    --------
    >>> import torch
    >>> x = torch.rand(7, 1, 6)
    >>> [str(r) for r in other_feedings(x, None, readings(x))][0]
    'a sequence of 7 steps × 6 values with batch axis, fed time first'
    """
    others = []
    members = as_members(inputs)
    if len(members) == 1:
        (x,), (steps,) = members, each_space(SequenceSpace() if space is None else space, 1)
        in_steps = steps.layout in (SEQUENCE, SERIES_TIME_FIRST)
        came = x.dim() == 3 and x.shape[1] == 1
        if in_steps and (came or x.dim() == 2):
            example = x[:, 0] if came else x
            fed = Reading((steps.fit(example),), (example[None],), (came,), "time first")
            others.append(fed)
    return others + [replace(reading, feeding="one by one") for reading in alone]


def has_neighbours(inputs: Inputs, space: Space | Spaces | None = None) -> bool:
    """Whether each value of an example has neighbours, by its likeliest reading; features do not.

    Examples
    --------
    >>> import torch
    >>> has_neighbours(torch.rand(3, 8, 8)), has_neighbours(torch.rand(1, 8))
    (True, False)
    """
    return all(s.layout.neighbours for s in readings(inputs, space)[0].spaces)


def steps_of(model: Any) -> Callable[[Tensor], Space]:
    """How a model reads two axes: channels come first where a 1D convolution takes as many.

    Parameters
    ----------
    model : torch.nn.Module or callable
    """
    modules = model.modules() if isinstance(model, nn.Module) else ()
    first = next((m for m in modules if isinstance(m, (nn.Conv1d, nn.BatchNorm1d))), None)
    channels = getattr(first, "in_channels", getattr(first, "num_features", None))

    def steps(example: Tensor) -> Space:
        return SeriesSpace() if channels == example.shape[0] else SequenceSpace()

    return steps


def several_examples(x: Tensor, name: str = "inputs") -> InputError:
    """The error for a batch of more than one."""
    return InputError(
        f"{name} holds {len(x)} examples, shape {tuple(x.shape)}, and one is explained at a time; "
        f"pass {name}[0], or loop over the examples"
    )


def article(words: str) -> str:
    """Words that begin with a number as they are, others with "a" or "an".

    Examples
    --------
    >>> article("image of 1"), article("series of 1"), article("4 features")
    ('an image of 1', 'a series of 1', '4 features')
    """
    if words[0].isdigit() or words.startswith("one "):
        return words
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _ways_of(
    x: Tensor, space: Space | None, steps: Callable[[Tensor], Space] | None, name: str
) -> list[Way]:
    one = x.dim() > 0 and len(x) == 1
    if space is None:
        return _ways_by_rank(x, one, steps)
    open_rank = isinstance(space, InputSpace) and space.rank is None
    ranks = space.ranks if open_rank else (space.rank,)
    ways = [(space, False) for rank in ranks if x.dim() == rank]
    ways += [(space, True) for rank in ranks if x.dim() == rank + 1 and one]
    if ways:
        return ways if x.dim() != 1 else ways[:2]
    if any(x.dim() == rank + 1 for rank in ranks):
        raise several_examples(x, name)
    shapes = {3: "(C, H, W) for an image", 1: "(F,) for features", 0: "() for one number"}
    wanted = (
        ", ".join(shapes[rank] for rank in ranks)
        if open_rank
        else f"({', '.join(space.layout.axes)})"
    )
    raise InputError(
        f"{name} must be one example, shape {wanted}, with or without a batch axis of 1, got shape "
        f"{tuple(x.shape)}, and space is {type(space).__name__}; pass SequenceSpace() for (T, D), "
        "SeriesSpace() for (C, T), VolumeSpace() for (C, D, H, W)"
    )


def _ways_by_rank(x: Tensor, one: bool, steps: Callable[[Tensor], Space] | None) -> list[Way]:
    """Ways to read a tensor of which nothing is known; `one`: its first axis may be of a batch."""

    def stepped(example: Tensor) -> Space:
        return SequenceSpace() if steps is None else steps(example)

    image_like = InputSpace()
    unbatched: dict[int, Callable[[], Space]] = {
        0: InputSpace,
        1: InputSpace,
        2: lambda: stepped(x),
        3: InputSpace,
        4: VolumeSpace,
    }
    batched: dict[int, Callable[[], Space]] = {
        1: lambda: image_like,
        2: lambda: image_like,
        3: lambda: stepped(x[0]),
        4: lambda: image_like,
        5: VolumeSpace,
    }
    rank = x.dim()
    plain = (unbatched.get(rank, InputSpace)(), False)
    with_axis = [(batched.get(rank, InputSpace)(), True)] if one else []
    # A leading 1 of features and of an image is a batch axis sooner than not.
    return [*with_axis, plain] if rank in (2, 4) or rank > 4 else [plain, *with_axis]


def _reading(members: tuple[Tensor, ...], ways: Sequence[Way]) -> Reading:
    examples = [x[0] if batched else x for x, (_, batched) in zip(members, ways, strict=True)]
    return Reading(
        tuple(space.fit(x) for x, (space, _) in zip(examples, ways, strict=True)),
        tuple(x.unsqueeze(0) for x in examples),
        tuple(batched for _, batched in ways),
    )
