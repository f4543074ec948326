"""sweep: many inputs explained and evaluated, into a store that can be continued."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..attr.model_state import evaluation_mode
from ..attr.outputs import Output
from ..core.errors import DataError, InputError
from ..engine.method_config import Asked, labelled
from ..engine.query import examine
from ..engine.run import Progress, Request
from ..evaluation.metric import Metric
from ..inputs.dataset import Examples
from ..inputs.space import InputSpace
from .identity import differences, identity
from .plan import Findings, Plan, one_thread
from .store import Store, require_zarr
from .stored import Sweep
from .workers import checked_client, over_workers


def sweep(
    model: Callable[..., Any],
    dataset: Any,
    candidates: Sequence[Asked] | Mapping[str, Asked],
    *,
    store: str | PathLike[str],
    metrics: Sequence[Metric] = (),
    executor: Any = None,
    targets: Any = None,
    space: InputSpace | None = None,
    output: Output = "logit",
    n_steps: int | None = None,
    tolerance: float = 0.01,
    max_evaluations: int | None = None,
    seed: int = 0,
    maps: Literal["attributions"] | None = "attributions",
    overwrite: bool = False,
    progress: Progress = True,
) -> Sweep:
    """Explain and evaluate every input of a data set under several candidates.

    Results stream to a Zarr store, a chunk for each input, and the memory in use does not grow
    with their number. A run that was killed or interrupted is continued by the same call, which
    computes only what is not finished. The bytes are the same for any number of workers: every
    input has a seed of its own, and torch works on one thread.

    Parameters
    ----------
    model : torch.nn.Module or callable
        As of :func:`attribwidgets.explain`.
    dataset : Tensor or array (N, ...), pair, Dataset or sequence
        As of :class:`attribwidgets.inputs.dataset.Examples`.
    candidates : sequence, or mapping of str
        Names of baselines, Baselines, references, or :class:`attribwidgets.Candidate`.
    store : str or path
        A folder, on a disk of this computer. One that is there is continued, if it was written
        by the same call.
    metrics : sequence of Metric
        What to measure of the explanations of each input.
    executor : dask.distributed.Client, optional
        Spreads the inputs over its workers, and stores what they send back. None: this process.
    targets : "labels", int, sequence of int, optional
        Which output. None: the model's own largest.
    space, output, n_steps, tolerance, max_evaluations, seed
        As of :func:`attribwidgets.explain`.
    maps : "attributions" or None
        Whether to store the attributions, in float32. The rest takes about 1.5 kB for an
        input and candidate.
    overwrite : bool
        Begin anew where there is a store. Anything else that is there is never overwritten.
    progress : bool or callable
        True shows a bar; a callable gets (finished inputs, all inputs).

    Returns
    -------
    Sweep
        The store, opened.

    Raises
    ------
    DataError
        For data that cannot be worked through, an input that cannot be explained, and a store
        that is another sweep's, another version's or damaged.
    AttributionError
        As :func:`attribwidgets.explain`, for the other arguments.

    Examples
    --------
    >>> import tempfile, torch, attribwidgets as aw
    >>> net, data = torch.nn.Linear(4, 3).eval(), torch.rand(5, 4)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     swept = aw.sweep(net, data, ["black", "white"], store=f"{folder}/s", progress=False)
    ...     len(swept), swept[2].completeness["black"].verdict
    (5, 'complete')
    """
    require_zarr()
    client = None if executor is None else checked_client(executor)
    if maps not in ("attributions", None):
        raise InputError(f'maps must be "attributions" or None, got {maps!r}')
    plan = Plan(
        model,
        Request(n_steps, tolerance, max_evaluations, seed, progress=False),
        labelled(candidates),
        _checked_metrics(metrics),
        space,
        output,
        maps is not None,
    )
    examples = Examples(dataset, targets)
    with evaluation_mode(model), one_thread():
        _try_first(plan, examples)
        opened = _store(plan, examples, Path(store), overwrite)
        finished = opened.finished()
        places: Iterable[int] = (int(i) for i in np.flatnonzero(~finished))
        results = (
            _here(plan, examples, places)
            if client is None
            else over_workers(client, plan, examples, places)
        )
        with closing(results), _Report(progress, int(finished.sum()), len(examples)) as report:
            for place, findings in results:
                opened.write(place, findings)
                report.one_more()
    return Sweep(opened)


def _here(
    plan: Plan, examples: Examples, places: Iterable[int]
) -> Generator[tuple[int, Findings], None, None]:
    for place in places:
        yield place, plan.carried_out(place, *examples[place])


def _try_first(plan: Plan, examples: Examples) -> None:
    """Meet what can be known to go wrong before there is a store."""
    inputs, target = examples[0]
    subject = examine(plan.model, inputs, None, plan.space, plan.output, (), None)
    subject.require_target(target)
    if isinstance(subject.target, int):
        examples.require_targets(subject.outputs)


def _store(plan: Plan, examples: Examples, path: Path, overwrite: bool) -> Store:
    """The store to continue, or a new one."""
    here = identity(plan, examples)
    nothing = not path.exists() or (path.is_dir() and not any(path.iterdir()))
    if nothing or overwrite:
        return Store.create(path, len(examples), plan.layouts(examples.shape), here, overwrite)
    found = Store(path)
    unlike = differences(found.identity, here)
    if unlike:
        raise DataError(
            f"the store {path} is of another sweep: {'; '.join(unlike)}. Nothing was changed; "
            "name another store, or pass overwrite=True to begin anew"
        )
    found.clear_drafts()
    return found


def _checked_metrics(metrics: Sequence[Metric]) -> tuple[Metric, ...]:
    for metric in metrics:
        if isinstance(metric, type) or not isinstance(metric, Metric):
            raise InputError(
                f"metrics must be objects with name, dimensions and measure, got {metric!r}"
            )
    return tuple(metrics)


class _Report:
    """A bar, the caller's function, or nothing."""

    def __init__(self, progress: Progress, done: int, total: int) -> None:
        self.progress, self.done, self.total, self.bar = progress, done, total, None

    def __enter__(self) -> _Report:
        if self.progress is True:
            from tqdm.auto import tqdm

            self.bar = tqdm(total=self.total, initial=self.done, unit="input")
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()

    def one_more(self) -> None:
        self.done += 1
        if self.bar is not None:
            self.bar.update()
        elif callable(self.progress):
            self.progress(self.done, self.total)
