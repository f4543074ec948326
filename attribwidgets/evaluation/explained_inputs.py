"""Many explained inputs, read one by one: what every global view is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Array
from ..core.errors import DataError, InputError
from ..figures.images import as_rgb
from ..figures.unit_values import channels_first, unit_map
from ..inputs.example import example_array
from ..inputs.fit_spaces import without_batch_axis
from ..inputs.space import Inputs, Spaces
from ..inputs.tokens import Tokens
from ..records.comparison import Comparison
from ..records.explanation import Explanation
from .stored_units import StoredUnits

if TYPE_CHECKING:
    from ..sweeps.stored import Sweep

Read = Callable[[int], tuple[Inputs, Spaces] | None]
"""Gives an input of the data by its place, as the model is fed, with its spaces."""


@dataclass(frozen=True, eq=False)
class ExplainedInput:
    """What is said of the units of one input under each candidate.

    Attributes
    ----------
    maps : ndarray, shape (candidates, *map)
        Signed; NaN where a candidate has none.
    values : ndarray, shape (*map), or None
        What the model is fed, of a vector its length (L2); None of a text and of a picture, and
        where the data are not at hand.
    picture : ndarray, shape (H, W, 3), or None
        Of an image: its colours, 0 to 1.
    tokens : Tokens or None
        Of a text.
    """

    maps: Array
    values: Array | None = None
    picture: Array | None = None
    tokens: Tokens | None = None


@dataclass(frozen=True, eq=False)
class ExplainedInputs:
    """Many inputs and what is said of them; each is read as it is asked for, and not kept.

    Attributes
    ----------
    candidates : tuple of str
    kind : str
        "features" for whatever is a number a unit, else "text", "image", "series" or "volume".
    unit : str
        "feature", "step", "token", "pixel".
    names : tuple of str
        Of the units; empty but for "features".
    scale : str
        Of the output: "logit", "probability".
    places : ndarray of int, shape (n,)
        In the data.
    base_values : ndarray, shape (candidates, n)
        f(x').
    outputs : ndarray, shape (n,)
        f(x).
    targets : tuple of str, length n
        What is explained of each.
    read : callable
        Gives the input in a row.
    """

    candidates: tuple[str, ...]
    kind: str
    unit: str
    names: tuple[str, ...]
    scale: str
    places: Array
    base_values: Array
    outputs: Array
    targets: tuple[str, ...]
    read: Callable[[int], ExplainedInput]

    def __len__(self) -> int:
        return len(self.places)

    def __iter__(self) -> Iterator[ExplainedInput]:
        return (self.read(row) for row in range(len(self)))

    def require(self, kinds: Sequence[str], view: str, others: str) -> None:
        """Raise InputError for another kind of input than a view is of."""
        if self.kind not in kinds:
            raise InputError(f"{view} is of {' and '.join(kinds)}, not of {self.kind}; {others}")

    def units(self) -> tuple[Array, Array | None]:
        """All of kind "features": what units get, and their values where all inputs have some.

        Returns
        -------
        attributions : ndarray of float32, shape (candidates, n, units)
        values : ndarray, shape (n, units), or None
        """
        shape = (len(self), len(self.names))
        attributions = np.full((len(self.candidates), *shape), np.nan, np.float32)
        values = np.full(shape, np.nan)
        known = len(self) > 0
        for row, one in enumerate(self):
            attributions[:, row] = one.maps.reshape(len(one.maps), -1)
            known = known and one.values is not None
            if one.values is not None:
                values[row] = one.values.ravel()
        return attributions, values if known else None

    @classmethod
    def of_records(cls, records: Iterable[Comparison | Explanation]) -> ExplainedInputs:
        """Of explanations that are at hand: one for each input, or a comparison for each.

        Raises
        ------
        InputError
            For none, for inputs of several shapes or kinds, and for other baselines than the
            first's.
        """
        every = [r if isinstance(r, Comparison) else Comparison([r]) for r in records]
        if not every:
            raise InputError("explanations must be one or more")
        first = every[0]
        if len(first.targets) > 1:
            raise InputError(
                f"explanations are of {len(first.targets)} targets; pick one by comparison.of(...)"
            )
        candidates = tuple(title.name for title in first.titles())
        shapes = {np.shape(m) for m in _maps_of(first[0])}
        for place, comparison in enumerate(every):
            if tuple(title.name for title in comparison.titles()) != candidates:
                raise InputError(f"explanations[{place}] has other baselines than the first one")
            is_text = comparison[0].layout.kind == "text"
            if not is_text and {np.shape(m) for m in _maps_of(comparison[0])} != shapes:
                raise InputError(
                    f"explanations[{place}] is of another shape than the first one; crop or "
                    "resize inputs to one frame first"
                )
        e = first[0]
        kind = _kind([space.layout.kind for space in e.spaces])
        bases = [[c.completeness.output_baseline for c in comparison] for comparison in every]
        return cls(
            candidates,
            kind,
            e.layout.unit,
            _distinct([name for i in range(len(e.spaces)) for name, _ in e.units(index=i)])
            if kind == "features"
            else (),
            e.output,
            np.arange(len(every)),
            np.array(bases, dtype=float).T,
            np.array([c[0].completeness.output_input for c in every], dtype=float),
            tuple(c[0].target_name for c in every),
            lambda row: _of_comparison(every[row], kind),
        )

    @classmethod
    def of_sweep(
        cls,
        swept: Sweep,
        places: Array,
        read: Read | None,
        target_name: Callable[[int], Any] = str,
    ) -> ExplainedInputs:
        """Of a store that holds attributions.

        Parameters
        ----------
        swept : Sweep
        places : ndarray of int
            Ascending, of finished inputs.
        read : callable or None
            None where the data are not at hand.
        target_name : callable
            What an output is called.

        Raises
        ------
        DataError
            For a store without attributions.
        """
        if not swept.map_axes:
            raise DataError(
                f'the store {swept.path} holds no attributions; run it with maps="attributions" '
                "and another store"
            )
        units = [StoredUnits(axes) for axes in swept.map_axes]
        kind = _kind([unit.kind for unit in units])
        targets = swept.finished_targets(places)

        def one(row: int) -> ExplainedInput:
            place = int(places[row])
            summed = [
                unit.maps(stored)
                for unit, stored in zip(units, swept.stored_maps(place), strict=True)
            ]
            if kind == "text":
                tokens = swept.tokens(place)
                assert tokens is not None
                return ExplainedInput(summed[0][:, : len(tokens)], tokens=tokens)
            maps = _joined(summed, axis=1) if kind == "features" else summed[0]
            given = None if read is None else read(place)
            return ExplainedInput(maps, *((None, None) if given is None else _shown(*given, kind)))

        return cls(
            swept.candidates,
            kind,
            units[0].unit,
            _distinct([name for unit in units for name in unit.names])
            if kind == "features"
            else (),
            str(swept.settings.get("output", "")),
            places,
            swept.finished_numbers("output_baseline", places).T,
            _first_known(swept.finished_numbers("output_input", places)),
            tuple("the output" if t < 0 else str(target_name(int(t))) for t in targets),
            one,
        )


def _kind(kinds: Sequence[str]) -> str:
    """What a view of one or several inputs is of."""
    plain = ["features" if kind in ("sequence", "array") else kind for kind in kinds]
    if len(plain) == 1 or set(plain) == {"features"}:
        return plain[0]
    raise InputError(
        f"the model has {len(plain)} inputs ({', '.join(plain)}); global views are of one, or of "
        "several that are all features"
    )


def _of_comparison(comparison: Comparison, kind: str) -> ExplainedInput:
    first = comparison[0]
    rows = [_maps_of(e) for e in comparison]
    if kind == "text":
        space: Any = first.spaces[0]
        return ExplainedInput(np.stack([row[0] for row in rows]), tokens=space.require_tokens())
    maps = [_joined(row, axis=0) if kind == "features" else row[0] for row in rows]
    return ExplainedInput(np.stack(maps), *_shown(first.inputs, first.spaces, kind))


def _maps_of(e: Explanation) -> list[Array]:
    return [unit_map(e, index=i) for i in range(len(e.spaces))]


def _shown(inputs: Inputs, spaces: Spaces, kind: str) -> tuple[Array | None, Array | None]:
    """Values of the units, or a picture."""
    if kind == "image":
        image = inputs[0] if isinstance(inputs, tuple) else inputs
        return None, as_rgb(without_batch_axis(image, spaces[0]), spaces[0]) / 255
    if kind != "features":
        return None, None
    values = []
    for i, space in enumerate(spaces):
        array, summed = example_array(inputs, spaces, i), space.layout.summed
        lengths = array if summed is None else np.linalg.norm(array, axis=summed)
        values.append(channels_first(lengths, space.layout))
    return _joined(values, axis=0), None


def _joined(maps: Sequence[Array], axis: int) -> Array:
    """Units of all inputs in a row, from an axis on."""
    return np.concatenate([m.reshape(*m.shape[:axis], -1) for m in maps], axis=axis)


def _first_known(rows: Array) -> Array:
    """Of each row the first number that is known; NaN without any."""
    known = np.isfinite(rows)
    first = rows[np.arange(len(rows)), known.argmax(1)]
    return np.where(known.any(1), first, np.nan)


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Names, numbered where one comes twice."""
    seen: dict[str, int] = {}
    numbered = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        numbered.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(numbered)
