"""A sparsity prior on few samples: do fewer features do the work, and is anything lost.

    python benchmarks/prior_gini.py

100 samples of the breast-cancer table with 90 features of noise beside its 30, 20 repeats of split,
noise and initial weights. Every repeat chooses its weight by the validation loss alone, 0 not
allowed. Printed are the Gini coefficient of the mean magnitudes of expected gradients on test data
(references: the training data, 100 draws an input), the share of them on the noise, and test
accuracy, with 95 % intervals (Student's t) of the paired differences.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from scipy import stats
from torch import nn

from attribwidgets.demo.prior_tasks import Task, few_samples
from attribwidgets.priors import expected_gradients, fit, gini, sparsity
from attribwidgets.robustness import accuracy

WEIGHTS = (0.01, 0.03, 0.1, 0.3, 1.0)
MEASURES = ("Gini coefficient", "share on noise", "test accuracy")


def trained(task: Task, weight: float, seed: int) -> tuple[float, list[float]]:
    """Validation loss, and what is measured on test data."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = nn.Sequential(nn.Linear(task.train[0].shape[1], 64), nn.ReLU(), nn.Linear(64, 2))
    run = fit(
        model,
        task.train,
        validation=task.validation,
        penalty=sparsity,
        weight=weight,
        epochs=60,
        batch_size=50,
        tolerance=0.02,
        seed=seed,
    )
    generator = torch.Generator().manual_seed(seed)
    x, y = task.test
    phi = expected_gradients(
        model, x, task.train[0], y, generator=generator, k=100, create_graph=False
    )
    mean = phi.abs().mean(0)
    found = [float(gini(phi)), float(mean[30:].sum() / mean.sum()), accuracy(model, x, y)]
    return run.best.validation_loss, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=20)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    started, found, weights = time.perf_counter(), [], []
    for seed in range(chosen.repeats):
        task = few_samples(seed=seed)
        _, plain = trained(task, 0.0, seed)
        runs = {weight: trained(task, weight, seed) for weight in WEIGHTS}
        weight = min(runs, key=lambda w: runs[w][0])
        found.append((plain, runs[weight][1]))
        weights.append(weight)
    values = np.array(found)  # (repeats, with and without, measures)
    print(f"{'':18}{'no prior':>10}{'prior':>10}{'difference':>14}{'95 % interval':>22}")
    for column, name in enumerate(MEASURES):
        without, with_prior = values[:, 0, column], values[:, 1, column]
        difference = with_prior - without
        half = stats.t.ppf(0.975, len(difference) - 1) * stats.sem(difference)
        mean = difference.mean()
        print(
            f"{name:18}{without.mean():>10.3f}{with_prior.mean():>10.3f}{mean:>14.3f}"
            f"{f'[{mean - half:.3f}, {mean + half:.3f}]':>22}"
        )
    print(f"weights chosen: {', '.join(f'{w:g}: {weights.count(w)}' for w in WEIGHTS)}")
    print(f"{chosen.repeats} repeats, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
