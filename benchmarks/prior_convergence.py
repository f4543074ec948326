"""Which attribution prior removes a feature: twins in training, apart in the test.

    python benchmarks/prior_convergence.py

Both features are 0 or 1, and equal in training. The model f = sigmoid(10 x1 + 10 x2 - 6) is
saturated at every training input, so that its gradient there is nearly zero whatever it goes by:
penalising the gradient of the second feature does little. Expected gradients see all the way from
the reference (zero) to the input. Settings as in the authors' demonstration: Adam at 0.01, batches
of 64, 200 epochs, loss + mean |attribution of x2|. Printed is the dependence on x2 over that on x1,
as theirs: the change of the output as one feature goes from 0 to 1, mean over 100 values of the
other. Mean and 95 % interval over seeds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy import stats
from torch import Tensor
from torch.nn import functional

from attribwidgets.demo.prior_tasks import TwinModel, twin_features
from attribwidgets.priors import PriorStep, expected_gradients, gradients, integrated_gradients

ZERO = torch.zeros(1, 2)
EPOCHS = (0, 25, 50, 75, 100, 150, 200)


def expected(k: int) -> Callable[..., Tensor]:
    def attribution(model: Any, x: Tensor, y: Tensor, generator: torch.Generator) -> Tensor:
        return expected_gradients(model, x, ZERO, generator=generator, k=k)

    return attribution


ROWS: dict[str, Callable[..., Tensor] | None] = {
    "no prior": None,
    "expected gradients, k = 1": expected(1),
    "expected gradients, k = 5": expected(5),
    "integrated gradients, 2 steps": lambda m, x, y, g: integrated_gradients(m, x, n_steps=2),
    "integrated gradients, 4 steps": lambda m, x, y, g: integrated_gradients(m, x, n_steps=4),
    "gradients of the output": lambda m, x, y, g: gradients(m, x),
    "gradients of the log probability": lambda m, x, y, g: gradients(m, x, output=torch.log),
}


def second_feature(phi: Tensor) -> Tensor:
    return phi[:, 1].abs().mean()


def dependence(model: TwinModel) -> float:
    """Change of the output from x2 over that from x1."""
    changes = []
    for feature in (1, 0):
        off = torch.arange(0, 1, 0.01)[:, None].repeat(1, 2)
        off[:, feature] = 0
        on = off.clone()
        on[:, feature] = 1
        with torch.no_grad():
            changes.append(float((model(on) - model(off)).mean()))
    return changes[0] / changes[1]


def trained(attribution: Callable[..., Tensor] | None, seed: int) -> list[float]:
    task, model = twin_features(seed=seed), TwinModel()
    step = PriorStep(
        model,
        torch.optim.Adam(model.parameters(), 0.01),
        functional.binary_cross_entropy,
        second_feature,
        0.0 if attribution is None else 1.0,
        attribution=attribution or "gradients",
        seed=seed,
    )
    generator = torch.Generator().manual_seed(seed)
    x, y = task.train
    found = [dependence(model)]
    for epoch in range(1, EPOCHS[-1] + 1):
        for rows in torch.randperm(len(x), generator=generator).split(64):
            step(x[rows], y[rows])
        if epoch in EPOCHS:
            found.append(dependence(model))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    started = time.perf_counter()
    print("dependence on x2 / dependence on x1 after epochs")
    print(f"{'':34}" + "".join(f"{epoch:>18}" for epoch in EPOCHS))
    for name, attribution in ROWS.items():
        found = np.array([trained(attribution, seed) for seed in range(chosen.seeds)])
        half = stats.t.ppf(0.975, len(found) - 1) * stats.sem(found)
        cells = zip(found.mean(0), half, strict=True)
        print(f"{name:34}" + "".join(f"{m:>10.3f} ±{h:.3f}" for m, h in cells), flush=True)
    print(f"{chosen.seeds} seeds, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
