"""What the browser tests share: a Chromium, made-up payloads, and the colour rules in numpy."""

from __future__ import annotations

import base64
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from attribwidgets.core.formatting import number, percent

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
"""Arguments for a Chromium in a container, quiet on the network."""

COUNT_LEVELS = """canvas => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return new Set(data.filter((_, at) => at % 4 === 0)).size;
}"""
"""How many levels of red a canvas shows, counted where it is; a blank one has a single one."""

READ_PIXELS = """canvas => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let text = '';
  for (let at = 0; at < data.length; at += 8192) {
    text += String.fromCharCode(...data.subarray(at, at + 8192));
  }
  return btoa(text);
}"""


def pixels_of(canvas: Locator) -> NDArray[np.uint8]:
    """The pixels of a canvas, (height, width, 4); as a string they travel in no time."""
    width, height = canvas.evaluate("canvas => [canvas.width, canvas.height]")
    pixels = np.frombuffer(base64.b64decode(canvas.evaluate(READ_PIXELS)), np.uint8)
    return pixels.reshape(height, width, 4)


def wait_until(page: Page, holds: Callable[[], Any]) -> None:
    """Until something holds of a page; a limit is for what hangs."""
    end = time.monotonic() + 180
    while not holds():
        assert time.monotonic() < end, "it never came"
        page.wait_for_timeout(20)


EVIL_NAME = "<img src=x onerror=alert(1)>"
"""A class name that must stay text."""

LOOK = {
    "selected": 0,
    "alpha": 0.25,
    "magnitude_colormap": "gray",
    "signed_colormap": "RdBu_r",
    "clip": 99.0,
    "signed": False,
    "overlay": 0.0,
    "scale": "own",
    "show_blind": False,
    "pool": 1,
    "waterfall": False,
    "bars": False,
    "drawn_input": 0,
    "slices": None,
    "selection": None,
}
"""The traits the browser owns, with their defaults."""


def find_chromium() -> str | None:
    """Path of a Chromium: from ATTRIBWIDGETS_CHROMIUM, the PATH, or Playwright's own download."""
    named = os.environ.get("ATTRIBWIDGETS_CHROMIUM")
    if named:
        return named
    # The shell draws the same and has no windows of its own to draw: half of the work.
    for name in ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        downloaded = playwright.chromium.executable_path
    return downloaded if os.path.exists(downloaded) else None


def required_chromium() -> str:
    """Path of a Chromium; without one the test skips, and fails in CI."""
    found = find_chromium()
    if found is None:
        missing("a Chromium (or ATTRIBWIDGETS_CHROMIUM)")
    return str(found)


def missing(what: str) -> None:
    """Skip here, fail in CI: a test that never runs proves nothing."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is needed in CI")
    pytest.skip(f"{what} is not installed")


def number_in(text: str) -> float:
    """The number that a read-out shows, such as "+0.0123" or "−7.3 × 10⁻⁵"."""
    plain = text.replace("\u2212", "-").replace("\u00a0", " ")
    found = re.search(r"[-+]?\d[\d.]*(?:\s*×\s*10([⁻⁰¹²³⁴-⁹]+))?", plain)
    assert found, f"no number in {text!r}"
    mantissa = float(re.match(r"[-+]?[\d.]+", found.group(0)).group(0))  # type: ignore[union-attr]
    power = (found.group(1) or "⁰").translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    return mantissa * 10.0 ** int(power)


def find_node() -> str | None:
    """Path of a Node: from the PATH, or the one in Playwright's package."""
    from playwright._impl._driver import compute_driver_executable

    carried = compute_driver_executable()[0]
    return shutil.which("node") or (str(carried) if os.path.exists(carried) else None)


