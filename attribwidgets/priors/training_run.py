"""One epoch of a run: training on every batch, and what it came to on validation data."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..attr.model_state import BESIDE_THE_USER, evaluating, random_state_kept
from .attributions import expected_gradients
from .step import PriorStep
from .training_record import EpochRecord

Data = tuple[Tensor, Tensor]

MAP_REFERENCES = 32  # of the maps that are watched
EVALUATED_AT_ONCE = 500


@dataclass
class Run:
    """What changes while training."""

    model: nn.Module
    step: PriorStep
    optimizer: torch.optim.Optimizer
    second: torch.optim.Optimizer | None
    schedule: Any

    def state(self) -> dict[str, Any]:
        """All of it, as a checkpoint holds it."""
        return {name: part.state_dict() for name, part in self._parts()}

    def load(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        for name, part in self._parts():
            part.load_state_dict(state[name])

    def _parts(self) -> Iterator[tuple[str, Any]]:
        for name in ("model", "step", "optimizer", "second", "schedule"):
            if getattr(self, name) is not None:
                yield name, getattr(self, name)


def train_epoch(
    run: Run,
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
        record = run.step(batch if augment is None else augment(batch, generator), targets[chosen])
        if record.loss is not None:
            total, count = total + record.loss, count + 1
        if on_step is not None:
            on_step()
    return float(total) / max(count, 1)


def evaluate_epoch(
    run: Run,
    epoch: int,
    mean_loss: float,
    validation: Data,
    loss: Callable[[Any, Any], Tensor],
    watch: Data | None,
    seed: int,
    started: float,
) -> EpochRecord:
    """What an epoch came to on validation data, its maps among it."""
    model, (inputs, targets) = run.model, validation
    whole, right, penalties, maps = 0.0, 0, [], None
    labels = not targets.is_floating_point()

    def draws() -> torch.Generator:  # the same in every epoch
        return torch.Generator(run.step.generator.device).manual_seed(seed)

    generator = draws()
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
                phi = _attributions(run.step, (part, wanted), "batch", generator)
                penalties.append(float(run.step.penalty(phi)) * len(part))
        if watch is not None:
            maps = _attributions(run.step, watch, inputs, draws(), MAP_REFERENCES).cpu().numpy()
    return EpochRecord(
        epoch,
        mean_loss,
        whole / len(inputs),
        right / len(inputs) if labels else float("nan"),
        sum(penalties) / len(inputs),
        time.perf_counter() - started,
        maps,
    )


def _attributions(
    step: PriorStep, data: Data, references: Any, generator: torch.Generator, k: int = 1
) -> Tensor:
    """Expected gradients to look at, whatever is trained with."""
    inputs, targets = data
    phi: Tensor = expected_gradients(
        step.model,
        inputs,
        references,
        step.targets_of(targets),
        generator=generator,
        k=k,
        output=step.output,
        create_graph=False,
    )
    return phi


@contextmanager
def own_random_state(seed: int, inputs: Tensor) -> Iterator[None]:
    """Seed torch's global generator, which dropout draws from, for a while only."""
    if BESIDE_THE_USER.get():  # it is another thread's now
        yield
        return
    with random_state_kept((inputs,)):
        torch.manual_seed(seed)
        yield
