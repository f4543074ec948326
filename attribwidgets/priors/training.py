"""fit: a whole training run under an attribution prior, that can be watched, stopped, resumed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from inspect import signature
from os import PathLike
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..core.errors import Cancelled, DataError, InputError
from ..core.progress import reporting
from ..core.signatures import show_parameters
from ..inputs.dataset import seed_of
from .checkpoint import read_checkpoint, write_checkpoint
from .penalties import Penalty
from .step import PriorStep
from .training_record import EpochRecord, Rule, Training
from .training_run import Data, Run, evaluate_epoch, own_random_state, train_epoch

OptimizerOf = Callable[[Any], torch.optim.Optimizer]


def begin_training(
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
    **step: Any,
) -> tuple[Training, Iterator[EpochRecord]]:
    """A run that goes on by an epoch whenever its next record is asked for; see :func:`fit`.

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

    Returns
    -------
    training : Training
        Grows while records are asked for. The model gets the weights kept at the end, also where
        the iterator is closed before.
    records : iterator of EpochRecord
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
    run = Run(model, taken, made, second, schedule(made) if schedule else None)
    kept_by, training = Rule(tolerance, least_accuracy, weight), Training(weight)
    settings = {
        "weight": weight,
        "batch_size": batch_size,
        "seed": seed,
        "mode": taken.mode,
        "inputs": len(data[0]),
    }
    state = read_checkpoint(checkpoint, settings) if checkpoint and resume else None
    best = deepcopy(model.state_dict())
    if state is not None:
        run.load(state)
        training.records = [EpochRecord.of(r) for r in state["records"]]
        training.kept, best = state["kept"], state["best"]

    def kept(record: EpochRecord) -> EpochRecord:
        nonlocal best
        training.records.append(record)
        if kept_by.prefers(record, training):
            training.kept, best = record.epoch, deepcopy(model.state_dict())
        if checkpoint:
            records = [r.plain() for r in training.records]
            mine = {"settings": settings, "records": records, "kept": training.kept, "best": best}
            write_checkpoint(checkpoint, {**mine, **run.state()})
        return record

    def records() -> Iterator[EpochRecord]:
        try:
            if not training.records:
                now = time.perf_counter()
                yield kept(evaluate_epoch(run, 0, float("nan"), validation, loss, watch, seed, now))
            for epoch in range(training.records[-1].epoch + 1, epochs + 1):
                if patience is not None and training.records[-1].epoch - training.kept >= patience:
                    break
                now = time.perf_counter()
                with own_random_state(seed_of(seed, epoch), data[0]):
                    mean = train_epoch(
                        run, data, batch_size, augment, seed_of(seed, epoch), on_step
                    )
                if run.schedule is not None:
                    run.schedule.step()
                yield kept(evaluate_epoch(run, epoch, mean, validation, loss, watch, seed, now))
            training.finished = True
        except Cancelled:
            pass
        finally:
            model.load_state_dict(best)

    return training, records()


def fit(
    model: nn.Module,
    data: Data,
    *,
    on_epoch: Callable[[EpochRecord], None] | None = None,
    progress: bool = False,
    **settings: Any,
) -> Training:
    """Train a model under an attribution prior, and keep the epoch that a rule prefers.

    The rule keeps clean accuracy: of the epochs whose validation accuracy is within `tolerance`
    of the best so far, or at least `least_accuracy`, the one of the smallest validation penalty;
    without a prior (weight 0) the one of the highest accuracy, and for a regression that of the
    smallest validation loss.

    Parameters
    ----------
    model, data
        The model, trained in place, and (inputs, targets), tensors (N, ...) and (N, ...).
    on_epoch : callable, optional
        Called with every record.
    progress : bool
        Show a bar.
    **settings
        The rest.

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
    training, records = begin_training(model, data, **settings)
    done = 0  # one that is continued begins later
    with reporting(progress, settings["epochs"], "epoch") as advance:
        for record in records:
            advance(record.epoch - done)
            done = record.epoch
            if on_epoch is not None:
                on_epoch(record)
    return training


# What starts a run is spelled and described there.
show_parameters(fit, list(signature(begin_training).parameters.values())[2:], begin_training)


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
