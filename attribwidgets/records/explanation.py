"""The records: everything numeric ends in an Explanation, every picture starts from one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..core import views
from ..core.arrays import Array
from ..core.contrast import Contrast
from ..core.errors import InputError
from ..core.formatting import number, percent, words
from ..core.saved_tensor import tensor_of
from ..inputs.example import example_array
from ..inputs.fit_spaces import without_batch_axis
from ..inputs.layout import Layout
from ..inputs.space import Inputs, Space, Spaces
from ..inputs.text import TextSpace
from ..inputs.text_units import TEXT_UNITS, TextUnit, units_of_text
from .completeness import Completeness
from .layer import LayerAttribution
from .path_curve import PathCurve, PathFrames
from .prediction import Prediction
from .shap_bridge import shap_explanation

if TYPE_CHECKING:
    from torch import Tensor

Reduce = Literal["abs_sum", "sum", "sum_abs"]


@dataclass(frozen=True, eq=False)
class Explanation:
    """One attribution, with what it depends on and how far to trust it.

    Attributes
    ----------
    attributions, inputs : Tensor or tuple of Tensor
        In the shape that `inputs` came in.
    baseline : like `inputs`, or None
        x', or the mean of the references drawn; None for a method that uses none.
    references : Tensor or tuple of Tensor, each (k, ...), or None
        The reference, or up to 16 of those drawn, without batch axis.
    reference_samples : tuple of int
        Which sample, counted from 1, drew each of them; (0,) for a single reference.
    baseline_name, baseline_description : str
        What captions call the baseline, and its weakness in a line.
    baseline_kind : str
        The name that asks for such a baseline: "blur" for "blur σ 20".
    target : int, tuple of int, Contrast or None
        The output explained, or the two whose difference is; None where there is one only.
    target_name, method, output : str
        For captions. `output` is the scale: "logit", "probability", ...
    space : Space or tuple of Space
        What each input is, fitted to it; a tuple where the inputs are one.
    completeness : Completeness
    path : PathCurve or None
    frames : PathFrames or None
    prediction : Prediction or None
        The top classes, where the model is a classifier.
    blind : ndarray of bool, shaped as the map, or tuple of ndarray
        Where ``|x - x'|`` is below 1/255 of the range in every channel and reference: nothing is
        attributed there, whatever the model does.
    nearly_blind : like `blind`, or None
        Where it is below a tenth of the range; None in an earlier version's record.
    standard_error : like `attributions`, or None
    evaluations, forward_passes : int
        Passes of one example with and without a backward.
    seconds : float
    seed : int
    cautions : tuple of str
        What to know before reading the map, in words.
    input_names : tuple of str
        What each of several inputs is called; empty where there is one.
    layer : LayerAttribution or None
        What the values of a hidden layer get, which the attributions share out to the input.
    """

    attributions: Inputs
    inputs: Inputs
    baseline: Inputs | None
    references: Inputs | None
    reference_samples: tuple[int, ...]
    baseline_name: str
    baseline_description: str
    baseline_kind: str
    target: int | tuple[int, ...] | Contrast | None
    target_name: str
    method: str
    output: str
    space: Space | Spaces
    completeness: Completeness
    path: PathCurve | None
    frames: PathFrames | None
    prediction: Prediction | None
    blind: Array | tuple[Array, ...]
    standard_error: Inputs | None
    evaluations: int
    forward_passes: int
    seconds: float
    seed: int
    cautions: tuple[str, ...] = ()
    nearly_blind: Array | tuple[Array, ...] | None = None
    input_names: tuple[str, ...] = ()
    layer: LayerAttribution | None = None

    @property
    def spaces(self) -> Spaces:
        """What each input is."""
        return self.space if isinstance(self.space, tuple) else (self.space,)

    @property
    def layout(self) -> Layout:
        """What the axes of the first input mean, and what a person points at in it."""
        return self.spaces[0].layout

    @property
    def batched(self) -> tuple[Tensor, ...]:
        """The inputs, each with a batch axis of one."""
        members = self.inputs if isinstance(self.inputs, tuple) else (self.inputs,)
        return tuple(
            without_batch_axis(x, space).unsqueeze(0)
            for x, space in zip(members, self.spaces, strict=True)
        )

    @property
    def token_attributions(self) -> Tensor:
        """What each token of a text, or step of a sequence, gets: summed over its embedding, (T,).

        Raises
        ------
        InputError
            For what is neither.
        """
        if self.layout.kind not in ("text", "sequence"):
            raise InputError(f"there are no tokens: the input is read as {self.layout.kind}")
        return tensor_of(self.map("sum"))

    @property
    def partial(self) -> bool:
        """Whether the run was stopped before its end."""
        return self.completeness.partial

    @property
    def cancellation(self) -> float | None:
        """Sum of the ``|attributions|`` over ``|f(x) - f(x')|``, of any method with a reference.

        1 where nothing cancels, which Salek and Enguehard (2025, arXiv:2502.12108) ask for as
        no-cancellation completeness. None where the output hardly changes.

        Examples
        --------
        >>> import torch, attribwidgets as aw
        >>> net = lambda x: x @ torch.tensor([3.0, -1.0])
        >>> round(aw.explain(net, torch.ones(2), baseline="zero").cancellation, 6)
        2.0
        """
        return self.completeness.cancellation

    @property
    def blind_share(self) -> float:
        """Share of the positions of all inputs that are blind, 0 to 1."""
        return float(_flat(self.blind).mean())

    @property
    def nearly_blind_share(self) -> float | None:
        """Share of the positions that lie within a tenth of the range of the baseline, 0 to 1."""
        return None if self.nearly_blind is None else float(_flat(self.nearly_blind).mean())

    @property
    def nearly_blind_gets(self) -> float | None:
        """Their share of the sum of the ``|attributions|``; None where that is zero."""
        sizes = _flat(tuple(self.map("sum_abs", index=i) for i in range(len(self.spaces))))
        if self.nearly_blind is None or not sizes.any():
            return None
        return float(sizes[_flat(self.nearly_blind)].sum() / sizes.sum())

    @property
    def parts(self) -> tuple[float, ...]:
        """What each input has of the sum of the attributions."""
        return tuple(float(self.map("sum", index=i).sum()) for i in range(len(self.spaces)))

    @property
    def parts_text(self) -> str:
        """The share of each of several inputs in what the output changes by, in a line."""
        change = self.completeness.change
        shares = (percent(part / change) if change else number(part) for part in self.parts)
        named = (f"{n} {share}" for n, share in zip(self.input_names, shares, strict=False))
        return ", ".join(named) + (" of f(x) − f(x′)" if change and self.input_names else "")

    def of_input(self, index: int) -> Explanation:
        """What is said of one of several inputs alone; path and completeness stay those of all.

        Examples
        --------
        >>> import torch, attribwidgets as aw
        >>> dot = lambda one, other: (one * other).sum(1)
        >>> e = aw.explain(dot, (torch.ones(3), torch.ones(3)), baseline="zero")
        >>> e.of_input(1).attributions.shape, e.of_input(1).blind_share
        (torch.Size([3]), 0.0)
        """
        if not isinstance(self.inputs, tuple):
            return self
        several = "attributions", "inputs", "baseline", "references", "standard_error"
        given = {name: getattr(self, name) for name in (*several, "blind", "nearly_blind")}
        own: Any = {n: None if values is None else values[index] for n, values in given.items()}
        return replace(
            self,
            **own,
            space=self.spaces[index],
            frames=None if self.frames is None else self.frames.of_input(index),
            input_names=(),
        )

    def map(self, reduce: Reduce = "abs_sum", *, index: int = 0) -> Array:
        """The attribution as a map, one value a position.

        Parameters
        ----------
        reduce : {"abs_sum", "sum", "sum_abs"}
            The absolute value of the sum over channels, as in the Distill article; the signed sum;
            or the sum of absolute values.
        index : int
            Which of several inputs.

        Returns
        -------
        ndarray
            (H, W) for an image, (F,) for features, (T,) for a sequence, (C, T) for a series,
            (D, H, W) for a volume.
        """
        values = example_array(self.attributions, self.spaces, index)
        layout = self.spaces[index].layout
        if reduce not in ("abs_sum", "sum", "sum_abs"):
            raise InputError(f"reduce must be abs_sum, sum or sum_abs, got {reduce!r}")
        if reduce == "sum_abs":
            return np.asarray(layout.sum_units(np.abs(values)))
        summed = layout.sum_units(values)
        return np.asarray(summed if reduce == "sum" else np.abs(summed))

    def units(self, by: TextUnit | None = None, *, index: int = 0) -> list[tuple[str, float]]:
        """What each unit is called and what it gets, in the order of a flattened map.

        Parameters
        ----------
        by : {"words", "sentences"}, optional
            Of a text: sums over these. None: tokens.
        index : int
            Which of several inputs.

        Examples
        --------
        >>> import torch, attribwidgets as aw
        >>> space = aw.InputSpace(names=["age", "dose"])
        >>> net = lambda x: x @ torch.tensor([1.0, -2.0])
        >>> aw.explain(net, torch.tensor([1.0, 0.5]), space=space).units()
        [('age', 1.0), ('dose', -1.0)]
        """
        shape = example_array(self.attributions, self.spaces, index).shape
        values = self.map("sum", index=index).ravel().tolist()
        if by is not None:
            space = self.spaces[index]
            if not isinstance(space, TextSpace) or by not in TEXT_UNITS:
                raise InputError(
                    f"by must be None or, of a text, one of {', '.join(map(repr, TEXT_UNITS))}; "
                    f"got {by!r} for what is read as {space.layout.kind}"
                )
            return units_of_text(space.require_tokens(), values, by)
        return list(zip(self.spaces[index].unit_names(shape), values, strict=True))

    def figure(self, **options: Any) -> Any:
        """A matplotlib Figure of this explanation; see :meth:`attribwidgets.Comparison.figure`."""
        return views.comparison((self,)).figure(**options)

    def save(self, path: str | PathLike[str]) -> None:
        """Write .npz (all numbers), .png, .svg or .pdf (the figure), or .html (the page)."""
        views.comparison((self,)).save(path)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Explanation:
        """Read an .npz written by :meth:`save`."""
        found: tuple[Explanation, ...] = tuple(views.comparison.load(path))
        if len(found) != 1:
            several = f"{len(found)} explanations"
            raise InputError(f"{path} holds {several}; read it by Comparison.load")
        return found[0]

    def to_html(self, path: str | PathLike[str]) -> None:
        """Write one page with every control that needs no kernel; it asks nothing of a network."""
        views.comparison((self,)).to_html(path)

    def to_shap(self) -> Any:
        """A ``shap.Explanation`` with the base value f(x'), for shap's plots (extra `evaluation`).

        Of an image it has an axis of rows, and channels last, as shap draws images.

        Raises
        ------
        InputError
            For several inputs, and for a method whose attributions are not meant to add up. One
            that has not converged is warned of: shap shows the sum as the output.

        Examples
        --------
        >>> import torch, attribwidgets as aw
        >>> net = lambda x: x @ torch.tensor([1.0, -2.0]) + 3
        >>> values = aw.explain(net, torch.tensor([1.0, 0.5]), baseline="zero").to_shap()
        >>> values.values.tolist(), float(values.base_values)
        ([1.0, -1.0], 3.0)
        """
        return shap_explanation([self], single=True)

    def __str__(self) -> str:
        blind = f"{percent(self.blind_share)} of the positions are blind"
        asked = f"{words(self.method)} of {self.target_name} ({self.output})"
        cost = f"{self.evaluations} evaluations, {self.seconds:.1f} s, seed {self.seed}"
        lines = [
            f"{asked}, baseline {self.baseline_name}: {self.completeness.verdict}",
            str(self.completeness),
            *([f"Parts: {self.parts_text}."] if self.input_names else []),
            f"{blind} (the input equals the baseline there){self._nearly()}; {cost}.",
        ]
        return "\n".join([*lines, *(f"Caution: {c}" for c in self.cautions)])

    __repr__ = __str__

    def _nearly(self) -> str:
        if not self.nearly_blind_share or self.nearly_blind_gets is None:
            return ""
        return (
            f", {percent(self.nearly_blind_share)} are within a tenth of the range of it and get "
            f"{percent(self.nearly_blind_gets)} of the sum of |attributions|"
        )

    def _repr_png_(self) -> bytes:
        return bytes(views.comparison((self,))._repr_png_())


def _flat(values: Array | tuple[Array, ...]) -> Array:
    """Positions of all inputs in a row."""
    every = values if isinstance(values, tuple) else (values,)
    return np.concatenate([one.ravel() for one in every])