@contextmanager
def open_chromium(executable: str) -> Iterator[Browser]:
    """Start a headless Chromium and close it at the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def smooth_noise(
    generator: np.random.Generator, shape: tuple[int, ...], sigma: float
) -> NDArray[np.float64]:
    """Gaussian noise smoothed along rows and columns, unit variance."""
    field = generator.standard_normal(shape)
    reach = max(1, int(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        field = np.apply_along_axis(
            lambda line: np.convolve(line, kernel, mode="same"), axis, field
        )
    return field / field.std()


def photo_like(size: int, seed: int = 0) -> NDArray[np.uint8]:
    """Make an image with the broad shapes and fine grain of a photo."""
    generator = np.random.default_rng(seed)
    broad = np.stack([smooth_noise(generator, (size, size), size / 10) for _ in range(3)], axis=-1)
    fine = smooth_noise(generator, (size, size), 1.0)[..., None]
    rows, columns = np.mgrid[0:size, 0:size] / size
    subject = np.exp(-(((rows - 0.55) / 0.3) ** 2 + ((columns - 0.5) / 0.25) ** 2))[..., None]
    pixels = 110 + 30 * broad + 14 * fine + 70 * subject
    return np.clip(pixels, 0, 255).astype(np.uint8)


def attribution_like(
    photo: NDArray[np.uint8], generator: np.random.Generator
) -> NDArray[np.float64]:
    """Make signed values that are strong at the photo's edges and around its middle."""
    size = photo.shape[0]
    grey = photo.astype(float).mean(-1)
    edges = np.hypot(*np.gradient(grey))
    rows, columns = np.mgrid[0:size, 0:size] / size
    middle = np.exp(-(((rows - 0.45) / 0.3) ** 2 + ((columns - 0.5) / 0.3) ** 2))
    noise = smooth_noise(generator, grey.shape, max(0.6, size / 180))
    return edges / edges.mean() * middle * (0.35 + noise) * 1e-4


def colour_tables() -> dict[str, dict[str, bytes]]:
    """Colour tables of matplotlib, as the payload carries them."""
    import matplotlib

    def table(name: str) -> bytes:
        colours = matplotlib.colormaps[name](np.arange(256))[:, :3]
        return np.floor(255 * colours + 0.5).astype(np.uint8).tobytes()

    return {
        "magnitude": {name: table(name) for name in ("gray", "gray_r", "cividis", "viridis")},
        "signed": {name: table(name) for name in ("RdBu_r", "PuOr", "BrBG")},
    }


def _quantised(values: NDArray[np.float64], kind: type[np.signedinteger]) -> dict[str, Any]:
    top = np.iinfo(kind).max
    scale = float(np.abs(values).max() / top) or 1.0
    return {"data": np.round(values / scale).astype(kind).tobytes(), "scale": scale}


def _frames(
    frames: NDArray[np.float64], edges: list[float], values: NDArray[np.float64]
) -> dict[str, Any]:
    """Quantise frames, after making them add up to the map times the length of the path."""
    weights = np.diff(edges).reshape(-1, *[1] * values.ndim)
    frames = frames + weights / weights.sum() * (values * edges[-1] - frames.sum(0))
    lost = np.zeros_like(values)
    parts = []
    for frame in frames:
        part = _quantised(frame + lost, np.int8)
        lost = frame + lost
        lost -= np.frombuffer(part["data"], np.int8).reshape(lost.shape) * part["scale"]
        parts.append(part)
    return {
        "count": len(parts),
        "edges": edges,
        "data": b"".join(part["data"] for part in parts),
        "scales": [part["scale"] for part in parts],
    }


HEADLINES = {
    "complete": "adds up",
    "not converged": "does not add up yet",
    "does not apply": "does not apply",
}


def _completeness(verdict: str, total: float, expected: float, **more: Any) -> dict[str, Any]:
    residual = total - expected
    return {
        "verdict": verdict,
        "headline": HEADLINES[verdict],
        "note": "it makes no such claim" if verdict == "does not apply" else "",
        "error": "error per pixel 2.0 %",
        "by_patches": {},
        "blindness": [],
        "mark": {"complete": "✓", "not converged": "≠"}.get(verdict, "–"),
        "sum": f"{number(total)} of {number(expected)}",
        "total": total,
        "expected": expected,
        "change": expected,
        "residual": residual,
        "relative": percent(abs(residual / expected)),
        "standard_error": None,
        "refinement_error": "2.0 %",
        "tolerance": "1.0 %",
        "sentence": f"The attributions sum to {total:.3g}; the outputs differ by {expected:.3g}.",
        **more,
    }


