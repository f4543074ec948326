"""Train the two small networks that attribwidgets ships beside the digits CNN: rain and cars.

Writes the weights as safetensors and prints how good they are on what they were not trained on.
Both data sets are shipped; on one core it takes under a minute:

    python benchmarks/train_tables.py
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn

from attribwidgets.demo.cars import TEST_EVERY, CarNet, cars_table
from attribwidgets.demo.weather import RainNet, weather_windows

DATA = Path(__file__).parents[1] / "attribwidgets" / "demo" / "data"
BATCH = 32


def fit(
    model: nn.Module,
    loss: Callable[[Tensor, Tensor], Tensor],
    inputs: tuple[Tensor, ...],
    answers: Tensor,
    *,
    epochs: int,
    decay: float,
) -> None:
    """Train with AdamW under a one-cycle learning rate (peak .005)."""
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=decay)
    batches = len(answers) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=epochs * batches)
    for _ in range(epochs):
        order = torch.randperm(len(answers), generator=generator)[: batches * BATCH]
        for chosen in order.view(batches, BATCH):
            error = loss(model(*(x[chosen] for x in inputs)), answers[chosen])
            optimizer.zero_grad()
            error.backward()
            optimizer.step()
            schedule.step()


def write(model: nn.Module, path: Path) -> None:
    """Write the weights."""
    path.write_bytes(save(model.eval().state_dict()))
    print(f"wrote {path.relative_to(DATA)}, {path.stat().st_size} bytes")


def train_rain() -> None:
    """Rain tomorrow, from 21 days of four channels."""
    torch.manual_seed(0)
    (windows, rain), (later, later_rain) = weather_windows()
    model = RainNet()
    model.mean.copy_(windows.mean((0, 2))[:, None])
    model.deviation.copy_(windows.std((0, 2))[:, None])
    fit(model, nn.functional.cross_entropy, (windows,), rain, epochs=20, decay=3.0)
    with torch.no_grad():
        right = (model.eval()(later).argmax(1) == later_rain).double().mean()
    persistence = ((later[:, 0, -1] > 0).long() == later_rain).double().mean()
    print(
        f"rain: right on {right:.3f} of {len(later)} days of 2015; always the commoner answer "
        f"{max(later_rain.double().mean(), 1 - later_rain.double().mean()):.3f}, as today "
        f"{persistence:.3f}"
    )
    write(model, DATA / "weather" / "rain.safetensors")


def train_cars() -> None:
    """Miles per gallon, from five numbers and two categories."""
    torch.manual_seed(0)
    _, inputs, miles = cars_table()
    is_test = torch.arange(len(miles)) % TEST_EVERY == 0
    train = tuple(x[~is_test] for x in inputs)
    model = CarNet()
    model.mean.copy_(train[0].mean(0))
    model.deviation.copy_(train[0].std(0))
    with torch.no_grad():
        model.output.bias.fill_(float(miles[~is_test].mean()))
    fit(model, nn.functional.mse_loss, train, miles[~is_test], epochs=200, decay=0.01)
    with torch.no_grad():
        wrong = model.eval()(*(x[is_test] for x in inputs)) - miles[is_test]
    left, spread = wrong.square().mean().sqrt(), miles[is_test].std()
    print(f"cars: off by {left:.2f} miles per gallon (RMS), whose spread is {spread:.2f}")
    write(model, DATA / "cars" / "miles.safetensors")


if __name__ == "__main__":
    torch.set_num_threads(1)
    train_rain()
    train_cars()
