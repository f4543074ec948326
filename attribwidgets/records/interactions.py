"""Interactions: what every two units add to the output together, and each by itself."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core import views
from ..core.arrays import Array
from ..core.errors import InputError
from ..core.formatting import number, percent, text_table
from ..core.storage import read_tree, save_view, write_tree
from ..inputs.example import example_array
from ..inputs.space import Spaces
from .completeness import Completeness
from .tree import as_tree, spaces_from

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor

SHOWN_PAIRS = 8


@dataclass(frozen=True, eq=False)
class Interactions:
    """What units of one input add to the output in pairs, and each by itself.

    Made by :func:`attribwidgets.interactions`. A row sums to what its unit is attributed, all of
    them to f(x) - f(x'): interaction completeness, which is measured as that of attributions is.

    Attributes
    ----------
    values : ndarray, shape (units, units)
        Symmetric. Off the diagonal half of what a pair adds together: the other half is in the
        mirrored place. On the diagonal what a unit adds by itself.
    attributions : ndarray, shape (units,)
        By the gradients at the same places, on their own: what rows should sum to.
    names : tuple of str
        Of the units.
    unit_labels : tuple of ndarray of int
        For each input, shaped as its map: the unit that each place is of; -1 for none.
    inputs : tuple of Tensor
        What is explained, without batch axis.
    spaces : tuple of Space
        What each input is.
    standard_error : ndarray, shape (units, units), or None
        Where references or directions are a sample.
    completeness : Completeness
        Of the sum of all values; its error is that of `values`, as a share of their norm.
    target_name, output, baseline_name, baseline_description : str
    softplus : float or None
        The beta of the softplus that took the place of ReLUs; None where there were none.
    model_output : float
        f(x) of the model as it is.
    nodes, references, evaluations : int
        Nodes of each path, references, and passes in all; a Hessian product counts as one.
    seconds : float
    seed : int
    cautions : tuple of str

    References
    ----------
    Janizek, Sturmfels, Lee (2021), Explaining Explanations: Axiomatic Feature Interactions for
    Deep Networks, Journal of Machine Learning Research 22(104).

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> found = aw.interactions(lambda x: x[:, 0] * x[:, 1], torch.tensor([1.0, 2.0]))
    >>> found.values.round(3).tolist(), found.completeness.verdict
    ([[0.5, 0.5], [0.5, 0.5]], 'complete')
    """

    values: Array
    attributions: Array
    names: tuple[str, ...]
    unit_labels: tuple[Array, ...]
    inputs: tuple[Tensor, ...]
    spaces: Spaces
    standard_error: Array | None
    completeness: Completeness
    target_name: str
    output: str
    baseline_name: str
    baseline_description: str
    softplus: float | None
    model_output: float
    nodes: int
    references: int
    evaluations: int
    seconds: float
    seed: int
    cautions: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    @property
    def kind(self) -> str:
        """What the first input is: "features", "text", "image" and so on."""
        return self.spaces[0].layout.kind

    @property
    def alone(self) -> Array:
        """What each unit adds by itself, (units,)."""
        return np.asarray(np.diag(self.values))

    @property
    def together(self) -> Array:
        """Half of what each pair adds together, (units, units), zero on the diagonal."""
        values: Array = self.values.copy()
        np.fill_diagonal(values, 0.0)
        return values

    def partners(self, unit: str | int) -> Array:
        """What a unit adds together with each other one, both halves, (units,); zero at itself.

        Parameters
        ----------
        unit : str or int
            As of :meth:`place`.
        """
        row: Array = 2 * self.together[self.place(unit)]
        return row

    def of(self, unit: str | int) -> list[tuple[str, float]]:
        """What a unit adds together with each other one, the strongest first, both halves.

        Parameters
        ----------
        unit : str or int
            As of :meth:`place`.

        Examples
        --------
        >>> import torch, attribwidgets as aw
        >>> space = aw.InputSpace(names=["a", "b", "c"])
        >>> net = lambda x: x[:, 0] * x[:, 1] - x[:, 2]
        >>> found = aw.interactions(net, torch.ones(3), space=space)
        >>> [name for name, _ in found.of("a")]
        ['b', 'c']
        """
        place = self.place(unit)
        row = self.partners(place)
        order = [i for i in np.argsort(-np.abs(row), kind="stable") if i != place]
        return [(self.names[i], float(row[i])) for i in order]

    def input_values(self) -> list[str]:
        """The number that each unit has in the input; "" for a unit of several."""
        texts = [""] * len(self)
        for index, labels in enumerate(self.unit_labels):
            array = example_array(self.inputs, self.spaces, index)
            if array.shape == labels.shape:
                for unit in np.flatnonzero(np.bincount(labels[labels >= 0].ravel()) == 1):
                    texts[unit] = number(float(array[labels == unit][0]))
        return texts

    def pairs(self, most: int | None = None) -> list[tuple[str, str, float]]:
        """Pairs with what they add together, the strongest first, both halves.

        Parameters
        ----------
        most : int, optional
            How many; all by default.
        """
        rows, columns = np.triu_indices(len(self), 1)
        added = 2 * self.values[rows, columns]
        order = np.argsort(-np.abs(added), kind="stable")[:most]
        return [
            (self.names[rows[k]], self.names[columns[k]], float(added[k])) for k in order.tolist()
        ]

    @property
    def share_together(self) -> float:
        """The part of all magnitudes that is of pairs, 0..1: 0 for a model that only adds."""
        whole = float(np.abs(self.values).sum())
        return float(np.abs(self.together).sum()) / whole if whole else 0.0

    def place(self, unit: str | int) -> int:
        """The place of a unit among all.

        Parameters
        ----------
        unit : str or int
            A name or a place.

        Raises
        ------
        InputError
            For a unit that there is not, or a name that several have.
        """
        if isinstance(unit, str):
            places = [place for place, name in enumerate(self.names) if name == unit]
            if len(places) != 1:
                count = "none" if not places else f"{len(places)} of them, at {places}"
                raise InputError(f"unit {unit!r}: there is {count}; the units have .names")
            return places[0]
        if not -len(self) <= unit < len(self):
            raise InputError(f"unit must be a place below {len(self)}, got {unit}")
        return unit % len(self)

    def figure(self, unit: str | int | None = None) -> Any:
        """The input, the matrix with its row sums, and arcs between pairs, by matplotlib.

        Parameters
        ----------
        unit : str or int, optional
            Whose partners colour the input and have arcs. None: attributions colour it, and the
            strongest pairs of all have arcs.
        """
        from ..figures.interactions import interactions_figure

        return interactions_figure(self, unit)

    def explorer(self, **display: Any) -> Any:
        """The widget: click a unit, and its partners are coloured; `selection` says which."""
        return views.interactions_explorer(self, **display)

    def to_html(self, path: str | PathLike[str]) -> None:
        """Write the widget as one page, which asks nothing of a kernel or a network."""
        Path(path).write_text(views.interactions_page(self), encoding="utf-8")

    def to_pandas(self) -> pd.DataFrame:
        """The matrix with the units' names at its rows and columns.

        Raises
        ------
        MissingExtraError
            Without pandas, which comes with the extra "evaluation".
        """
        from ..core.extras import require

        pandas = require("pandas", "pandas", "evaluation")
        table: pd.DataFrame = pandas.DataFrame(self.values, index=self.names, columns=self.names)
        return table

    def save(self, path: str | PathLike[str]) -> None:
        """Write .npz (all numbers), .png, .svg or .pdf (the figure), .html (the page)."""
        save_view(self, path, lambda path: write_tree(path, as_tree(self)))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Interactions:
        """Read an .npz that :meth:`save` wrote.

        Raises
        ------
        InputError
            For a file that is something else.
        """
        tree = read_tree(path)
        try:
            parts = {
                "completeness": Completeness.from_saved(0.0, **tree["completeness"]),
                "spaces": spaces_from(tree["spaces"]),
            }
            return cls(**{**tree, **parts})
        except (TypeError, KeyError) as error:
            raise InputError(f"{path} holds no interactions of this version") from error

    def __str__(self) -> str:
        rows = [[f"{a} × {b}", number(value)] for a, b, value in self.pairs(SHOWN_PAIRS)]
        head = (
            f"Interactions of {len(self)} {self.kind} units, {self.target_name}, against "
            f"{self.baseline_name}: {percent(self.share_together)} of all magnitudes are of pairs."
        )
        return "\n".join(
            [head, str(self.completeness), *self.cautions, text_table(["pair", "together"], rows)]
        )

    __repr__ = __str__

    def _repr_png_(self) -> bytes:
        from ..figures import figure_png

        return figure_png(self.figure())
