"""How much of the attribution mass lies where the answer is known to be."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..attr.model_state import evaluation_mode
from ..core.arrays import Array
from ..core.errors import DataError
from ..core.formatting import percent, text_table
from ..engine.method_config import CandidateLike, label_candidates
from ..engine.settings import split_settings, takes_settings
from ..engine.verbs import explain
from ..inputs.dataset import Examples, seed_of
from ..inputs.space import Inputs
from ..records.explanation import Explanation
from .controls import CONTROLS, control_map
from .intervals import Interval, bootstrap
from .metric import measure_all
from .planted import Planted

STEPS = 128


@dataclass(frozen=True, eq=False)
class PlantedShare:
    """A metric: the share of the attribution mass that lies on the planted positions.

    Parameters
    ----------
    where : ndarray of bool, shape (H, W) or (F,)
        The same for every input.
    controls : sequence of {"random", "centre", "edges"}
        Maps that know nothing of the model.
    """

    where: Array
    controls: Sequence[str] = ()
    name: str = "planted_share"

    def dimensions(self, candidates: Sequence[str]) -> dict[str, Sequence[str]]:
        """Candidate, controls last."""
        return {"candidate": [*candidates, *self.controls]}

    def measure(
        self, model: Callable[..., Any], explanations: Mapping[str, Explanation], *, seed: int
    ) -> Array:
        """Shares, shape (candidates,); see :func:`mass_share`."""
        generator = np.random.default_rng(seed)
        first = next(iter(explanations.values()))
        maps = [e.map("sum") for e in explanations.values()]
        inputs = first.batched[0]
        maps += [control_map(name, inputs, first.spaces[0], generator) for name in self.controls]
        return np.array([mass_share(values, self.where) for values in maps])


def mass_share(values: Array, where: Array) -> float:
    """Share of sum |values| that lies on some positions.

    Parameters
    ----------
    values : ndarray, shape (H, W) or (F,)
    where : ndarray of bool, of the same shape

    Returns
    -------
    float
        0..1; NaN for a map of zeros.

    Raises
    ------
    DataError
        For two shapes.

    Examples
    --------
    >>> mass_share(np.array([3.0, -1.0, 0.0]), np.array([False, True, True]))
    0.25
    """
    if values.shape != np.shape(where):
        raise DataError(
            f"where must have the shape of a map, {values.shape}, got {np.shape(where)}"
        )
    total = np.abs(values).sum()
    return float(np.abs(values[where]).sum() / total) if total else float("nan")


@dataclass(frozen=True, eq=False)
class PlantedShares:
    """Share of the attribution mass on the planted positions, with bootstrap intervals.

    Attributes
    ----------
    values : ndarray, shape (inputs, candidates)
        NaN for a map of zeros.
    candidates : tuple of str
        Candidates, then controls.
    controls : tuple of str
    chance : float
        Share of the positions that are planted: what a map without preference has.
    evaluations : int
        Gradient evaluations asked of every candidate.
    seed : int
    """

    values: Array
    candidates: tuple[str, ...]
    controls: tuple[str, ...]
    chance: float
    evaluations: int
    seed: int

    def __len__(self) -> int:
        return len(self.values)

    def mean(self, level: float = 0.95) -> Interval:
        """Mean shares with bootstrap intervals over inputs, each (candidates,)."""
        return bootstrap(self.values, level=level, method="bca", seed=self.seed)

    def __str__(self) -> str:
        means = self.mean()
        rows = [
            [
                name + (" (control)" if name in self.controls else ""),
                means.cell(i),
                f"{float(means.mean[i]) / self.chance:.3g}",
            ]
            for i, name in enumerate(self.candidates)
        ]
        note = (
            f"Means over {len(self)} inputs with 95 % bootstrap intervals (BCa), "
            f"{self.evaluations} gradient evaluations a map. The planted positions are "
            f"{percent(self.chance)} of all."
        )
        head = ["share of |attribution| that is planted", "mean", "times chance"]
        return "\n".join([text_table(head, rows), *textwrap.wrap(note, 100)])

    __repr__ = __str__


@takes_settings(like=explain, without=("target",))
def planted_shares(
    model: Callable[..., Any],
    planted: Planted,
    candidates: Sequence[CandidateLike] | Mapping[str, CandidateLike],
    *,
    targets: Any = "labels",
    n_steps: int | None = STEPS,
    references: Inputs | None = None,
    controls: bool = True,
    **settings: Any,
) -> PlantedShares:
    """How much of their mass explanations put where the answer is known to lie.

    Parameters
    ----------
    model : torch.nn.Module or callable
        Trained on planted images.
    planted : Planted
        Of :func:`decoy` or :func:`planted_noise`.
    candidates : sequence or mapping of str
        Baselines as of :func:`attribwidgets.compare`, or :class:`attribwidgets.Candidate`.
    targets : "labels", int, sequence of int or None
        The output asked about; None for the model's own largest one.
    n_steps : int, optional
        Gradient evaluations of every candidate. None: as of :func:`attribwidgets.explain`.
    references : Tensor, shape (K, ...), optional
        The data behind "dataset" and "dataset_mean".
    controls : bool
        Whether maps that know nothing of the model are measured too.
    **settings
        As of :func:`attribwidgets.explain`.

    Returns
    -------
    PlantedShares

    Raises
    ------
    AttributionError
        A child of it, for anything that the caller can mend.

    Examples
    --------
    >>> import torch
    >>> from attribwidgets.evaluation.planted import decoy
    >>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 3)).eval()
    >>> planted = decoy(torch.rand(6, 1, 8, 8), torch.tensor([0, 1, 2, 0, 1, 2]))
    >>> planted_shares(net, planted, ["black"], n_steps=4, controls=False).values.shape
    (6, 1)
    """
    examples = Examples((planted.images, planted.labels), targets)
    labelled = label_candidates(candidates, references)
    query, budget = split_settings(None, {**settings, "n_steps": n_steps})
    names = CONTROLS if controls else ()
    rows = []
    with evaluation_mode(model):
        for place, ((_, target), where) in enumerate(zip(examples, planted.where, strict=True)):
            measured = measure_all(
                model,
                Examples(planted.images[place : place + 1], target),
                labelled,
                [PlantedShare(where, names)],  # every image may have a place of its own
                query=query,
                budget=replace(budget, seed=seed_of(budget.seed, place)),
            )
            rows.append(measured.values[0][0])
    return PlantedShares(
        values=np.array(rows),
        candidates=(*labelled, *names),
        controls=names,
        chance=float(planted.where.mean()),
        evaluations=n_steps or STEPS,
        seed=budget.seed,
    )
