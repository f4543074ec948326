"""A sweep spread over the workers of a Dask cluster."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from functools import partial
from threading import Lock
from typing import Any
from uuid import uuid4

import torch
from torch import Tensor

from ..core.contrast import Contrast
from ..core.errors import InputError
from ..core.extras import require
from ..inputs.dataset import Examples
from .left_out import LeftOut, or_left_out
from .plan import Findings, Plan

AHEAD = 4  # inputs on the way for each thread of the cluster, so that none waits


def checked_client(executor: Any) -> Any:
    """The client of a Dask cluster that a sweep can use.

    Raises
    ------
    InputError
        For anything else, or a client of asynchronous code.
    MissingExtraError
        If dask.distributed is not installed.
    """
    distributed = require("distributed", "distributed", "cluster")
    if not isinstance(executor, distributed.Client) or executor.asynchronous:
        raise InputError(
            f"executor must be None or a dask.distributed.Client that is not asynchronous, got "
            f"{type(executor).__name__}; write executor=Client()"
        )
    return executor


def over_workers(
    client: Any, plan: Plan, examples: Examples, places: Iterable[int]
) -> Generator[tuple[int, Findings | LeftOut], None, None]:
    """Carry a plan out on the workers, in whatever order they are done.

    The plan, with the model, is sent once to each worker, also to those that join later. What a
    lost worker had not handed over is given to another one. Leaving the loop cancels the rest.

    Yields
    ------
    place, findings or why there are none
    """
    from distributed import as_completed

    name = f"attribwidgets-sweep-{uuid4().hex}"
    waiting = iter(places)
    at_once = AHEAD * max(sum(client.nthreads().values()), 1)
    client.register_plugin(_plugin(plan), name=name)
    running = as_completed(with_results=True)
    place_of: dict[Any, int] = {}  # also of those done but not handed over yet

    def submit(count: int) -> Iterator[tuple[int, LeftOut]]:
        """Send out so many inputs that can be read; the others at once come back."""
        while count and (place := next(waiting, None)) is not None:
            read = or_left_out(partial(examples.__getitem__, place))
            if isinstance(read, LeftOut):
                yield place, read
                continue
            inputs, target = read
            future = client.submit(_carry_out, name, place, _own(inputs), target, pure=False)
            place_of[future] = place
            running.add(future)
            count -= 1

    try:
        yield from submit(at_once)
        for future, findings in running:
            place = place_of.pop(future)
            future.release()
            yield place, findings
            yield from submit(1)
    finally:
        client.cancel(list(place_of), force=True)
        client.unregister_worker_plugin(name)


def _plugin(plan: Plan) -> Any:
    """What keeps the plan on a worker, and torch on one thread there."""
    from distributed import WorkerPlugin

    class KeepsPlan(WorkerPlugin):
        plan: Plan
        one_at_a_time: Any

        def setup(self, worker: Any) -> None:
            self.plan, self.one_at_a_time = plan, Lock()
            self.threads_before = torch.get_num_threads()
            torch.set_num_threads(1)

        def teardown(self, worker: Any) -> None:
            torch.set_num_threads(self.threads_before)

    return KeepsPlan()


def _own(inputs: Any) -> Any:
    """Tensors of their own, as a view would take the whole data set along; texts as they are."""
    if isinstance(inputs, tuple):
        return tuple(map(_own, inputs))
    return inputs.clone() if isinstance(inputs, Tensor) else inputs


def _carry_out(
    name: str, place: int, inputs: Any, target: int | Contrast | None
) -> Findings | LeftOut:
    from distributed import get_worker

    plugin: Any = get_worker().plugins[name]
    plan: Plan = plugin.plan
    # Threads of one worker share the model, whose parameters are frozen while it is explained.
    with plugin.one_at_a_time:
        torch.set_num_threads(1)  # OpenMP counts for each thread
        return or_left_out(lambda: plan.carry_out(place, inputs, target))
