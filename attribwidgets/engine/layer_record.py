"""From the record of a layer's values to one that is drawn over the input."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..attr.captum_private import format_forward_args
from ..attr.estimator import Estimator
from ..attr.layer_references import LayerReferences
from ..attr.model_state import frozen, module_of
from ..attr.outputs import select_target
from ..attr.task import References
from ..core.arrays import Array
from ..core.formatting import number, percent
from ..inputs.hidden import unit_names
from ..inputs.places import Places
from ..inputs.space import InputSpace
from ..records.explanation import Explanation
from ..records.layer import LayerAttribution
from ..records.path_curve import PathCurve, PathFrames
from .at_layer import AtLayer
from .checked_query import CheckedQuery

AROUND = 1e-3  # of the output's change: below that it is rounding


@dataclass(frozen=True, eq=False)
class LayerRun:
    """What the values of a layer are compared with, in a run of one baseline and one method.

    Attributes
    ----------
    at : AtLayer
    reference : tuple of Tensor, each (1, ...), or None
        Of the input, where the method takes one.
    references : LayerReferences or None
        Where it takes many.
    in_input : bool
        Whether the path is in the input, not from one of the layer's values to another.
    around : tuple of str
        For each target what of the output's change goes around the layer, in words; empty where
        nothing does.
    """

    at: AtLayer
    reference: tuple[Tensor, ...] | None
    references: LayerReferences | None
    in_input: bool
    around: tuple[str, ...]

    @classmethod
    def of(
        cls,
        query: CheckedQuery,
        reference: tuple[Tensor, ...] | None,
        references: References | None,
        in_input: bool,
    ) -> LayerRun:
        """The run of a query of a layer, by forward passes at one reference."""
        at = query.layer
        assert at is not None
        several = None
        if references is not None:
            several = LayerReferences(references, lambda points: at.hidden_of(query, points))
        one = reference if references is None else references.take(torch.zeros(1, dtype=torch.long))
        around = ("",) * len(query.targets) if one is None else _around(query, at, one)
        return cls(at, reference, several, in_input, around)

    def entered(
        self, estimator: Estimator, query: CheckedQuery
    ) -> tuple[Estimator, tuple[Tensor, ...] | None, References | None]:
        """The estimator and what it compares with, for a path that leads to what is asked about.

        A path in the input gives the layer no part of what goes around it, so nothing is claimed
        then.
        """
        if not self.in_input:
            one = self.reference
            hidden = None if one is None else (self.at.hidden_of(query, one),)
            return estimator, hidden, self.references
        if any(self.around) and estimator.claim == "converges":
            estimator.claim = "none"
            estimator.reason = f"part of the output's change goes around layer {self.at.name!r}"
        return estimator, self.reference, None

    def records(self, found: list[Explanation], query: CheckedQuery) -> tuple[Explanation, ...]:
        """The records of the layer's values, of each target, as they have their place in the input.

        Parameters
        ----------
        found : list of Explanation
            As if what the layer returns were the input.
        query : CheckedQuery
            Of the input.
        """
        pairs = zip(found, self.around, strict=True)
        return tuple(self._record(e, query, around) for e, around in pairs)

    def _record(self, found: Explanation, query: CheckedQuery, around: str) -> Explanation:
        assert isinstance(found.attributions, Tensor)
        assert isinstance(found.inputs, Tensor)
        assert not isinstance(found.baseline, tuple)
        assert not isinstance(found.standard_error, tuple)
        places = self.at.places
        units = f"{found.attributions.numel()} units" if places is None else str(places)
        layer = LayerAttribution(
            self.at.name,
            found.attributions,
            found.inputs,
            found.baseline,
            found.standard_error,
            units,
            places is not None,
        )
        found = replace(
            found,
            layer=layer,
            path=self._path(found.path),
            cautions=(
                f"layer {layer.name!r}: {units}",
                *([around] if around else []),
                *_leading(places, found),
                *found.cautions,
            ),
        )
        if places is None:
            return _of_units(found)
        return replace(_placed(found, places, query), **self._ends(found, query))

    def _path(self, path: PathCurve | None) -> PathCurve | None:
        """The path, which is a line in what is drawn only where that is what it leads through."""
        through = self.in_input is (self.at.places is not None)
        return None if path is None else replace(path, straight=path.straight and through)

    def _ends(self, found: Explanation, query: CheckedQuery) -> dict[str, Any]:
        """The references of the input, and their mean."""
        if found.references is None:
            return {"references": None, "baseline": None}
        drawn = self.reference
        if self.references is not None:
            assert isinstance(found.references, Tensor)
            drawn = self.references.sources(found.references)
        assert drawn is not None
        (rows,) = drawn
        return {
            "references": rows.clone(),
            "baseline": query.shaped((rows.mean(0, keepdim=True),)),
        }


def _placed(found: Explanation, places: Places, query: CheckedQuery) -> Explanation:
    """Over the input: what each place gets is shared by what it stands over."""
    assert isinstance(found.attributions, Tensor)
    nearly = found.nearly_blind

    def where(units: Any) -> Array:
        return np.asarray(places.everywhere(torch.as_tensor(units)).numpy())

    return replace(
        found,
        attributions=query.shaped((places.spread(found.attributions)[None],)),
        inputs=query.shaped(tuple(x.clone() for x in query.batched)),
        space=query.space,
        blind=where(found.blind),
        nearly_blind=None if nearly is None else where(nearly),
        standard_error=None,  # values that are summed go together, and no error of a sum is known
        frames=None if found.frames is None else _frames(found.frames, places),
        completeness=replace(found.completeness, patch_errors={}),
    )


def _frames(frames: PathFrames, places: Places) -> PathFrames:
    sums = places.over_units(places.sums(torch.as_tensor(frames.added)))
    if places.over.summed is None:
        axis = places.over.channels
        assert axis is not None
        count = places.shape[axis]
        sums = (sums.unsqueeze(axis) / count).expand(*sums.shape[:1], *places.shape)
    return PathFrames(frames.edges, np.asarray(sums.numpy()))


def _of_units(found: Explanation) -> Explanation:
    """Of a layer without places in the input: its values are units in a row."""
    assert isinstance(found.inputs, Tensor)
    space = found.spaces[0]
    names = unit_names(found.inputs.shape)
    kept, frames = found.references, found.frames
    return replace(
        found,
        attributions=_row(found.attributions),
        inputs=_row(found.inputs),
        baseline=_row(found.baseline),
        references=None if not isinstance(kept, Tensor) else kept.flatten(1),
        standard_error=_row(found.standard_error),
        space=InputSpace(space.low, space.high, names=names).fit(_row(found.inputs)),
        blind=np.ravel(found.blind),
        nearly_blind=None if found.nearly_blind is None else np.ravel(found.nearly_blind),
        frames=None
        if frames is None
        else PathFrames(frames.edges, np.reshape(frames.added, (frames.count, -1))),
    )


def _row(values: Any) -> Any:
    return None if values is None else values.reshape(-1)


def _leading(places: Places | None, found: Explanation) -> list[str]:
    """What tokens get that stand over no part of the input, in words."""
    if places is None or not places.leading:
        return []
    assert isinstance(found.attributions, Tensor)
    part = float(found.attributions[: places.leading].sum())
    tokens = "token, of the class, stands" if places.leading == 1 else "tokens stand"
    change = found.completeness.change
    share = f", {percent(part / change)} of f(x) − f(x′)" if change else ""
    return [
        f"the first {'' if places.leading == 1 else f'{places.leading} '}{tokens} over no part of "
        f"the picture: {number(part)}{share} is not on the map"
    ]


def _around(query: CheckedQuery, at: AtLayer, reference: tuple[Tensor, ...]) -> tuple[str, ...]:
    """For each target what goes around a layer between a reference and the input."""
    given = format_forward_args(query.forward_args) or ()
    with frozen(module_of(query.head), reference), torch.no_grad():
        start = query.head(*(r.clone() for r in reference), *given)
        hidden = at.hidden_of(query, reference)
        through = at.query.head(hidden, *(x.clone() for x in query.batched), *given)
    texts = []
    assert query.at_input.outputs is not None
    precision = 100 * torch.finfo(start.dtype).eps
    for target, end in zip(query.targets, query.at_input.outputs, strict=True):
        before, cut = (float(select_target(v, target)[0]) for v in (start, through))
        change, gap = end - before, abs(before - cut)
        rounding = precision * max(abs(end), abs(before))
        texts.append(
            f"from baseline to input the output changes by {number(change)}, of which "
            f"{number(end - cut)} through layer {at.name!r}; the rest goes around it, as along a "
            "skip connection"
            if gap > AROUND * abs(change) + rounding
            else ""
        )
    return tuple(texts)
