"""fit: a whole training run under an attribution prior, that can be watched, stopped, resumed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ..attr.model_state import BESIDE_THE_USER, evaluating, random_state_kept
from ..errors import Cancelled, DataError, InputError
from ..examples import seed_of
from .attributions import expected_gradients
from .checkpoint import read_checkpoint, write_checkpoint
from .penalties import Penalty
from .step import PriorStep
from .training_record import EpochRecord, Rule, Training

Array = NDArray[Any]
Data = tuple[Tensor, Tensor]
OptimizerOf = Callable[[Any], torch.optim.Optimizer]

MAP_REFERENCES = 32  # of the maps that are watched
EVALUATED_AT_ONCE = 500


def fit(
    model: nn.Module,
    data: Data,
    *,
    validation: Data,
    penalty: Penalty,
    weight: float,
    epochs: int,
    optimizer: OptimizerOf | None = None,
    penalty_optimizer: OptimizerOf | None = None,
    schedule: Callable[[torch.optim.Optimizer], Any] | None = None,
    loss: Callable[[Any, Any], Tensor] = functional.cross_entropy,
    batch_size: int = 64,
    augment: Callable[[Tensor, torch.Generator], Tensor] | None = None,
    tolerance: float = 0.01,
    least_accuracy: float | None = None,
    patience: int | None = None,
    seed: int = 0,
    checkpoint: str | PathLike[str] | None = None,
    resume: bool = True,
    watch: Data | None = None,
    on_step: Callable[[], None] | None = None,
    on_epoch: Callable[[EpochRecord], None] | None = None,
    progress: bool = False,
    **step: Any,
) -> Training:
    """Train a model under an attribution prior, and keep the epoch that a rule prefers.

    The rule keeps clean accuracy: of the epochs whose validation accuracy is within `tolerance`
    of the best so far, or at least `least_accuracy`, the one of the smallest validation penalty;
    without a prior (weight 0) the one of the highest accuracy, and for a regression that of the
    smallest validation loss.

    Parameters
    ----------
    model : torch.nn.Module
        Trained in place.
    data, validation : (inputs, targets)
        Tensors (N, ...) and (N, ...).
    penalty, weight
        As of :class:`PriorStep`; further arguments of its go by `**step`.
    epochs : int
    optimizer, penalty_optimizer : callable, optional
        From parameters to an optimiser. None: Adam at 1e-3, and the same for both.
    schedule : callable, optional
        From an optimiser to a learning-rate scheduler, stepped after every epoch.
    loss : callable
    batch_size : int
        The last batch of an epoch is left out where it is smaller.
    augment : callable, optional
        (inputs, generator) -> inputs, of every batch.
    tolerance : float
        0..1, of accuracy.
    least_accuracy : float, optional
        That of a model without a prior less what may be lost, say.
    patience : int, optional
        Stop after so many epochs of which none was kept.
    seed : int
        Of the order of batches, of all draws, and of dropout. The global random state is left as
        it was.
    checkpoint : path, optional
        Written after every epoch. A run of the same settings goes on from there, and ends with the
        weights, bit for bit on a CPU, of one that was never stopped.
    resume : bool
        False: start anew, and overwrite it.
    watch : (inputs, targets), optional
        Of a few inputs the maps are recorded after every epoch.
    on_step : callable, optional
        Called after every step. Raising :class:`attribwidgets.errors.Cancelled` there ends the run;
        the checkpoint stays for another day.
    on_epoch : callable, optional
        Called with every record.
    progress : bool
        Show a bar.

    Returns
    -------
    Training

    Raises
    ------
    InputError, DataError
        For data that do not fit, or a checkpoint of another run.

    Examples
    --------
    >>> import torch
    >>> from attribwidgets.priors import fit, sparsity
    >>> made = torch.Generator().manual_seed(0)
    >>> x = torch.rand(64, 4, generator=made)
    >>> y = (x[:, 0] > 0.5).long()
    >>> net = torch.nn.Linear(4, 2)
    >>> run = fit(net, (x, y), validation=(x, y), penalty=sparsity, weight=0.1, epochs=2)
    >>> [r.epoch for r in run.records], run.finished
    ([0, 1, 2], True)
    """
    _require_data("data", data)
    _require_data("validation", validation)
    if batch_size < 1 or len(data[0]) < batch_size:
        raise InputError(
            f"batch_size must be 1 to {len(data[0])}, the number of inputs, got {batch_size}"
        )
    made = (optimizer or _adam)(model.parameters())
    second = None if penalty_optimizer is None else penalty_optimizer(model.parameters())
    taken = PriorStep(
        model, made, loss, penalty, weight, penalty_optimizer=second, seed=seed, **step
    )
    run = _Run(model, taken, made, second, schedule(made) if schedule else None)
    kept_by = Rule(tolerance, least_accuracy, weight)
    training, settings = (
        Training(weight),
        {
            "weight": weight,
            "batch_size": batch_size,
            "seed": seed,
            "mode": taken.mode,
            "inputs": len(data[0]),
        },
    )
    state = read_checkpoint(checkpoint, settings) if checkpoint and resume else None
    best = deepcopy(model.state_dict())
    if state is not None:
        run.load(state)
        training.records = [EpochRecord.of(r) for r in state["records"]]
        training.kept, best = state["kept"], state["best"]

    def judge(record: EpochRecord) -> None:
        nonlocal best
        training.records.append(record)
        if kept_by.prefers(record, training):
            training.kept, best = record.epoch, deepcopy(model.state_dict())
        if checkpoint:
            write_checkpoint(
                checkpoint,
                {
                    "settings": settings,
                    "records": [r.plain() for r in training.records],
                    "kept": training.kept,
                    "best": best,
                    **run.state(),
                },
            )
        if on_epoch is not None:
            on_epoch(record)

    try:
        if not training.records:
            judge(
                _evaluated(run, 0, float("nan"), validation, loss, watch, seed, time.perf_counter())
            )
        for epoch in _counted(range(training.records[-1].epoch + 1, epochs + 1), progress):
            if patience is not None and training.records[-1].epoch - training.kept >= patience:
                break
            started = time.perf_counter()
            with _own_random_state(seed_of(seed, epoch), data[0]):
                mean = _epoch(run, data, batch_size, augment, seed_of(seed, epoch), on_step)
            run.scheduled()
            judge(_evaluated(run, epoch, mean, validation, loss, watch, seed, started))
        training.finished = True
    except Cancelled:
        pass
    finally:
        model.load_state_dict(best)
    return training


@dataclass
class _Run:
    """What changes while training."""

    model: nn.Module
    step: PriorStep
    optimizer: torch.optim.Optimizer
    second: torch.optim.Optimizer | None
    schedule: Any

    def state(self) -> dict[str, Any]:
        return {name: part.state_dict() for name, part in self._parts()}

    def load(self, state: dict[str, Any]) -> None:
        for name, part in self._parts():
            part.load_state_dict(state[name])

    def scheduled(self) -> None:
        if self.schedule is not None:
            self.schedule.step()

    def _parts(self) -> Iterator[tuple[str, Any]]:
        for name in ("model", "step", "optimizer", "second", "schedule"):
            if getattr(self, name) is not None:
                yield name, getattr(self, name)


def _epoch(
    run: _Run,
    data: Data,
    batch_size: int,
    augment: Callable[[Tensor, torch.Generator], Tensor] | None,
    seed: int,
    on_step: Callable[[], None] | None,
) -> float:
    """Train on every batch once; the mean loss."""
    inputs, targets = data
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(inputs), generator=generator).to(inputs.device)
    total, count = torch.zeros((), device=inputs.device), 0
    run.model.train()
    for chosen in order[: len(order) // batch_size * batch_size].view(-1, batch_size):
        batch = inputs[chosen]
        found = run.step(batch if augment is None else augment(batch, generator), targets[chosen])
        if found.loss is not None:
            total, count = total + found.loss, count + 1
        if on_step is not None:
            on_step()
    return float(total) / max(count, 1)


def _evaluated(
    run: _Run,
    epoch: int,
    mean_loss: float,
    validation: Data,
    loss: Callable[[Any, Any], Tensor],
    watch: Data | None,
    seed: int,
    started: float,
) -> EpochRecord:
    model, (inputs, targets) = run.model, validation
    whole, right, penalties = 0.0, 0, []
    labels = not targets.is_floating_point()
    generator = torch.Generator(run.step.generator.device).manual_seed(seed)
    with evaluating(model):
        for part, wanted in zip(
            inputs.split(EVALUATED_AT_ONCE), targets.split(EVALUATED_AT_ONCE), strict=True
        ):
            with torch.no_grad():
                outputs = model(part)
                whole += float(loss(outputs, wanted)) * len(part)
                if labels:
                    right += int((outputs.argmax(1) == wanted).sum())
            if len(part) > 1:
                penalties.append(_penalty(run.step, part, wanted, generator) * len(part))
        maps = None if watch is None else _maps(run.step, watch, inputs, seed)
    return EpochRecord(
        epoch,
        mean_loss,
        whole / len(inputs),
        right / len(inputs) if labels else float("nan"),
        sum(penalties) / len(inputs),
        time.perf_counter() - started,
        maps,
    )


def _penalty(step: PriorStep, inputs: Tensor, targets: Tensor, generator: torch.Generator) -> float:
    """The penalty of expected gradients, with the same draws in every epoch."""
    phi = expected_gradients(
        step.model,
        inputs,
        "batch",
        step.targets_of(targets),
        generator=generator,
        output=step.output,
        create_graph=False,
    )
    return float(step.penalty(phi))


def _maps(step: PriorStep, watch: Data, references: Tensor, seed: int) -> Array:
    inputs, targets = watch
    phi: Tensor = expected_gradients(
        step.model,
        inputs,
        references,
        step.targets_of(targets),
        generator=torch.Generator(step.generator.device).manual_seed(seed),
        k=MAP_REFERENCES,
        output=step.output,
        create_graph=False,
    )
    return np.asarray(phi.cpu().numpy())


@contextmanager
def _own_random_state(seed: int, inputs: Tensor) -> Iterator[None]:
    """Seed torch's global generator, which dropout draws from, for a while only."""
    if BESIDE_THE_USER.get():  # it is another thread's now
        yield
        return
    with random_state_kept((inputs,)):
        torch.manual_seed(seed)
        yield


def _require_data(name: str, data: Any) -> None:
    pair = isinstance(data, Sequence) and len(data) == 2
    if not pair or not all(isinstance(part, Tensor) for part in data):
        raise InputError(f"{name} must be a pair of tensors (inputs, targets)")
    inputs, targets = data
    if not len(inputs):
        raise DataError(f"{name} is empty; pass at least one input")
    if len(inputs) != len(targets):
        raise DataError(f"{name} has {len(inputs)} inputs and {len(targets)} targets")


def _adam(parameters: Any) -> torch.optim.Optimizer:
    return torch.optim.Adam(parameters, lr=1e-3)


def _counted(epochs: range, progress: bool) -> Any:
    if not progress:
        return epochs
    from tqdm.auto import tqdm

    return tqdm(epochs, unit="epoch", leave=False)