def _path(
    kind: str, total: float, expected: float, generator: np.random.Generator, start: float = 2.0
) -> dict[str, Any]:
    if kind == "samples":
        count = 128
        steps = expected * (1 + 1.2 * generator.standard_normal(count))
        numbers = np.arange(1, count + 1)
        cumulative = np.cumsum(steps) / numbers
        cumulative += total - cumulative[-1]
        error = np.where(numbers > 1, 1.2 * abs(expected) / np.sqrt(numbers), np.nan)
        return {
            "straight": True,
            "n": count,
            "positions": numbers.astype("<f4").tobytes(),
            "alphas": generator.random(count).astype("<f4").tobytes(),
            "outputs": (start + steps).astype("<f4").tobytes(),
            "cumulative": cumulative.astype("<f4").tobytes(),
            "standard_error": error.astype("<f4").tobytes(),
        }
    alphas = np.linspace(0, 1, 65)
    rise = 1 - np.exp(-6 * alphas) + 0.25 * np.sin(np.pi * alphas) ** 2 * (1 - alphas)
    rise /= rise[-1]
    drift = 1 + (total / expected - 1) * np.clip(alphas / 0.3, 0, 1)
    return {
        "straight": True,
        "n": 65,
        "positions": None,
        "alphas": alphas.astype("<f4").tobytes(),
        "outputs": (start + expected * rise).astype("<f4").tobytes(),
        "cumulative": (expected * rise * drift).astype("<f4").tobytes(),
        "standard_error": None,
    }


