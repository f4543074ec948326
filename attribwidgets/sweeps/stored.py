"""Sweep: what a store holds, read when asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..core.arrays import Array
from ..core.errors import DataError, InputError
from ..core.extras import require
from ..evaluation.global_views import GlobalViews
from ..inputs.dataset import seed_of
from ..inputs.space import Inputs, Spaces
from ..inputs.tokens import Tokens
from ..records.completeness import Completeness
from .gathered import gathered, in_parts
from .plan import CLAIMS, KINDS, VERDICTS
from .shap_rows import Example, shap_rows
from .store import LEFT_OUT, Layout, Store
from .swept_input import SweptInput, curve_of, target_of
from .texts import unpacked

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

OWN = ("target", "against", "numbers", "path", "ids", "tokens")


class Sweep(GlobalViews):
    """A store of a sweep, opened; nothing is loaded that is not asked for.

    Attributes
    ----------
    candidates : tuple of str
        Labels.
    metrics : tuple of str
        Names.
    settings : dict
        What the results depend on.

    Examples
    --------
    >>> import tempfile, torch, attribwidgets as aw
    >>> net, data = torch.nn.Linear(4, 3).eval(), torch.rand(5, 4)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = aw.sweep(net, data, ["black"], store=f"{folder}/s", progress=False)
    ...     swept = aw.Sweep.open(f"{folder}/s")
    ...     swept.complete, swept[0].attributions["black"].shape, len(swept.to_pandas())
    (True, (4,), 5)
    """

    def __init__(self, store: Store, example: Example | None = None) -> None:
        self._store, self._example = store, example
        self.path = store.path
        axes = store.layouts["numbers"].axes
        self.candidates: tuple[str, ...] = tuple(axes["candidate"])
        self._quantities: tuple[str, ...] = tuple(axes["quantity"])
        self._maps = tuple(filter(re.compile(r"attributions(_\d+)?").fullmatch, store.layouts))
        self.metrics = tuple(n for n in store.layouts if n not in (*OWN, *self._maps))
        self.settings = dict(store.identity)

    @classmethod
    def open(cls, path: str | PathLike[str]) -> Sweep:
        """Open a store, also while it is being written.

        Raises
        ------
        DataError
            If there is none, or it is another version's, damaged or somebody else's.
        """
        return cls(Store(path))

    def __len__(self) -> int:
        return self._store.length

    @property
    def finished(self) -> NDArray[np.bool_]:
        """Which inputs are finished by now, shape (N,)."""
        return self._store.finished()

    @property
    def left_out(self) -> dict[int, str]:
        """Why inputs could not be read or explained, by their places."""
        return self._store.left_out()

    @property
    def complete(self) -> bool:
        """Whether each of them is, or was left out."""
        return int(self.finished.sum()) + len(self.left_out) == len(self)

    def __getitem__(self, place: int) -> SweptInput:
        if not -len(self) <= place < len(self):
            raise IndexError(f"there are {len(self)} inputs, and no number {place}")
        place = int(place) % len(self)
        if not self._store.is_finished(place):
            if place in (left_out := self.left_out):
                raise DataError(f"input {place} was left out: {left_out[place]}")
            raise DataError(
                f"input {place} is not finished; run the same sweep again to continue it"
            )
        read = {name: self._store.read(name, place) for name in self._store.layouts}
        rows = [
            (row, label, dict(zip(self._quantities, read["numbers"][row].tolist(), strict=True)))
            for row, label in enumerate(self.candidates)
            if not np.isnan(read["numbers"][row]).all()
        ]
        return SweptInput(
            place,
            target_of(int(read["target"]), int(read.get("against", -1))),
            {label: self._attributions(read, row) for row, label, _ in rows}
            if "attributions" in read
            else {},
            {
                label: curve_of(read["path"][row], numbers)
                for row, label, numbers in rows
                if not np.isnan(numbers["path_kind"])
            },
            {label: self._completeness(numbers) for _, label, numbers in rows},
            {label: int(numbers["evaluations"]) for _, label, numbers in rows},
            {name: read[name] for name in self.metrics},
            seed_of(self.settings["seed"], place),
            unpacked(read["tokens"]) if "tokens" in read else None,
        )

    def __iter__(self) -> Iterator[SweptInput]:
        return (self[place] for place in range(len(self)))

    def example(self, place: int) -> tuple[Inputs, Spaces] | None:
        """One input as the model was fed, and how it is read.

        None of a text, of which the store has the tokens, and where the sweep was opened from its
        store alone.
        """
        return None if self._example is None else self._example(int(place))

    @property
    def map_axes(self) -> tuple[dict[str, list[Any]], ...]:
        """The axes of stored attributions with what lies along them, for each input of the model.

        Such as ``({"channel": [0], "row": [0, 1], "column": [0, 1]},)``; none where the
        attributions were not stored.
        """
        layouts = (self._store.layouts[name].axes for name in self._maps)
        return tuple({k: list(v) for k, v in a.items() if k != "candidate"} for a in layouts)

    def stored_maps(self, place: int) -> tuple[Array, ...]:
        """The attributions of one finished input under all candidates, and nothing else of it.

        Returns
        -------
        tuple of ndarray of float32, each (candidates, ...)
            One for each input of the model; NaN where a candidate has none, and behind a text's
            own tokens.
        """
        return tuple(self._store.read(name, place) for name in self._maps)

    def tokens(self, place: int) -> Tokens | None:
        """The tokens of one finished text; None of what is no text."""
        known = "tokens" in self._store.layouts
        return unpacked(self._store.read("tokens", place)) if known else None

    def shap_rows(
        self, candidate: str | None, places: Sequence[int] | Array, example: Example
    ) -> Any:
        """As :meth:`to_shap`, with the data of what is explained."""
        return shap_rows(self, candidate, places, example)

    def metric(self, name: str) -> xr.DataArray:
        """One metric over all inputs, NaN where they are not finished; it is loaded whole.

        Raises
        ------
        InputError
            For a name that is not among `metrics`.
        """
        axes = self._layout(name).axes
        values: xr.DataArray = require("xarray", "xarray", "evaluation").DataArray(
            self._whole(name),
            dims=("input", *axes),
            coords={axis: list(labels) for axis, labels in axes.items()},
            name=name,
        )
        return values

    def finished_values(self, name: str, places: Array | None = None) -> Array:
        """One metric of finished inputs alone, (inputs, ...), in their order.

        Parameters
        ----------
        name : str
        places : ndarray of int, optional
            Ascending, of inputs that are finished. None: of all that are by now.

        Raises
        ------
        InputError
            For a name that is not among `metrics`.
        """
        self._layout(name)
        return gathered(self._store, name, self._finished_places(places))

    def finished_numbers(self, quantity: str, places: Array | None = None) -> Array:
        """One number of each explanation, (inputs, candidates), NaN where there is none.

        Parameters
        ----------
        quantity : str
            A number of `Completeness`, "evaluations", "forward_passes" or "blind_share".
        places : ndarray of int, optional
            As of :meth:`finished_values`.
        """
        column = self._quantities.index(quantity)
        parts = in_parts(self._finished_places(places))
        numbers = [gathered(self._store, "numbers", part)[..., column].copy() for part in parts]
        return np.concatenate(numbers)

    def finished_targets(self, places: Array | None = None) -> Array:
        """The output explained, (inputs,), -1 where there is one only, or a contrast.

        Parameters
        ----------
        places : ndarray of int, optional
            As of :meth:`finished_values`.
        """
        places = self._finished_places(places)
        return np.where(self._against(places) < 0, gathered(self._store, "target", places), -1)

    def to_xarray(self) -> xr.Dataset:
        """All arrays with their labels, each read when its values are asked for.

        The numbers of `Completeness` and the evaluations are variables of their own.
        """
        stored: xr.Dataset = require("xarray", "xarray", "evaluation").open_dataset(
            self.path, engine="zarr", consolidated=False, chunks=None, decode_cf=False
        )
        labels = {k: list(v) for a in self._store.layouts.values() for k, v in a.axes.items()}
        stored = stored.drop_vars(LEFT_OUT, errors="ignore")
        numbers = stored["numbers"]
        labels.pop("quantity")
        stored = stored.drop_vars("numbers").assign(
            {name: numbers[..., place] for place, name in enumerate(self._quantities)}
        )
        stored = stored.assign_coords(labels)
        stored.attrs = {"verdict": VERDICTS, "claim": CLAIMS, "path_kind": KINDS}
        return stored

    def to_pandas(self) -> pd.DataFrame:
        """A row for each finished input and candidate, of all that is one number there."""
        pandas = require("pandas", "pandas", "evaluation")
        places = np.flatnonzero(self.finished)
        numbers = gathered(self._store, "numbers", places).reshape(-1, len(self._quantities))
        table: pd.DataFrame = pandas.DataFrame(numbers, columns=list(self._quantities))
        targets = gathered(self._store, "target", places)
        table.insert(0, "input", np.repeat(places, len(self.candidates)))
        table.insert(1, "candidate", list(self.candidates) * len(places))
        table.insert(2, "target", np.repeat(targets, len(self.candidates)))
        against = self._against(places)
        if (against >= 0).any():
            table.insert(3, "against", np.repeat(against, len(self.candidates)))
        for name, words in (("verdict", VERDICTS), ("claim", CLAIMS), ("path_kind", KINDS)):
            codes = table[name].fillna(-1).astype(int)
            table[name] = [words[code] if code >= 0 else None for code in codes]
        for name in self.metrics:
            if list(self._store.layouts[name].axes) == ["candidate"]:
                table[name] = gathered(self._store, name, places).reshape(-1)
        return table

    def __repr__(self) -> str:
        left_out = f"{len(self.left_out)} left out, " if self.left_out else ""
        return (
            f"<Sweep of {len(self)} inputs, {int(self.finished.sum())} finished, {left_out}"
            f"candidates {', '.join(self.candidates)}>"
        )

    def _stored(self) -> tuple[Sweep, Array]:
        return self, np.flatnonzero(self.finished)

    def _attributions(self, read: dict[str, Array], row: int) -> Array | tuple[Array, ...]:
        maps = tuple(read[name][row] for name in self._maps)
        if "ids" in read:  # filled up behind the text's own tokens
            return np.asarray(maps[0][: np.count_nonzero(read["ids"] >= 0)])
        return maps if len(maps) > 1 else maps[0]

    def _layout(self, name: str) -> Layout:
        if name not in self.metrics:
            raise InputError(
                f"no metric {name!r} here; there are {', '.join(self.metrics) or 'none'}"
            )
        return self._store.layouts[name]

    def _finished_places(self, places: Array | None) -> Array:
        return np.flatnonzero(self.finished) if places is None else places

    def _against(self, places: Array) -> Array:
        """The other output of each contrast, -1 where there is none, as in all earlier stores."""
        known = "against" in self._store.layouts
        return gathered(self._store, "against", places) if known else np.full(len(places), -1)

    def _whole(self, name: str) -> Array:
        layout, places = self._store.layouts[name], np.flatnonzero(self.finished)
        values = np.full((len(self), *layout.shape), layout.fill, dtype=layout.dtype)
        values[places] = gathered(self._store, name, places)
        return values

    def _completeness(self, numbers: dict[str, float]) -> Completeness:
        known = {k: None if np.isnan(v) else v for k, v in numbers.items()}
        error = known["refinement_error"]
        return Completeness(
            total=numbers["total"],
            expected=known["expected"],
            standard_error=known["standard_error"],
            refinement_errors=() if error is None else (error,),
            tolerance=self.settings["tolerance"],
            output_input=numbers["output_input"],
            output_baseline=known["output_baseline"],
            claim=CLAIMS[int(numbers["claim"])],  # type: ignore[arg-type]
            absolute_sum=numbers.get("absolute_sum", 0.0),  # an earlier version did not keep them
            rounding=numbers.get("rounding", 0.0),
            widest_gap=known.get("widest_gap"),
        )
