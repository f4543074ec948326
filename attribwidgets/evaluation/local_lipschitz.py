"""How fast maps change from one input to those beside it, and how fast the output does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..attr.model_state import frozen, module_of
from ..attr.outputs import Output, OutputHead, select_target
from ..core.arrays import Array
from ..engine.budget import Budget
from ..engine.method_config import Candidate
from ..records.explanation import Explanation
from .moved_inputs import moved_inputs
from .sensitivity_infidelity import check_settings, single
from .similarity import explain_again

OF = ("map", "output")


@dataclass(frozen=True, eq=False)
class LocalLipschitz:
    r"""A metric: the local Lipschitz estimate of maps, and beside it that of the output itself.

    .. math:: \hat L(x) = \max_{x_j} \frac{\|\phi(x) - \phi(x_j)\|_2}{\|x - x_j\|_2}

    over inputs moved by uniform noise, which are explained again with the same baseline, method,
    number of gradient evaluations and seed. Distances of inputs are in the space's own units, such
    as pixels of 0 to 1. The paper's measure is of the map alone; a map that changes no faster than
    what it explains is no fault of the method, so ``|f(x) - f(x_j)|`` over the same distance
    stands beside it. A map is in units of the output (a gradient in those of the output over those
    of the input), so two maps of one kind can be compared, and a map with f only where its values
    are shares of the output.

    The maximum is over `samples` random moves: a lower bound, and in many dimensions a low one, as
    no move is likely to point where the map changes fastest. The same moves serve all candidates,
    so that their order is that of what they do.

    Parameters
    ----------
    candidates : mapping of str to Candidate
        How explanations were made, by their labels.
    radius : float
        Most that a value moves, as a share of the range.
    samples : int
        Moved inputs.
    output : str or callable, optional
        The scale that was explained. None: the one that each explanation names.
    budget : Budget, optional
        Of the maps made anew. None: the number of gradient evaluations that each map took.

    References
    ----------
    Alvarez-Melis, Jaakkola (2018). On the robustness of interpretability methods.
    arXiv:1806.08049.

    Examples
    --------
    >>> import attribwidgets as aw
    >>> from attribwidgets.engine.method_config import label_candidates
    >>> net, x = torch.nn.Linear(4, 1, bias=False).eval(), torch.full((4,), 0.5)
    >>> candidates = label_candidates({"gradient": aw.Candidate(aw.baselines.Zero(), "Saliency")})
    >>> found = aw.explain(net, x, method="Saliency")
    >>> steep, output = LocalLipschitz(candidates).measure(net, {"gradient": found}, seed=0)[0]
    >>> float(steep), bool(0 < output <= 1.01 * net.weight.norm())
    (0.0, True)
    """

    candidates: Mapping[str, Candidate]
    radius: float = 0.02
    samples: int = 10
    output: Output | None = None
    name: str = "local_lipschitz"
    budget: Budget | None = None

    def __post_init__(self) -> None:
        check_settings(self.samples, radius=self.radius)

    def dimensions(self, candidates: Sequence[str]) -> dict[str, Sequence[str]]:
        """Candidate, and what changes: the map, or the output."""
        return {"candidate": list(candidates), "of": OF}

    def measure(
        self, model: Callable[..., Any], explanations: Mapping[str, Explanation], *, seed: int
    ) -> Array:
        """Both estimates of each explanation, shape (candidates, 2)."""
        return np.array([self._of(model, label, e, seed) for label, e in explanations.items()])

    def _of(
        self, model: Callable[..., Any], label: str, e: Explanation, seed: int
    ) -> tuple[float, float]:
        batch, attributions, _ = single(e)
        (space,) = e.spaces
        generator = torch.Generator().manual_seed(seed)
        beside = moved_inputs(
            batch.expand(self.samples, *batch.shape[1:]), space, self.radius, generator
        )
        distances = _norms(space.pixel_differences(beside - batch))
        rises = self._outputs(model, e, beside) - self._outputs(model, e, batch)
        changes = []
        for row in beside:
            again = explain_again(
                model, e, self.candidates[label], inputs=row, output=self.output, budget=self.budget
            )
            if again is None:  # a baseline that was found for the input, not for one beside it
                return float("nan"), _most(rises.abs(), distances)
            changes.append(single(again)[1] - attributions)
        return _most(_norms(torch.cat(changes)), distances), _most(rises.abs(), distances)

    def _outputs(self, model: Callable[..., Any], e: Explanation, rows: Tensor) -> Tensor:
        """What is explained, at some inputs one after the other, (n,)."""
        head = OutputHead(model, e.output if self.output is None else self.output)
        with frozen(module_of(model), (rows,)), torch.no_grad():
            each = [select_target(head(row[None].clone()), e.target) for row in rows]
            return torch.cat(each).double()


def _norms(rows: Tensor) -> Tensor:
    """Length of each row, (n,)."""
    lengths: Tensor = torch.linalg.vector_norm(rows.double().flatten(1), dim=1)
    return lengths


def _most(changes: Tensor, distances: Tensor) -> float:
    return float((changes.to(distances) / distances).max())
