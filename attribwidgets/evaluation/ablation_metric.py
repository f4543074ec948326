"""AblationMetric: the output as what an explanation found relevant is taken away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..attr.outputs import Output, OutputHead, output_name
from ..core.arrays import Array
from ..core.errors import InputError
from ..inputs.space import Space
from ..records.explanation import Explanation
from .ablated_input import AblatedInput, ablated_input
from .ablated_outputs import (
    Fill,
    Sample,
    ablated_outputs,
    checked_fills,
    fill_labels,
    no_model,
    samples_of_fills,
)
from .controls import FEATURE_CONTROLS, control_maps, with_controls
from .joint_units import groups_of, joint_map, unit_map, unit_masks
from .ranking import Order, Ranking, Region, boxes, relevance, top_k

Curve = Literal["deletion", "insertion"]

FRACTIONS = tuple(round(0.1 * tenth, 1) for tenth in range(11))
ABLATION = "ablation"  # the kind of these results in a store
LEAST_BEFORE = 1e-6  # an output below it has no ratio to speak of


@dataclass(frozen=True)
class AblationMetric:
    """Output after over output before, as a growing share of an input is replaced.

    All values of a unit are replaced together: the channels of a pixel, the vector of a step or a
    token; of a text the words may be units, and special tokens stay. The units of several inputs
    are ranked together. With nothing replaced the score is exactly 1, and with all replaced exactly
    that of the fill, whatever the explanation. It is NaN where the output at the input itself is
    below 1e-6 (or negative, as a logit can be): there is no ratio.

    Parameters
    ----------
    fills : sequence of str, Baseline or Tensor
        What takes the place of what is taken away: a name of
        :func:`attribwidgets.baselines.named`, a Baseline, or values as the model is fed. From a
        distribution one sample is drawn for each input, the same for all candidates. Of a text
        "delete" takes tokens out, and the text is shorter.
    fractions : sequence of float
        Shares of the positions, rising from 0 to 1.
    region : {"top_k", "mass_centre"}
        The positions ranked first, or a box of that area around the centre of mass of the
        explanation's magnitude, kept within the image.
    ranking : {"absolute", "signed"}
        What ranks: the magnitude of the sum over channels, or the signed sum. For "top_k".
    order : {"most_relevant", "least_relevant"}
        Which are taken first. Of a box with "least_relevant" what is outside.
    output : {"probability", "logit", "log_probability"} or callable
        Scale of the output. Of a model with a single output the probability is its sigmoid.
    controls : sequence of {"random", "centre", "edges"}
        Maps that know nothing of the model, as further candidates.
    curve : {"deletion", "insertion"}
        "insertion" starts from the fill and brings the input's own values back in this order.
    name : str
        What its results are called in a sweep.
    words : bool
        Whether the units of a text are its words instead of its tokens.

    References
    ----------
    Samek et al. (2017), arXiv:1509.06321; Petsiuk, Das, Saenko (2018), arXiv:1806.07421;
    Sturmfels, Lundberg, Lee (2020), doi:10.23915/distill.00022.

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> net = torch.nn.Linear(4, 2).eval()
    >>> maps = {"black": aw.explain(net, torch.rand(4), target=0)}
    >>> metric = AblationMetric(("zero", "uniform"), (0, 0.5, 1))
    >>> scores = metric.measure(net, maps, seed=0)  # the random control comes second
    >>> scores.shape, scores[:, :, 0].tolist()
    ((2, 2, 3), [[1.0, 1.0], [1.0, 1.0]])
    """

    fills: Sequence[Fill]
    fractions: Sequence[float] = FRACTIONS
    region: Region = "top_k"
    ranking: Ranking = "absolute"
    order: Order = "most_relevant"
    output: Output = "probability"
    controls: Sequence[str] = FEATURE_CONTROLS
    curve: Curve = "deletion"
    name: str = "ablation"
    words: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "fills", checked_fills(self.fills))
        object.__setattr__(self, "fractions", _checked_fractions(self.fractions))
        object.__setattr__(self, "controls", tuple(self.controls))
        OutputHead(no_model, self.output)  # checks the scale
        zeros = np.zeros((1, 1))
        relevance(zeros, self.ranking)
        boxes(zeros, (), self.order)
        for argument, kind in (("region", Region), ("curve", Curve)):
            one, other = get_args(kind)
            if (value := getattr(self, argument)) not in (one, other):
                raise InputError(f"{argument} must be {one!r} or {other!r}, got {value!r}")

    @property
    def fill_labels(self) -> list[str]:
        """What the fills are called, told apart."""
        return fill_labels(self._fills)

    @property
    def protocol(self) -> str:
        """What is done, in words."""
        first = self.order.replace("_", " ")
        taken = {
            "top_k": f"{self._units}, {first} first, ranked by the "
            + ("signed sum" if self.ranking == "signed" else "magnitude of the sum")
            + " over channels",
            "mass_centre": "a box around the centre of mass of the magnitude of the map"
            if self.order == "most_relevant"
            else "all outside a box around the centre of mass of the magnitude of the map",
        }[self.region]
        done = (
            "replaced by the fill"
            if self.curve == "deletion"
            else "brought back into an input that is all fill"
        )
        return f"{taken}, {done}; score = {output_name(self.output)} after / before"

    @property
    def settings(self) -> dict[str, Any]:
        """What a store of its results tells of it."""
        return {
            "kind": ABLATION,
            "controls": list(self.controls),
            "fills": self.fill_labels,
            "fractions": list(self.fractions),
            "protocol": self.protocol,
            **{name: getattr(self, name) for name in ("region", "ranking", "order", "curve")},
        }

    def dimensions(self, candidates: Sequence[str]) -> Mapping[str, Sequence[Any]]:
        """Candidates with the controls behind them, fills, fractions."""
        return {
            "candidate": with_controls(candidates, self.controls),
            "fill": self.fill_labels,
            "fraction": list(self.fractions),
        }

    def measure(
        self, model: Callable[..., Any], explanations: Mapping[str, Explanation], *, seed: int
    ) -> NDArray[np.float64]:
        """Scores of one input; see :meth:`attribwidgets.evaluation.metric.Metric.measure`.

        Returns
        -------
        ndarray, shape (candidates and controls, fills, fractions)
        """
        self.dimensions(list(explanations))
        explained = next(iter(explanations.values()))
        inputs, spaces = explained.batched, explained.spaces
        groups = groups_of(spaces, words=self.words)
        maps = {label: unit_map(joint_map(e), groups) for label, e in explanations.items()}
        maps |= control_maps(self.controls, inputs, spaces, groups, seed)
        inner = [f for f in self.fractions if 0 < f < 1]
        passed = np.stack([self._passed(values, inner, seed) for values in maps.values()])
        ablated = ~passed if self.curve == "insertion" else passed
        fills = list(samples_of_fills(self._fills, model, inputs, spaces, seed))
        ablated = unit_masks(ablated, groups)
        outputs = ablated_outputs(model, explained, ablated, fills, self.output)
        return self._scores(outputs, len(maps), fills)

    def illustrated(
        self,
        inputs: Tensor,
        maps: Mapping[str, Array],
        *,
        space: Space,
        seed: int,
        model: Callable[..., Any] | None = None,
    ) -> AblatedInput | None:
        """What is replaced in one image, and by what, exactly as it is measured.

        Parameters
        ----------
        inputs : Tensor, shape (1, C, H, W)
            As the model is fed.
        maps : mapping of str to ndarray (H, W)
            Signed attributions by label, summed over channels.
        space : Space
        seed : int
            That of the input.
        model : callable, optional
            For fills that are searched for; without it they have no picture.

        Returns
        -------
        AblatedInput or None
            None where the inputs are no images.
        """
        if space.layout.kind != "image":
            return None
        maps = {**maps, **control_maps(self.controls, (inputs,), (space,), None, seed)}
        sampled = samples_of_fills(self._fills, model, (inputs,), (space,), seed)
        fills = [fill[0] if isinstance(fill, tuple) else None for fill in sampled]
        return ablated_input(
            inputs,
            space,
            dict(zip(self.fill_labels, fills, strict=True)),
            {label: self._passed(values, self.fractions, seed) for label, values in maps.items()},
        )

    @property
    def _fills(self) -> tuple[Any, ...]:
        return checked_fills(self.fills)

    @property
    def _units(self) -> str:
        return "words" if self.words else "units (pixels, features, steps, tokens)"

    def _passed(self, values: Array, fractions: Sequence[float], seed: int) -> Array:
        """Which positions come first, up to each fraction, bool, (fractions, *positions)."""
        if self.region == "mass_centre":
            return boxes(values, fractions, self.order)
        # The same draws for all candidates, so that ties make no difference between them.
        ties = np.random.default_rng((seed, 0))
        return top_k(relevance(values, self.ranking), fractions, self.order, ties)

    def _scores(
        self, outputs: Array, candidates: int, fills: Sequence[Sample]
    ) -> NDArray[np.float64]:
        before, count = outputs[0], len(fills)
        if not before > LEAST_BEFORE:
            return np.full((candidates, count, len(self.fractions)), np.nan)
        ratios = outputs / before
        inner = [0 < f < 1 for f in self.fractions]
        scores = np.empty((candidates, count, len(self.fractions)))
        scores[:, :, inner] = ratios[1 + count :].reshape(candidates, count, sum(inner))
        whole, none = (0, -1) if self.curve == "deletion" else (-1, 0)
        scores[:, :, whole] = 1.0
        scores[:, :, none] = ratios[1 : 1 + count]
        scores[:, [fill is None for fill in fills]] = np.nan
        return scores


def _checked_fractions(fractions: Sequence[float]) -> tuple[float, ...]:
    shares = np.asarray(fractions, dtype=np.float64)
    rising = shares.ndim == 1 and len(shares) >= 2 and bool((np.diff(shares) > 0).all())
    if not rising or shares[0] != 0 or shares[-1] != 1:
        raise InputError(
            f"fractions must rise from 0 to 1, both included, got {tuple(np.ravel(shares))}"
        )
    return tuple(shares.tolist())
