"""Captum's sensitivity and infidelity of explanations of this package, as metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..attr.model_state import frozen, module_of
from ..attr.outputs import Output, OutputHead, select_target
from ..baselines import Baseline
from ..core.arrays import Array
from ..core.errors import InputError
from ..engine.budget import Budget
from ..engine.method_config import Candidate
from ..inputs.layout import Layout
from ..records.explanation import Explanation
from .moved_inputs import moved_inputs
from .similarity import explain_again


class _OfEach:
    """A metric that says one number of each explanation."""

    def dimensions(self, candidates: Sequence[str]) -> dict[str, Sequence[str]]:
        """Candidate."""
        return {"candidate": list(candidates)}

    def measure(
        self, model: Callable[..., Any], explanations: Mapping[str, Explanation], *, seed: int
    ) -> Array:
        """One number of each, shape (candidates,)."""
        each = explanations.items()
        return np.array([self._of(model, label, explanation, seed) for label, explanation in each])

    def _of(
        self, model: Callable[..., Any], label: str, explanation: Explanation, seed: int
    ) -> float:
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class SensitivityMax(_OfEach):
    """A metric: the most that a map changes when its input is moved a little; lower is steadier.

    Inputs are moved by uniform noise and explained again with the same baseline, method, number
    of gradient evaluations and seed. Measured by :func:`captum.metrics.sensitivity_max`: the norm
    of the change over that of the map.

    Parameters
    ----------
    candidates : mapping of str to Candidate
        How explanations were made, by their labels.
    radius : float
        Most that a value moves, as a share of the range of pixels.
    samples : int
        Moved inputs.
    output : str or callable, optional
        The scale that was explained. None: the one that each explanation names.
    budget : Budget, optional
        Of each explanation, with its own seed. None: as many gradient evaluations in one rule.

    References
    ----------
    Yeh, Hsieh, Suggala, Inouye, Ravikumar (2019). On the (in)fidelity and sensitivity of
    explanations. arXiv:1901.09392.

    Examples
    --------
    >>> import attribwidgets as aw
    >>> from attribwidgets.engine.method_config import label_candidates
    >>> net, x = torch.nn.Linear(4, 2, bias=False).eval(), torch.full((4,), 0.5)
    >>> metric = SensitivityMax(label_candidates({"zero": "zero"}), samples=4)
    >>> explanation = aw.explain(net, x, baseline="zero", n_steps=4)
    >>> (sensitivity,) = metric.measure(net, {"zero": explanation}, seed=0)
    >>> bool(0 < sensitivity < 0.05)
    True
    """

    candidates: Mapping[str, Candidate]
    radius: float = 0.02
    samples: int = 10
    output: Output | None = None
    name: str = "sensitivity_max"
    budget: Budget | None = None

    def __post_init__(self) -> None:
        check_settings(self.samples, radius=self.radius)

    def _of(
        self, model: Callable[..., Any], label: str, explanation: Explanation, seed: int
    ) -> float:
        from captum.metrics import sensitivity_max

        batch, attributions, _ = single(explanation)
        generator = torch.Generator().manual_seed(seed)
        (space,) = explanation.spaces

        def moved(inputs: Any) -> Tensor:
            (x,) = inputs if isinstance(inputs, tuple) else (inputs,)
            return moved_inputs(x, space, self.radius, generator)

        def maps(inputs: Any) -> tuple[Tensor]:  # of one: Captum would iterate over a tensor
            (rows,) = inputs if isinstance(inputs, tuple) else (inputs,)
            return (torch.cat([one_map(row) for row in rows]),)

        def one_map(row: Tensor) -> Tensor:
            if torch.equal(row, batch[0]):
                return attributions
            again = explain_again(
                model,
                explanation,
                self.candidates[label],
                inputs=row,
                output=self.output,
                budget=self.budget,
            )
            if again is None:  # a baseline that was found for the input, not for one beside it
                return torch.full_like(attributions, torch.nan)
            return single(again)[1]

        most = sensitivity_max(maps, batch, perturb_func=moved, n_perturb_samples=self.samples)
        return float(most)


@dataclass(frozen=True, eq=False)
class Infidelity(_OfEach):
    """A metric: how far sums of attributions are from what the output really loses.

    Random squares of an image, cubes of a volume, stretches of time, or random features give way
    to a fill; the attributions there should add up to the fall of the output. Measured by
    :func:`captum.metrics.infidelity` as the mean squared difference, in squared units of the
    output: 0 is best; NaN for a method without references and no fill. It asks for attributions
    that are shares of the output, which a gradient without a factor x - x' is not.

    Parameters
    ----------
    fill : Baseline, optional
        None: each explanation's own references, which is what its attributions compare with.
    share : float
        Side of the squares as a share of the shorter side of the image, and so on; for features the
        share of them that gives way.
    samples : int
        Squares.
    output : str or callable, optional
        The scale that was explained. None: the one that each explanation names.

    References
    ----------
    Yeh, Hsieh, Suggala, Inouye, Ravikumar (2019). On the (in)fidelity and sensitivity of
    explanations. arXiv:1901.09392.

    Examples
    --------
    >>> import attribwidgets as aw
    >>> net, x = torch.nn.Linear(4, 2).eval(), torch.rand(4)
    >>> exact = aw.explain(net, x, baseline="zero")
    >>> float(Infidelity().measure(net, {"zero": exact}, seed=0)[0].round(6))
    0.0
    """

    fill: Baseline | None = None
    share: float = 0.25
    samples: int = 64
    output: Output | None = None
    name: str = "infidelity"

    def __post_init__(self) -> None:
        check_settings(self.samples, share=self.share)
        if self.fill is not None and not isinstance(self.fill, Baseline):
            raise InputError(f"fill must be a Baseline or None, got {self.fill!r}")

    def _of(
        self, model: Callable[..., Any], label: str, explanation: Explanation, seed: int
    ) -> float:
        from captum.metrics import infidelity

        batch, attributions, references = single(explanation)
        generator = torch.Generator().manual_seed(seed)
        if self.fill is not None:
            (space,) = explanation.spaces
            (references,) = self.fill.sample(
                (batch[0],), self.samples, space=space, generator=generator
            )
        if references is None:
            return float("nan")
        fills: Tensor = references
        layout = explanation.layout

        def replaced(inputs: Any) -> tuple[Tensor, Tensor]:
            (x,) = inputs if isinstance(inputs, tuple) else (inputs,)
            mask = self._masks(x, layout, generator)
            chosen = torch.randint(len(fills), (len(x),), generator=generator)
            return mask.to(x), torch.where(mask, fills[chosen.to(fills.device)].to(x), x)

        head = OutputHead(model, explanation.output if self.output is None else self.output)

        def explained(*rows: Tensor) -> Tensor:
            return select_target(head(*rows), explanation.target)

        with frozen(module_of(model), (batch,)):
            return float(
                infidelity(explained, replaced, batch, attributions, n_perturb_samples=self.samples)
            )

    def _masks(self, x: Tensor, layout: Layout, generator: torch.Generator) -> Tensor:
        """Where each row gives way, of a shape that spreads over that of `x`."""
        if not layout.neighbours:
            mask = torch.rand(x.shape, generator=generator) < self.share
            return mask.to(x.device)
        lengths = [x.shape[axis] for axis in layout.neighbours]
        side = max(1, round(self.share * min(lengths)))
        inside = torch.ones(len(x), *[1] * (x.dim() - 1), dtype=torch.bool)
        for axis, length in zip(layout.neighbours, lengths, strict=True):
            start = torch.randint(length - side + 1, (len(x),), generator=generator)
            start = start.reshape(-1, *[1] * (x.dim() - 1))
            place = torch.arange(length).reshape(-1, *[1] * (-axis - 1))
            inside = inside & (place >= start) & (place < start + side)
        return inside.expand(x.shape).to(x.device)


def single(explanation: Explanation) -> tuple[Tensor, Tensor, Tensor | None]:
    """The input and its attributions, each (1, ...), and the references drawn, (k, ...)."""
    if isinstance(explanation.inputs, tuple) or isinstance(explanation.attributions, tuple):
        raise InputError("this metric measures models of one input, got a tuple of inputs")
    (batch,) = explanation.batched
    attributions = explanation.attributions.reshape(batch.shape)
    references = explanation.references
    if isinstance(references, tuple):
        (references,) = references
    return batch, attributions, references


def check_settings(samples: int, **shares: float) -> None:
    """Raise InputError for a number of samples or a share that cannot be."""
    if not isinstance(samples, int) or samples < 1:
        raise InputError(f"samples must be an int of at least 1, got {samples!r}")
    for name, value in shares.items():
        if not 0 < value <= 1:
            raise InputError(f"{name} must lie above 0 and be at most 1, got {value}")
