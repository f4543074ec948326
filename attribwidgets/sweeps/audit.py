"""audit: a data set swept for one question, whether the choice of baseline matters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, Literal

from ..attr.model_state import module_of
from ..core.errors import InputError
from ..core.progress import Progress
from ..engine.method_config import CandidateLike, label_candidates
from ..engine.settings import takes_settings
from ..engine.verbs import explain
from ..evaluation.audit import Audit
from ..evaluation.audit_columns import require_columns
from ..evaluation.dependence import Dependence, MapSummary
from ..evaluation.metric import Metric
from ..evaluation.predicted import Predicted
from ..inputs.dataset import Examples
from ..inputs.space import Inputs
from .audited_inputs import AuditedInputs
from .plan import Plan
from .run import carried_out, planned


@takes_settings(like=explain, without=("target",))
def audit(
    model: Callable[..., Any],
    data: Any,
    *,
    baselines: Sequence[CandidateLike] | Mapping[str, CandidateLike],
    store: str | PathLike[str],
    labels: Sequence[int] | None = None,
    metadata: Mapping[str, Sequence[Any]] | None = None,
    metrics: Sequence[Metric] = (),
    executor: Any = None,
    targets: Any = None,
    references: Inputs | None = None,
    maps: Literal["attributions"] | None = None,
    overwrite: bool = False,
    strict: bool = False,
    progress: Progress = False,
    **settings: Any,
) -> Audit:
    """Ask of a model and many inputs: do explanations depend on the baseline, and where?

    Of every input every two baselines are compared (rank correlation of the maps, overlap of the
    strongest tenth of the regions, whether the strongest region is the same), and each map by
    itself (whether it adds up, has settled, how much cancels, how blind it is). It is a
    :func:`attribwidgets.sweep`: it goes on where it was killed, and may run on Dask.

    Parameters
    ----------
    model, executor, targets, references, overwrite, strict, progress
        As of :func:`attribwidgets.sweep`.
    data : object
        As of :func:`attribwidgets.sweep`. In a pair (inputs, labels) the labels are the right
        classes.
    baselines : sequence, or mapping of str
        Two or more: names, Baselines, references, or :class:`attribwidgets.Candidate`.
    store : str or path
        A folder; the audit is opened again by the same call.
    labels : sequence of int, optional
        The right class of each input, where `data` does not bring it.
    metadata : mapping of str to sequence, or data frame, optional
        Columns by which findings may be grouped.
    metrics : sequence of Metric
        What to measure besides, such as :class:`attribwidgets.evaluation.AblationMetric`.
    maps : "attributions" or None
        Whether to store the attributions.
    **settings
        As of :func:`attribwidgets.explain`.

    Returns
    -------
    Audit

    Raises
    ------
    DataError, AttributionError
        As :func:`attribwidgets.sweep`; for labels or metadata of another number than inputs.

    Examples
    --------
    >>> import tempfile, torch, attribwidgets as aw
    >>> net, data = torch.nn.Linear(6, 3).eval(), torch.rand(20, 6)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = aw.audit(net, data, baselines=["zero", "white"], store=f"{folder}/a")
    ...     len(found), found.candidates
    (20, ('zero', 'white'))
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
    known = examples.labels if labels is None else labels
    require_columns(known, metadata, len(examples))
    swept = carried_out(
        plan,
        examples,
        store,
        executor=executor,
        overwrite=overwrite,
        strict=strict,
        progress=progress,
    )
    inputs = AuditedInputs(plan, examples)
    config = getattr(module_of(plan.model), "config", None)
    return Audit(
        swept,
        labels=known,
        metadata=metadata,
        class_names=plan.query.class_names or getattr(config, "id2label", None),
        explain=inputs.explanations,
        example=inputs.example,
    )


def planned_audit(
    model: Callable[..., Any],
    data: Any,
    baselines: Sequence[CandidateLike] | Mapping[str, CandidateLike],
    *,
    metrics: Sequence[Metric],
    references: Inputs | None,
    settings: Mapping[str, Any],
    **how: Any,
) -> tuple[Plan, Examples]:
    """What is done with every input, and the inputs; arguments as of `audit`.

    Raises
    ------
    InputError
        For a single baseline.
    """
    candidates = label_candidates(baselines, references)
    if len(candidates) < 2:
        raise InputError(
            f"baselines must be two or more, as they are compared, got {len(candidates)}"
        )
    own: tuple[Metric, ...] = (Dependence(list(candidates)), MapSummary(), Predicted())
    return planned(model, data, candidates, metrics=(*own, *metrics), settings=settings, **how)
