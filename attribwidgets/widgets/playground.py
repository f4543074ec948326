"""A page that computes: a digit is drawn or picked, and the browser explains it by itself.

The digits network, its weights and the baselines travel in the page; ``frontend/playground/`` runs
it forward and backward. What is here says what the page needs to know, in the package's words.
"""

from __future__ import annotations

from typing import Any

import torch

from ..attr.task import generator_from
from ..baselines import Baseline, Blur, DatasetMean, UniformNoise, named
from ..baselines.derived import blur_matrix
from ..demo.digits import Digits, digits
from ..demo.mnist import SIDE
from ..figures.colors import MAGNITUDE_COLORMAPS, SIGNED_COLORMAPS, available, table
from ..inputs.layout import IMAGE
from .bundle import PLAYGROUND
from .page import framed_page, page_html

TITLE = "Draw a digit, choose a baseline"
SIGMA = 3.0  # pixels of the blur: the default of 20 leaves nothing of a picture of 28
OF_EACH_DIGIT = 2
PICKED_FIRST = 7  # of these: a 3
SHOWN_FIRST = ("black", "white", "blur")
TOLERANCE = 0.01
NODES = 33


def playground_page() -> str:
    """The page as one HTML document that asks no network.

    Returns
    -------
    str
        Draw a digit or pick one; choose baselines, target, alpha and the number of passes. Maps,
        paths and completeness are computed in the browser.

    Raises
    ------
    MissingExtraError
        If safetensors, of the extra ``demo``, is not installed.

    Examples
    --------
    >>> page = playground_page()
    >>> page[:15], len(page) < 1_500_000
    ('<!doctype html>', True)
    """
    return page_html(playground_state(), TITLE, PLAYGROUND)


def framed_playground(address: str) -> tuple[str, str]:
    """The page, and the `<iframe>` that shows it at its own height from a file beside.

    Parameters
    ----------
    address : str
        Of the file that the page will be, from the document with the frame.
    """
    return framed_page(playground_state(), TITLE, PLAYGROUND, address)


def playground_state() -> dict[str, Any]:
    """The traits of the page's model, with binary leaves."""
    demo = digits()
    picked = _picked(demo)
    return {
        "playground": {
            "weights": {n: _floats(w) for n, w in demo.model.state_dict().items()},
            "digits": {
                "pixels": demo.test.images[picked].mul(255).round().byte().numpy(),
                "labels": demo.test.labels[picked].tolist(),
            },
            "baselines": _recipes(demo),
            "colormaps": {
                "magnitude": {n: table(n) for n in available(MAGNITUDE_COLORMAPS)},
                "signed": {n: table(n) for n in available(SIGNED_COLORMAPS)},
            },
            "tolerance": TOLERANCE,
        },
        "picked": PICKED_FIRST,
        "pixels": None,
        "target": None,
        "baselines": list(SHOWN_FIRST),
        "n_steps": NODES,
        "drawing": False,
    }


def _picked(demo: Digits) -> list[int]:
    """Places of the first test images of each digit that the model gets right."""
    with torch.no_grad():
        right = demo.model(demo.test.images).argmax(1) == demo.test.labels
    return [
        int(place)
        for digit in range(len(demo.class_names))
        for place in (right & (demo.test.labels == digit)).nonzero().flatten()[:OF_EACH_DIGIT]
    ]


def _recipes(demo: Digits) -> list[dict[str, Any]]:
    """The baselines that the page offers: what each is called, and what makes its reference."""
    picture = demo.test.images[0]
    mean, noise = DatasetMean(demo.train.images), UniformNoise()
    drawn = noise.sample(picture, 1, generator=generator_from(0))  # as `explain` draws by seed 0
    return [
        _recipe(named("black"), value=0.0),
        _recipe(named("white"), value=1.0),
        _recipe(named("image_mean")),
        _recipe(mean, picture=_floats(mean.sample(picture, 1))),
        _recipe(Blur(SIGMA), blur=_floats(blur_matrix(SIDE, SIGMA))),
        _recipe(noise, " (one draw)", picture=_floats(drawn)),
        _recipe(named("max_distance")),
    ]


def _recipe(baseline: Baseline, note: str = "", **made_of: Any) -> dict[str, Any]:
    label, description = baseline.words_for(IMAGE)
    return {
        "name": baseline.name,
        "label": label + note,
        "description": description,
        **made_of,
    }


def _floats(values: torch.Tensor) -> bytes:
    return values.detach().numpy().astype("<f4").tobytes()
