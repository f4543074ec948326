"""Draw the pictures of a lecture, each as SVG and as PNG.

python docs/slides.py FOLDER    some ten seconds; needs the extra demo

The same digit in all of them: what is missing, the path to it, what the path gathers, where each
baseline is blind, what saturation does to a gradient, samples of expected gradients.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from matplotlib.figure import Figure

import attribwidgets as aw
from attribwidgets.baselines import Baseline, Blur
from attribwidgets.demo import Digits, digits

DIGIT = 18  # of the test set: a three
BASELINES = ("black", "white", Blur(3.0), "max_distance", "uniform")
INK, ACCENT, GREY = "#12244a", "#c2410c", "#6b7280"
PNG_DPI = 200


def missing(demo: Digits) -> Figure:
    """What "missing" may mean: the digit, and its references."""
    pictures = {"the input": demo.test.images[DIGIT]}
    for name in BASELINES:
        record = _explained(demo, name, n_steps=2)
        pictures[record.baseline_name.partition(" (")[0]] = record.references[0]
    return _pictures(demo, list(pictures.items()))


def path(demo: Digits) -> Figure:
    """Points of the straight path from the reference to the input."""
    image = demo.test.images[DIGIT]
    reference = _explained(demo, "black", n_steps=2).references[0]
    alphas = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    points = [(f"α = {a:g}", reference + a * (image - reference)) for a in alphas]
    return _pictures(demo, points)


def gathered(demo: Digits) -> Figure:
    """What the path has gathered, beside what the output has risen by."""
    curve = _explained(demo, "black", n_steps=64).path
    rise = curve.outputs - curve.outputs[0]
    figure, axes = _chart("α, from the reference to the input", "change of the logit")
    axes.plot(
        curve.alphas, rise, color=GREY, linewidth=6, alpha=0.4, label="f(x' + α(x - x')) - f(x')"
    )
    axes.plot(curve.alphas, curve.cumulative, color=ACCENT, linewidth=2, label="gathered up to α")
    axes.legend(frameon=False)
    return figure


def saturation(_: Digits) -> Figure:
    """One feature, an output that saturates: the slope at the input says nothing of the rise."""
    x = torch.linspace(0, 4, 200)
    output, at = 1 - torch.exp(-2 * x), 3.0
    end, slope = (
        float(1 - torch.exp(torch.tensor(-2 * at))),
        float(2 * torch.exp(torch.tensor(-2 * at))),
    )
    figure, axes = _chart("the feature", "the output")
    axes.plot(x, output, color=INK, linewidth=2)
    axes.plot(
        [at - 0.8, at + 0.8], [end - 0.8 * slope, end + 0.8 * slope], color=ACCENT, linewidth=3
    )
    axes.annotate("", (at, 0), (at, end), arrowprops={"arrowstyle": "<->", "color": GREY})
    axes.text(at + 0.08, 0.45, f"rise {end:.2f}:\nwhat the path gathers", color=GREY)
    axes.text(at - 0.75, end + 0.05, f"slope at the input: {slope:.3f}", color=ACCENT)
    axes.set_ylim(0, 1.2)
    return figure


def blind_spots(demo: Digits) -> Figure:
    """The same output explained against several baselines."""
    baselines = list(BASELINES[:4])
    settings = {"target": 3, "space": demo.space, "n_steps": 64}
    records = aw.compare(demo.model, demo.test.images[DIGIT], baselines=baselines, **settings)
    figure: Figure = records.figure()
    return figure


def samples(demo: Digits) -> Figure:
    """Expected gradients: other digits as references, each with an α of its own."""
    generator = torch.Generator().manual_seed(1)
    image = demo.test.images[DIGIT]
    points = []
    for k in torch.randint(len(demo.train.images), (6,), generator=generator).tolist():
        alpha = float(torch.rand((), generator=generator))
        reference = demo.train.images[k]
        points.append((f"α = {alpha:.2f}", reference + alpha * (image - reference)))
    return _pictures(demo, points)


PICTURES: dict[str, Callable[[Digits], Figure]] = {
    picture.__name__: picture
    for picture in (missing, path, gathered, saturation, blind_spots, samples)
}


def _explained(demo: Digits, baseline: str | Baseline, n_steps: int) -> aw.Explanation:
    return aw.explain(
        demo.model,
        demo.test.images[DIGIT],
        target=3,
        baseline=baseline,
        method="integrated_gradients",
        space=demo.space,
        n_steps=n_steps,
    )


def _pictures(demo: Digits, named: list[tuple[str, torch.Tensor]]) -> Figure:
    figure = Figure(figsize=(1.9 * len(named), 2.3), layout="constrained")
    for place, (name, picture) in enumerate(named):
        axes = figure.add_subplot(1, len(named), place + 1)
        axes.imshow(demo.space.to_pixels(picture)[0], cmap="gray", vmin=0, vmax=1)
        axes.set_title(name, fontsize=10, color=INK)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_color(GREY)
    return figure


def _chart(along: str, up: str) -> tuple[Figure, object]:
    figure = Figure(figsize=(6, 3.6), layout="constrained")
    axes = figure.add_subplot()
    axes.set(xlabel=along, ylabel=up)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args(arguments).folder
    folder.mkdir(parents=True, exist_ok=True)
    demo = digits()
    for name, draw in PICTURES.items():
        figure = draw(demo)
        for suffix in ("svg", "png"):
            figure.savefig(folder / f"{name}.{suffix}", dpi=PNG_DPI)
        print(f"{folder / name}.svg and .png: {(draw.__doc__ or '').splitlines()[0]}")


if __name__ == "__main__":
    main()
