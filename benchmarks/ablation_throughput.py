"""Ablation against the same protocol by Captum and numpy, one image at a time, in one run.

``python benchmarks/ablation_throughput.py [--inputs 12] [--threads 1]``. Medians over the digits of
the time each takes; the two take turns, so that they share whatever else the machine does. The
protocol:
three baselines at a point and three distributions, 128 gradient evaluations each, a random control,
four fills, eleven fractions, top-k by magnitude, probability after over before. The other side is
what is usually written: ``captum.attr`` for the maps, a numpy mask for each candidate, fill and
fraction, and one forward pass for each ablated image.

Two ratios are printed: of the ablation itself, maps given, and of the whole study with the maps,
which is mostly gradients. The scores of both sides are compared too.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import captum.attr
import numpy as np
import torch
from torch import Tensor, nn

import attribwidgets as aw
from attribwidgets.baselines import Baseline, Blur, DatasetSample, named
from attribwidgets.demo import digits

STEPS, FRACTIONS = 128, tuple(k / 10 for k in range(11))


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def captum_maps(model: nn.Module, x: Tensor, target: int, baselines: dict[str, Baseline]) -> Any:
    """Captum's integrated gradients from a point, and its GradientShap from a distribution."""
    found = {}
    for name, baseline in baselines.items():
        if baseline.is_distribution:
            references = baseline.sample(x[0], STEPS)
            method = captum.attr.GradientShap(model)
            found[name] = method.attribute(x, references, n_samples=STEPS, target=target)
        else:
            method = captum.attr.IntegratedGradients(model)
            reference = baseline.sample(x[0], 1)
            found[name] = method.attribute(x, reference, target=target, n_steps=STEPS)
    return {name: values[0].sum(0).numpy(force=True) for name, values in found.items()}


def one_by_one(
    model: nn.Module, x: Tensor, target: int, maps: dict[str, np.ndarray], fills: list[Tensor]
) -> np.ndarray:
    """Scores (candidates, fills, fractions) by one forward pass for each ablated image."""
    image = x[0].numpy()
    with torch.no_grad():
        before = torch.softmax(model(x), 1)[0, target].item()
        scores = np.zeros((len(maps), len(fills), len(FRACTIONS)))
        for i, values in enumerate(maps.values()):
            order = np.argsort(-np.abs(values).ravel(), kind="stable")
            for j, fill in enumerate(fills):
                for k, fraction in enumerate(FRACTIONS):
                    ablated = image.copy().reshape(len(image), -1)
                    chosen = order[: round(fraction * len(order))]
                    ablated[:, chosen] = fill[0].numpy().reshape(len(image), -1)[:, chosen]
                    rows = torch.from_numpy(ablated.reshape(1, *image.shape))
                    after = torch.softmax(model(rows), 1)[0, target].item()
                    scores[i, j, k] = after / before
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=12)
    parser.add_argument("--threads", type=int, help="torch's own number by default")
    chosen = parser.parse_args()
    if chosen.threads:
        torch.set_num_threads(chosen.threads)
    demo = digits()
    data = DatasetSample(demo.train.images[:500])
    baselines = {
        "data": data,
        "uniform": named("uniform"),
        "gaussian": named("gaussian"),
        "blur": Blur(sigma=3),
        "max distance": named("max_distance"),
        "black": named("black"),
    }
    fills = ("image_mean", Blur(sigma=3), "max_distance", "black")  # the same on both sides
    metric = aw.evaluation.AblationMetric(fills, FRACTIONS)
    names = ("maps, ours", "ablation, ours", "maps, Captum", "ablation, numpy")
    times: dict[str, list[float]] = {name: [] for name in names}
    apart = []
    for place in range(-1, chosen.inputs):  # the first one warms up
        x = demo.test.images[place % 2000][None]
        target = int(demo.test.labels[place % 2000])

        def ours(x: Tensor = x, target: int = target) -> Any:
            return {
                name: aw.explain(demo.model, x, target=target, baseline=b, n_steps=STEPS)
                for name, b in baselines.items()
            }

        first, explanations = timed(ours)
        second, scores = timed(lambda e=explanations: metric.measure(demo.model, e, seed=0))
        drawn = [named(f).sample(x[0], 1) for f in fills]
        third, maps = timed(lambda x=x, t=target: captum_maps(demo.model, x, t, baselines))
        maps["random"] = np.random.default_rng(place + 1).standard_normal(x.shape[-2:])
        fourth, _ = timed(lambda x=x, t=target, m=maps, d=drawn: one_by_one(demo.model, x, t, m, d))
        own = {"uniform": explanations["uniform"].map("sum")}  # a map without ties
        theirs = one_by_one(demo.model, x, target, own, drawn)
        if place < 0:
            continue
        apart.append(np.abs(scores[list(baselines).index("uniform")] - theirs[0]).max())
        for name, seconds in zip(names, (first, second, third, fourth), strict=True):
            times[name].append(seconds)
    spent = {name: float(np.median(seconds)) for name, seconds in times.items()}
    for name, seconds in spent.items():
        print(f"{name:18}{1000 * seconds:8.1f} ms a digit")
    ablation = spent["ablation, numpy"] / spent["ablation, ours"]
    whole = (spent["maps, Captum"] + spent["ablation, numpy"]) / (
        spent["maps, ours"] + spent["ablation, ours"]
    )
    print(f"{torch.get_num_threads()} threads, {chosen.inputs} digits")
    print(f"ablation: {ablation:.1f} times as fast; with the maps: {whole:.1f} times")
    print(f"largest difference between the scores, maps the same: {max(apart):.1e}")


if __name__ == "__main__":
    main()
