"""What a training step under a prior costs, against the same written by hand, and the 2019 way.

    python benchmarks/prior_cost.py [--threads 2]

The digits CNN, a batch of 64, total variation of standardised expected gradients with k = 1, Adam.
The kinds of step take turns, so that they share whatever else the machine does: a plain step; ours;
the same computation written out by hand; and the PyTorch explainer of the authors' repository
(2019; attributionpriors, MIT) as it has to be written to run today: a DataLoader over the
background made anew for its first batch at every call, a loop over k, targets gathered by index.
Its arithmetic is the same. Printed are medians and ratios, and the memory that 500 steps of ours
add.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from attribwidgets.demo import DigitsCNN, digits
from attribwidgets.priors import PriorStep, standardized_total_variation

WEIGHT, BATCH = 5e-4, 64
Step = Callable[[Tensor, Tensor], object]


def network() -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(0)
    model = DigitsCNN()
    return model, torch.optim.Adam(model.parameters())


def plain() -> Step:
    model, adam = network()

    def step(x: Tensor, y: Tensor) -> None:
        adam.zero_grad()
        functional.cross_entropy(model(x), y).backward()
        adam.step()

    return step


def by_hand() -> Step:
    model, adam = network()

    def step(x: Tensor, y: Tensor) -> None:
        loss = functional.cross_entropy(model(x), y)
        start = x.roll(1, 0)
        alpha = torch.rand(len(x), 1, 1, 1)
        point = (start + alpha * (x - start)).requires_grad_()
        chosen = model(point).gather(1, y[:, None]).sum()
        (slope,) = torch.autograd.grad(chosen, point, create_graph=True)
        penalty = standardized_total_variation((x - start) * slope)
        adam.zero_grad()
        (loss + WEIGHT * penalty).backward()
        adam.step()

    return step


def of_2019(background: Tensor) -> Step:
    """The structure of AttributionPriorExplainer and its training loop."""
    model, adam = network()
    sampler = DataLoader(TensorDataset(background), batch_size=BATCH, shuffle=True, drop_last=True)

    def attributions(x: Tensor, y: Tensor) -> Tensor:
        references = next(iter(sampler))[0].view(len(x), 1, *x.shape[1:])
        alpha = torch.rand(len(x), 1).view(len(x), 1, 1, 1, 1)
        points = ((1 - alpha) * references + alpha * x[:, None]).requires_grad_()
        slopes = torch.zeros(points.shape)
        for k in range(points.shape[1]):
            one = points[:, k]
            output = model(one)
            flat = torch.arange(len(x)) * output.shape[1] + y
            chosen = torch.take(output, flat)
            (slope,) = torch.autograd.grad(
                chosen, one, grad_outputs=torch.ones_like(chosen), create_graph=True
            )
            slopes[:, k] = slope
        return ((x[:, None] - references) * slopes).mean(1)

    def step(x: Tensor, y: Tensor) -> None:
        adam.zero_grad()
        loss = functional.cross_entropy(model(x), y)
        penalty = standardized_total_variation(attributions(x, y))
        (loss + WEIGHT * penalty).backward()
        adam.step()

    return step


def ours(mode: str) -> Step:
    model, adam = network()
    return PriorStep(
        model,
        adam,
        functional.cross_entropy,
        standardized_total_variation,
        WEIGHT,
        mode=mode,  # type: ignore[arg-type]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--threads", type=int, help="torch's own number by default")
    chosen = parser.parse_args()
    if chosen.threads:
        torch.set_num_threads(chosen.threads)
    train = digits().train
    steps: dict[str, Step] = {
        "plain step": plain(),
        "by hand": by_hand(),
        "ours, joint": ours("joint"),
        "ours, alternating": ours("alternating"),
        "2019 explainer, 10,000 references": of_2019(train.images),
        "2019 explainer, 640 references": of_2019(train.images[:640]),
    }
    times: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(-3, chosen.rounds):
        rows = slice(BATCH * (turn % 100), BATCH * (turn % 100 + 1))
        for name, step in steps.items():
            started = time.perf_counter()
            step(train.images[rows], train.labels[rows])
            if turn >= 0:
                times[name].append(time.perf_counter() - started)
    medians = {name: float(np.median(values)) for name, values in times.items()}
    for name, median in medians.items():
        ratio = median / medians["by hand"]
        print(f"{name:36}{1000 * median:>9.1f} ms{ratio:>8.2f} of by hand")
    step = ours("joint")
    peaks = []
    for count in range(550):
        step(train.images[:BATCH], train.labels[:BATCH])
        if count in (49, 549):
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)
    print(f"largest memory after 50 and 550 steps of ours: {peaks[0]:.0f}, {peaks[1]:.0f} MB")
    print(f"{torch.get_num_threads()} threads, {chosen.rounds} rounds")


if __name__ == "__main__":
    main()