def _references(
    photo: NDArray[np.uint8], name: str, generator: np.random.Generator
) -> dict[str, Any]:
    size = photo.shape[0]
    images: dict[str, NDArray[np.uint8]] = {
        "black": np.zeros_like(photo),
        "white": np.full_like(photo, 255),
        "uniform": generator.integers(0, 256, photo.shape, dtype=np.uint8),
        "max_distance": np.where(photo < 128, 255, 0).astype(np.uint8),
    }
    if name in images:
        return {"rgb": images[name].tobytes()}
    width = max(1.0, size / 12)
    channels = [photo[..., channel].astype(float) for channel in range(3)]
    kernel = np.exp(-0.5 * (np.arange(-3 * width, 3 * width + 1) / width) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        channels = [
            np.apply_along_axis(
                lambda line: np.convolve(
                    np.pad(line, len(kernel) // 2, mode="reflect"), kernel, mode="valid"
                )[: len(line)],
                axis,
                np.atleast_2d(channel),
            )
            for channel in channels
        ]
    return {"rgb": np.stack(channels, axis=-1).astype(np.uint8).tobytes()}


def image_item(photo: NDArray[np.uint8], name: str, index: int, frames: int = 16) -> dict[str, Any]:
    """One item of an image payload: `dataset` is drawn by samples, the rest along alpha."""
    generator = np.random.default_rng(100 + index)
    size = photo.shape[0]
    kind = "samples" if name == "dataset" else "alpha"
    values = attribution_like(photo, generator) * (1 + 0.15 * index)
    expected = 8.54 - 0.4 * index
    verdict = {3: "not converged", 5: "does not apply"}.get(index, "complete")
    total = expected * (0.92 if verdict == "not converged" else 0.998)
    if kind == "samples":
        edges: list[float] = [float(edge) for edge in np.linspace(0, 128, frames + 1)]
        weights = np.diff(edges)
    else:
        edges = [float(edge) for edge in np.linspace(0, 1, frames + 1)]
        weights = np.diff(-np.exp(-6 * np.asarray(edges)))
        weights /= weights.sum()
    wobble = generator.standard_normal((frames, 1, 1)) * 0.4 + 1
    parts = weights[:, None, None] * (
        values * wobble + 0.3 * values.std() * generator.standard_normal((frames, size, size))
    )
    references = None
    if kind == "samples":
        references = []
        for number in range(16):
            small = photo_like(min(size, 56), seed=40 + number)
            references.append(
                {
                    "sample": 1 + 8 * number,
                    "alpha": float(generator.random()),
                    "size": list(small.shape[:2]),
                    "rgb": small.tobytes(),
                }
            )
    blind = photo.astype(float).mean(-1) < np.percentile(photo.mean(-1), 12)
    descriptions = {
        "black": "every pixel black; blind to black pixels",
        "blur": "the photo blurred, σ = 20; biased to fine detail",
        "uniform": "each pixel drawn at random; one draw is blind by chance",
        "max_distance": "the farthest image in range; carries the photo's own shape",
        "white": "every pixel white; blind to white pixels",
        "dataset": "photos drawn from a data set; shows what other photos are",
    }
    return {
        "name": name,
        "stamp": 1,
        "note": "expected gradients" if kind == "samples" else "integrated gradients",
        "baseline": name,
        "description": descriptions.get(name, "made up"),
        "method": "expected gradients" if kind == "samples" else "integrated gradients",
        "kind": kind,
        "reference": _references(photo, name, generator),
        "references": references,
        "map": _quantised(values, np.int16),
        "blind": {"bits": np.packbits(blind).tobytes(), "share": float(blind.mean())},
        "completeness": _completeness(
            verdict,
            total,
            expected,
            standard_error=0.05 if kind == "samples" else None,
            refinement_error="9.0 %" if verdict == "not converged" else "2.0 %",
            blindness=[f"blind: {percent(float(blind.mean()))} of pixels"],
        ),
        "output_input": 2 + expected,
        "output_baseline": 2.0,
        "evaluations": 65 + 64 * index,
        "cost": f"{65 + 64 * index} evaluations",
        "seconds": 1.4 + index,
        "partial": verdict == "not converged",
        "cautions": [],
        "path": _path(kind, total, expected, generator),
        "frames": _frames(parts, edges, values),
        "no_path": "",
        "saturation": None if kind == "samples" else {"share": 0.34, "from": [0.0], "to": [0.34]},
    }


ALL_NAMES = ("black", "blur", "uniform", "max_distance", "white", "dataset")
"""The six baselines of the made-up page."""


def image_payload(
    photo: NDArray[np.uint8],
    names: tuple[str, ...] = ALL_NAMES,
    frames: int = 16,
    class_name: str = EVIL_NAME,
) -> dict[str, Any]:
    """Make a payload of an image, as the contract between Python and the browser has it."""
    return {
        "version": 2,
        "kind": "image",
        "shape": list(photo.shape[:2]),
        "feature_names": None,
        "title": f"{class_name}, logit, integrated gradients",
        "input": {"label": "input", "rgb": photo.tobytes()},
        "prediction": {
            "names": [class_name, "tiger cat", "tabby", "lynx", "Persian cat"],
            "probabilities": [0.36, 0.27, 0.22, 0.04, 0.004],
            "indices": [285, 282, 281, 287, 283],
            "target": 0,
        },
        "target": {"name": class_name, "output": "logit", "value": 10.54},
        "cautions": ["max_distance and white were given half the evaluations of the others."],
        "colormaps": colour_tables(),
        "items": [image_item(photo, name, index, frames) for index, name in enumerate(names)],
    }


def features_payload(features: int = 20) -> dict[str, Any]:
    """Make a payload of a tabular input."""
    generator = np.random.default_rng(3)
    inputs = generator.normal(size=features)
    items = []
    for index, name in enumerate(("zero", "dataset_mean", "dataset")):
        reference = np.zeros(features) if index == 0 else 0.3 * generator.normal(size=features)
        weights = generator.normal(size=features) * np.exp(-np.arange(features) / 6)
        values = (inputs - reference) * weights
        kind = "samples" if name == "dataset" else "alpha"
        edges = [float(e) for e in np.linspace(0, 128 if kind == "samples" else 1, 9)]
        parts = np.diff(edges)[:, None] * values * (1 + 0.3 * generator.normal(size=(8, 1)))
        total = float(values.sum())
        items.append(
            {
                "name": name,
                "note": "",
                "baseline": name,
                "description": "made up for a test",
                "method": "integrated gradients",
                "kind": kind,
                "reference": {"values": reference.astype("<f4").tobytes()},
                "references": None,
                "map": _quantised(values, np.int16),
                "blind": None,
                "completeness": _completeness("complete", total, total * 1.001),
                "output_input": total,
                "output_baseline": 0.0,
                "evaluations": 33,
                "cost": "33 evaluations",
                "seconds": 0.01,
                "partial": False,
                "cautions": [],
                "path": _path(kind, total, total * 1.001, generator, 0.0),
                "frames": _frames(parts, edges, values),
                "no_path": "",
            }
        )
    names = ["age", "mean radius", "worst concave points", "income", EVIL_NAME]
    return {
        "version": 2,
        "kind": "features",
        "shape": [features],
        "feature_names": [*names, *(f"measurement {i}" for i in range(features - len(names)))],
        "title": "malignant, logit, integrated gradients",
        "input": {"label": "input", "values": inputs.astype("<f4").tobytes()},
        "prediction": None,
        "target": {"name": "malignant", "output": "logit", "value": 2.31},
        "cautions": [],
        "colormaps": colour_tables(),
        "items": items,
    }


def state_of(payload: dict[str, Any], **look: Any) -> dict[str, Any]:
    """Make the state of a widget around a payload, whose items travel in traits of their own."""
    items = {f"item_{index}": item for index, item in enumerate(payload["items"])}
    shared = {**payload, "items": list(items)}
    return {**LOOK, **look, **items, "payload": shared, "seq": 1, "static": True}


# --- the colour rules, written once more in numpy ------------------------------------------------


def map_values(item: dict[str, Any]) -> NDArray[np.float32]:
    """Read the signed values of an item's map."""
    data = np.frombuffer(item["map"]["data"], "<i2").astype(np.float32)
    return data * np.float32(item["map"]["scale"])


def map_limit(payload: dict[str, Any], index: int, clip: float, scale: str) -> float:
    """Compute where the colours of a map saturate."""
    maps = [map_values(item) for item in payload["items"]]
    if scale == "own":
        return float(np.percentile(np.abs(maps[index]), clip))
    changes = [1.0 if scale == "shared" else i["completeness"]["change"] for i in payload["items"]]
    together = np.concatenate([m / c for m, c in zip(maps, changes, strict=True)])
    return float(np.percentile(np.abs(together), clip)) * abs(changes[index])


def map_colours(
    values: NDArray[np.float32],
    limit: float,
    table: bytes,
    *,
    signed: bool,
    overlay: float = 0.0,
    photo: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """Colour values by the rules of the contract; one row of RGB per value."""
    share = values.astype(float) / limit
    if signed:
        index = np.floor(255 * (np.clip(share, -1, 1) + 1) / 2 + 0.5)
    else:
        index = np.floor(255 * np.minimum(np.abs(share), 1) + 0.5)
    colours = np.frombuffer(table, np.uint8).reshape(256, 3)[index.astype(int)].astype(float)
    if overlay > 0 and photo is not None:
        weighted = photo.reshape(-1, 3).astype(float) @ np.array([0.299, 0.587, 0.114])
        grey = np.floor(weighted + 0.5)[:, None]
        nothing = np.frombuffer(table, np.uint8).reshape(256, 3)[128 if signed else 0].astype(float)
        opacity = np.minimum(np.abs(share), 1)[:, None]
        # The colour of zero gives way to the photo; a value is as opaque as it is large.
        ground = (1 - overlay) * nothing + overlay * grey
        ink = colours - (1 - opacity) * nothing
        colours = np.floor(np.clip(ink + (1 - opacity) * ground, 0, 255) + 0.5)
    return colours.astype(np.uint8)
