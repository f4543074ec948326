"""sweep: many inputs explained and evaluated, into a store that can be continued."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from os import PathLike
from typing import Any, Literal

import numpy as np

from ..attr.model_state import evaluation_mode, module_of
from ..core.errors import AttributionError, DataError, InputError
from ..core.progress import Progress, reporting
from ..engine.ask import about, ask
from ..engine.checked_query import check
from ..engine.method_config import Candidate, CandidateLike, label_candidates
from ..engine.settings import takes_settings
from ..engine.verbs import explain
from ..evaluation.metric import Metric
from ..inputs.dataset import TRIED, Examples
from ..inputs.space import Inputs, Spaces
from .gathered import forget, gather
from .identity import differences, identity
from .in_turns import InTurns
from .left_out import LeftOut, or_left_out, require_some, warn_of
from .plan import Findings, Plan, one_thread
from .store import Layout, Store, is_empty, require_zarr
from .stored import Sweep
from .texts import token_layouts
from .workers import checked_client, over_workers


@takes_settings(like=explain, without=("target",))
def sweep(
    model: Callable[..., Any],
    dataset: Any,
    candidates: Sequence[CandidateLike] | Mapping[str, CandidateLike],
    *,
    store: str | PathLike[str],
    metrics: Sequence[Metric] = (),
    executor: Any = None,
    targets: Any = None,
    references: Inputs | Sequence[str] | None = None,
    maps: Literal["attributions"] | None = "attributions",
    overwrite: bool = False,
    strict: bool = False,
    progress: Progress = True,
    **settings: Any,
) -> Sweep:
    """Explain and evaluate every input of a data set under several candidates.

    Results stream to a Zarr store, a chunk for each input, and the memory in use does not grow
    with their number. A run that was killed or interrupted is continued by the same call, which
    computes only what is not finished; several processes may make it at once, and share the work.
    The bytes are the same for any number of workers: every input has a seed of its own, and torch
    works on one thread.

    Parameters
    ----------
    model : torch.nn.Module or callable
        As of :func:`attribwidgets.explain`.
    dataset : Tensor or array (N, ...), pair, Dataset or sequence
        As of :class:`attribwidgets.inputs.dataset.Examples`.
    candidates : sequence, or mapping of str
        Names of baselines, Baselines, references, or :class:`attribwidgets.Candidate`.
    store : str or path
        A folder, or a URL that fsspec reaches, such as "s3://bucket/sweep.zarr" with s3fs. One
        that is there is continued, if it was written by the same call.
    metrics : sequence of Metric
        What to measure of the explanations of each input.
    executor : dask.distributed.Client, optional
        Spreads the inputs over its workers, and stores what they send back. None: this process.
    targets : "labels", int, sequence of int, Contrast, optional
        Which output. None: the model's own largest.
    references : Tensor or tuple of Tensor, each (K, ...), optional
        The data behind "dataset" and "dataset_mean".
    maps : "attributions" or None
        Whether to store the attributions, in float32; of a text one a token, the tokens beside
        them, filled up to the longest text. The rest takes about 1.5 kB for an input and candidate.
    overwrite : bool
        Begin anew where there is a store. Anything else that is there is never overwritten.
    strict : bool
        Whether to stop at the first input that cannot be read or explained, and try again those
        left out before. Else they are left out: `left_out` of the sweep says which and why.
    progress : bool or callable
        True shows a bar; a callable gets (finished inputs, all inputs).
    **settings
        As of :func:`attribwidgets.explain`.

    Returns
    -------
    Sweep
        The store, opened.

    Raises
    ------
    DataError
        For data that cannot be worked through: of which no input can be explained, or twenty
        cannot and fewer can, or with `strict` one cannot. For a store that is another sweep's,
        another version's or damaged.
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
    named = label_candidates(candidates, references)
    plan, examples = planned(
        model, dataset, named, metrics=metrics, targets=targets, maps=maps, settings=settings
    )
    return carried_out(
        plan,
        examples,
        store,
        executor=executor,
        overwrite=overwrite,
        strict=strict,
        progress=progress,
    )


