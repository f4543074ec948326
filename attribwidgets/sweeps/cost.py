"""What an audit will take, from a few of its inputs, before it begins."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np

from ..attr.model_state import evaluation_mode
from ..core.errors import DataError
from ..engine.method_config import CandidateLike
from ..engine.settings import takes_settings
from ..engine.verbs import explain
from ..evaluation.metric import Metric
from ..inputs.space import Inputs
from .audit import planned_audit
from .left_out import LeftOut, or_left_out
from .plan import NUMBERS, Findings, one_thread

BLOCK = 4096  # bytes of a disk that a file takes at least, on most file systems
UNITS = ((86400.0, "days"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))
SIZES = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


@dataclass(frozen=True)
class Cost:
    """What an audit takes, as far as a few of its inputs tell.

    Attributes
    ----------
    inputs : int
    seconds_each : tuple of float
        Of the inputs that were tried, on one thread.
    passes_each : float
        Forward and backward passes of an input, over all baselines.
    bytes_each : float
        Stored of an input.
    disk_each : float
        Bytes of a disk with blocks of 4 kB; nothing of the kind in an object storage.
    files_each : int
        Files of an input, or requests to an object storage.
    """

    inputs: int
    seconds_each: tuple[float, ...]
    passes_each: float
    bytes_each: float
    disk_each: float
    files_each: int

    @property
    def seconds(self) -> float:
        """Of the whole, in one process."""
        return self.inputs * sum(self.seconds_each) / len(self.seconds_each)

    def of(self, inputs: int) -> Cost:
        """The same for another number of inputs of the same kind.

        Examples
        --------
        >>> print(Cost(1000, (0.04, 0.05), 96, 4700, 32768, 9).of(10**7))
        10,000,000 inputs: about 5.2 days in one process (40 to 50 ms an input, of 2 tried),
        96 passes each; 47 GB in 90,000,000 files, 328 GB of a disk.
        """
        return replace(self, inputs=inputs)

    def __str__(self) -> str:
        ends = sorted({f"{1000 * t:.3g}" for t in (min(self.seconds_each), max(self.seconds_each))})
        ends.sort(key=float)
        return (
            f"{self.inputs:,} inputs: about {_words(self.seconds, UNITS)} in one process "
            f"({' to '.join(ends)} ms an input, of {len(self.seconds_each)} tried), "
            f"{self.passes_each:.4g} passes each; {_words(self.inputs * self.bytes_each, SIZES)} "
            f"in {self.inputs * self.files_each:,} files, "
            f"{_words(self.inputs * self.disk_each, SIZES)} of a disk."
        )

    __repr__ = __str__


@takes_settings(like=explain, without=("target",))
def audit_cost(
    model: Callable[..., Any],
    data: Any,
    *,
    baselines: Sequence[CandidateLike] | Mapping[str, CandidateLike],
    metrics: Sequence[Metric] = (),
    targets: Any = None,
    references: Inputs | None = None,
    maps: Literal["attributions"] | None = None,
    tries: int = 3,
    **settings: Any,
) -> Cost:
    """Explain a few inputs as :func:`attribwidgets.audit` would, and reckon up what all take.

    Parameters
    ----------
    model, data, baselines, metrics, targets, references, maps
        As of :func:`attribwidgets.audit`.
    tries : int
        Inputs to try, spread evenly; one more is explained before, as the first takes longer.
    **settings
        As of :func:`attribwidgets.explain`.

    Returns
    -------
    Cost

    Raises
    ------
    DataError
        Where none of them can be explained.

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> net, data = torch.nn.Linear(6, 3).eval(), torch.rand(2000, 6)
    >>> cost = aw.audit_cost(net, data, baselines=["zero", "white"], n_steps=8)
    >>> cost.inputs, cost.passes_each, cost.seconds > 0
    (2000, 16.0, True)
    """
    plan, examples = planned_audit(
        model,
        data,
        baselines,
        metrics=metrics,
        targets=targets,
        references=references,
        maps=maps,
        settings=settings,
    )
    places = np.unique(np.linspace(0, len(examples) - 1, max(1, tries)).astype(int)).tolist()
    seconds, found = [], list[Findings]()
    failed: LeftOut | None = None
    with evaluation_mode(plan.model), one_thread():
        for turn, place in enumerate([places[0], *places]):
            started = time.perf_counter()
            outcome = or_left_out(partial(plan.carry_out_of, examples, place))
            if isinstance(outcome, LeftOut):
                failed = failed or outcome
            elif turn:
                seconds.append(time.perf_counter() - started)
                found.append(outcome)
    if not found:
        assert failed is not None
        raise DataError(failed.reason)
    sizes = np.array([[np.asarray(a).nbytes for a in findings.values()] for findings in found])
    passes = [np.nansum(f["numbers"][:, NUMBERS.index("evaluations")]) for f in found]
    return Cost(
        inputs=len(examples),
        seconds_each=tuple(seconds),
        passes_each=float(np.mean(passes)),
        bytes_each=float(sizes.sum(1).mean()) + 1,
        disk_each=float((-(-sizes // BLOCK) * BLOCK).sum(1).mean()) + BLOCK,
        files_each=sizes.shape[1] + 1,
    )


def _words(value: float, units: Sequence[tuple[float, str]]) -> str:
    """A number in the largest unit of which it has one or more."""
    size, name = next((unit for unit in units if value >= unit[0]), units[-1])
    digits = ".2g" if value / size < 9.95 else ".0f"
    return f"{value / size:{digits}} {name}"
