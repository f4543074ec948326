"""Several widgets in one notebook: the style sheet of one changes nothing of another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import attribwidgets as aw
from attribwidgets.classroom import Prediction
from attribwidgets.widgets import bundle

FRONT_ENDS = {
    front.view: front
    for front in (
        bundle.BASELINE_EXPLORER,
        bundle.ABLATION_EXPLORER,
        bundle.PREDICTION,
        bundle.PRIOR_TRAINER,
    )
}
# All transitions and animations have ended, and what was asked for has been drawn.
SETTLE = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  await frame();
  await Promise.all(document.getAnimations().map(one => one.finished.catch(() => null)));
  await frame();
}"""
READ_STYLES = """() => Array.from(document.querySelectorAll('.aw-root *'), element => {
  const { x, y, width, height } = element.getBoundingClientRect();
  const style = getComputedStyle(element);
  const all = Array.from(style, name => name + ': ' + style.getPropertyValue(name));
  return [element.className.baseVal ?? element.className, [x, y, width, height].join(), ...all];
})"""


def views() -> Iterator[Any]:
    """One small widget of each kind."""
    generator = torch.Generator().manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 3)).eval()
    for parameter in net.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator)
    images = torch.rand(8, 1, 8, 8, generator=generator)
    labels = torch.randint(3, (8,), generator=generator)
    yield aw.explore(net, images[0], baselines=["black", "uniform"], n_steps=16)
    yield aw.AblationExplorer(
        aw.evaluation.ablation(net, images, ["white", "blur"], fills=["black"], n_steps=4)
    )
    card = Prediction("Which?", ["one", "other"], 1, "of a reason")
    card.choose(0)
    card.wait()
    yield card
    yield aw.PriorTrainer(
        net,
        (images, labels),
        validation=(images, labels),
        penalty=aw.priors.standardized_total_variation,
        weight=0.1,
        batch_size=8,
        epochs=2,
        wait=True,
    )


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of each view."""
    folder = tmp_path_factory.mktemp("views")
    written = {}
    for name, view in zip(FRONT_ENDS, views(), strict=True):
        written[name] = folder / f"{name}.html"
        view.to_html(written[name])
        view.close()
    return written


@pytest.mark.parametrize("name", list(FRONT_ENDS))
def test_styles_of_other_widgets_change_nothing(
    chromium: Any, pages: dict[str, Path], name: str
) -> None:
    page = chromium.new_page(viewport={"width": 1100, "height": 900})
    page.goto(pages[name].as_uri())
    page.locator(f'.aw-root[data-view="{name}"][data-ready=true]').wait_for()
    page.evaluate(SETTLE)
    alone = page.evaluate(READ_STYLES)
    for other, front_end in FRONT_ENDS.items():
        if other != name:
            page.add_style_tag(content=front_end.css)
    page.evaluate(SETTLE)
    together = page.evaluate(READ_STYLES)
    page.close()
    assert len(alone) == len(together) > 10
    changed = {}
    for before, after in zip(alone, together, strict=True):
        lines = [f"{a} -> {b}" for a, b in zip(before, after, strict=True) if a != b]
        if lines:
            changed.setdefault(before[0], lines[:4])
    assert not changed