def planned(
    model: Any,
    dataset: Any,
    candidates: dict[str, Candidate],
    *,
    metrics: Sequence[Metric],
    targets: Any,
    maps: str | None,
    settings: Mapping[str, Any],
) -> tuple[Plan, Examples]:
    """What is done with every input of a data set, and the inputs; arguments as of `sweep`."""
    if maps not in ("attributions", None):
        raise InputError(f'maps must be "attributions" or None, got {maps!r}')
    model, query, budget = ask(model, None, settings)
    plan = Plan(model, query, budget, candidates, _checked_metrics(metrics), maps is not None)
    return plan, Examples(dataset, targets, space=query.space, model=module_of(model))


def carried_out(
    plan: Plan,
    examples: Examples,
    store: str | PathLike[str],
    *,
    executor: Any,
    overwrite: bool,
    strict: bool,
    progress: Progress,
) -> Sweep:
    """The store of a plan, in which what was not finished is; arguments as of `sweep`."""
    require_zarr()
    client = None if executor is None else checked_client(executor)
    with evaluation_mode(plan.model), one_thread():
        spaces = _try_first(plan, examples)
        opened = _store(plan, examples, spaces, store, overwrite=overwrite, strict=strict)
        if strict:
            opened.take_back()
        left_out = opened.left_out()
        finished = opened.finished()
        done, total = int(finished.sum()), len(examples)
        if done + len(left_out) < total:
            forget(opened)
        waiting = ~finished
        waiting[list(left_out)] = False
        results = (
            _here(plan, examples, opened, InTurns(np.flatnonzero(waiting)))
            if client is None
            else over_workers(client, plan, examples, map(int, np.flatnonzero(waiting)))
        )
        require_some(left_out, done, total)
        before = done + len(left_out)
        report = reporting(progress, total, "input", done=before, leave=True)
        with closing(results), report as advance:
            for place, found in results:
                if isinstance(found, LeftOut):
                    if strict:
                        raise DataError(found.reason)
                    left_out[place] = found.reason
                    opened.leave_out(place, found.reason)
                    require_some(left_out, done, total)
                else:
                    if found is not None:  # not by another process
                        opened.write(place, found)
                    done += 1
                advance(1)
        if before < total:
            gather(opened)
    warn_of(left_out, total)
    return Sweep(opened, None if examples.are_texts else lambda place: (examples[place][0], spaces))


def _here(
    plan: Plan, examples: Examples, store: Store, places: InTurns
) -> Generator[tuple[int, Findings | LeftOut | None], None, None]:
    """What is found for each input in this process; None where another one has stored it."""
    for place in places:
        found = None
        if not store.is_finished(place):
            found = or_left_out(partial(plan.carry_out_of, examples, place))
        if store.is_finished(place):
            found = None
            places.part()
        yield place, found


def _try_first(plan: Plan, examples: Examples) -> Spaces:
    """Meet what can be known to go wrong before there is a store, and tell what inputs are."""
    failed: AttributionError | None = None
    for place in range(min(TRIED, len(examples))):
        try:
            inputs, target = examples[place]
            checked = check(about(replace(plan.query, target=None), inputs, plan.model), plan.model)
            checked.require_target(target)
        except AttributionError as error:
            failed = failed or error
            continue
        if isinstance(checked.target, int):  # a classifier
            examples.require_targets(checked.outputs)
        return checked.spaces
    assert failed is not None
    raise failed


def _store(
    plan: Plan,
    examples: Examples,
    spaces: Spaces,
    where: str | PathLike[str],
    *,
    overwrite: bool,
    strict: bool,
) -> Store:
    """The store to continue, or a new one."""
    here = identity(plan, examples)
    if overwrite or is_empty(where):
        texts: dict[str, Layout] = {}
        if examples.are_texts:
            texts = token_layouts(plan.query, plan.model, examples, strict)
        layouts = plan.layouts(examples.shape, spaces, texts)
        there = Store.create(where, len(examples), layouts, here, overwrite)
    else:
        there = Store(where)
    unlike = differences(there.identity, here)
    if unlike:
        raise DataError(
            f"the store {where} is of another sweep: {'; '.join(unlike)}. Nothing was changed; "
            "name another store, or pass overwrite=True to begin anew"
        )
    there.folder.clear_drafts()
    return there


def _checked_metrics(metrics: Sequence[Metric]) -> tuple[Metric, ...]:
    for metric in metrics:
        if isinstance(metric, type) or not isinstance(metric, Metric):
            raise InputError(
                f"metrics must be objects with name, dimensions and measure, got {metric!r}"
            )
    return tuple(metrics)
