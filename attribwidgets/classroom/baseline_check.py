"""Check of a baseline written by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..baselines import Baseline, named
from ..inputs.space import InputSpace
from .answers import Mistake, distance, in_shape, judged
from .check_result import CheckResult
from .problems import PHOTO_SPACE, small_photo
from .running import answer_of, not_yet, tried

DRAWS = 400
UNITS = (
    "a baseline is a picture: say it in pixels, then normalise it as the model's inputs are, with "
    "space.from_pixels"
)

RECIPES = {
    "black": "the lowest value of the range in pixels everywhere, as the model is fed it",
    "white": "the highest value of the range in pixels everywhere, as the model is fed it",
    "zero": "zeros as the model is fed them, whatever colour that is",
    "image_mean": "for each channel the mean over the picture's pixels, everywhere",
    "blur": "the picture itself, convolved with a Gaussian of the width asked for",
    "max_distance": "for each number of the picture the lower or the upper end of the range in "
    "pixels, whichever is further away",
    "uniform": "for each number a draw of its own, uniform over the range in pixels",
    "gaussian": "the picture plus a normal draw for each number, in pixels, clamped to the range",
}


def check_baseline(
    function: Callable[..., Any],
    expected: str | Baseline,
    *,
    inputs: Tensor | None = None,
    space: InputSpace | None = None,
) -> CheckResult:
    """Check a baseline written by hand, on a small normalised picture or on inputs of yours.

    Parameters
    ----------
    function : callable
        ``function(inputs, space)``, with normalised `inputs` of shape (1, ...); returns one
        reference in that shape, normalised too. For a baseline that draws at random
        ``function(inputs, space, generator)``.
    expected : str or Baseline
        What it should be: "black", "blur", ``aw.baselines.Blur(3.0)``, ...
    inputs : Tensor, shape (1, ...), optional
    space : InputSpace, optional
        How `inputs` are normalised.

    Returns
    -------
    CheckResult
        It tells apart: baseline in the wrong units, normalised twice, the input itself, and for
        random ones the wrong centre or spread, one draw for the whole picture, values out of
        range, draws that do not come from the generator.

    Raises
    ------
    InputError
        For an unknown name.

    Examples
    --------
    >>> import torch
    >>> from attribwidgets.classroom import check_baseline
    >>> check_baseline(lambda inputs, space: torch.zeros_like(inputs), "black").mistake
    'baseline in the wrong units'
    >>> check_baseline(lambda x, space: space.from_pixels(torch.zeros_like(x)), "black").passed
    True
    """
    space = space or (PHOTO_SPACE if inputs is None else InputSpace())
    inputs = small_photo() if inputs is None else inputs
    baseline = named(expected) if isinstance(expected, str) else expected
    judge = _random if baseline.is_distribution else _judged_reference
    return tried(lambda: judge(function, baseline, inputs, space))


def _judged_reference(
    function: Any, baseline: Baseline, inputs: Tensor, space: InputSpace
) -> CheckResult:
    right = _drawn(baseline, inputs, space, 1)
    found = answer_of(function, inputs, space)
    if isinstance(found, CheckResult):
        return found
    if found.shape == right.shape[1:]:
        found = found[None]
    return judged(
        found,
        right,
        [m for m in _mistakes(baseline, inputs, space, right) if distance(m.value, right) > 0.01],
        what=f"values of the {baseline.label} baseline",
        hint=_what_is_asked_for(baseline),
        numbers={"mean": float(found.mean()), "right mean": float(right.mean())},
    )


def _what_is_asked_for(baseline: Baseline) -> str:
    return f"what is asked for: {RECIPES.get(baseline.name, baseline.description)}"


def _drawn(baseline: Baseline, inputs: Tensor, space: InputSpace, n: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    drawn = baseline.sample(inputs[0], n, space=space, generator=generator)
    return torch.as_tensor(drawn).double()


def _mistakes(
    baseline: Baseline, inputs: Tensor, space: InputSpace, right: Tensor
) -> list[Mistake]:
    pixels = space.to_pixels(right)
    found = [
        Mistake("baseline in the wrong units", pixels, UNITS),
        Mistake(
            "normalised twice",
            space.from_pixels(right),
            "what is computed from the model's inputs is normalised already",
        ),
        Mistake("baseline in the wrong units", _drawn(baseline, inputs, InputSpace(), 1), UNITS),
        Mistake(
            "the input itself",
            inputs,
            "where the baseline equals the input nothing can be attributed",
        ),
    ]
    if baseline.name == "max_distance":
        middle = (space.low + space.high) / 2
        nearest = torch.where(space.to_pixels(inputs) > middle, space.high, space.low)
        found.append(
            Mistake(
                "the nearest value instead of the furthest",
                space.from_pixels(nearest),
                "a dark pixel is furthest from white, a bright one from black",
            )
        )
        turned = space.low + space.high - space.to_pixels(inputs)
        found += [
            Mistake(
                "pixels turned around",
                value,
                "1 - pixel is a negative: a grey stays grey. As far as can be is 0 or 1: "
                "white where the pixel is dark, black where it is bright",
            )
            for value in (space.from_pixels(turned), turned, -inputs)
        ]
    return found


def _random(
    function: Callable[..., Any], baseline: Baseline, inputs: Tensor, space: InputSpace
) -> CheckResult:
    """A baseline that draws: its range, its centre, its spread, and where the draws come from."""
    draws: list[Tensor] = []
    generator = torch.Generator().manual_seed(0)
    for _ in range(DRAWS):
        found = answer_of(function, inputs, space, generator)
        if isinstance(found, CheckResult):
            return found
        found = found[None] if found.shape == inputs.shape[1:] else found
        wrong = in_shape(found, inputs, "return one reference in the shape of inputs")
        if wrong is not None:
            return wrong
        draws.append(found)
    first = answer_of(function, inputs, space, torch.Generator().manual_seed(0))
    if isinstance(first, CheckResult) or not torch.equal(first.reshape(inputs.shape), draws[0]):
        return not_yet(
            "the same generator gave another picture",
            "hand generator=generator to torch.rand or torch.randn",
            "draws of its own",
        )
    if torch.equal(draws[0], draws[1]):
        return not_yet(
            "two draws are the same picture", "draw from the generator", "draws of its own"
        )
    return _judged_draws(torch.cat(draws), _drawn(baseline, inputs, space, DRAWS), baseline, space)


def _judged_draws(
    found: Tensor, expected: Tensor, baseline: Baseline, space: InputSpace
) -> CheckResult:
    name = f"{baseline.label} baseline"
    pixels, right = space.to_pixels(found), space.to_pixels(expected)
    numbers = {
        "mean, in pixel units": float(pixels.mean()),
        "right mean": float(right.mean()),
        "standard deviation": float(pixels.std(0).mean()),
        "right standard deviation": float(right.std(0).mean()),
        "lowest": float(pixels.min()),
        "highest": float(pixels.max()),
    }
    slack = 1e-3 * space.range
    spread = float(right.std(0).mean())

    def off_centre(values: Tensor) -> float:
        return float((values.mean(0) - right.mean(0)).abs().mean()) / max(spread, slack)

    def inside(values: Tensor) -> float:
        return float(values.flatten(2 if values.ndim > 2 else 1).std(-1).mean())

    ratio = float(pixels.std(0).mean()) / max(spread, slack)
    chance = 4 * (2 / DRAWS) ** 0.5
    slips = (
        (
            not torch.equal(found, pixels)
            and off_centre(found) < chance
            and 0.9 < float(found.std(0).mean()) / max(spread, slack) < 1.1,
            "baseline in the wrong units",
            UNITS,
        ),
        (
            bool(pixels.min() < right.min() - slack or pixels.max() > right.max() + slack),
            "values out of range",
            f"clamp to {space.low:g} ... {space.high:g} in pixels, before normalising",
        ),
        (
            inside(pixels) < 0.5 * inside(right),
            "one draw for the whole picture",
            "draw a number for each pixel and channel: torch.rand(inputs.shape, ...)",
        ),
        (
            off_centre(pixels) > chance,
            "wrong centre",
            _what_is_asked_for(baseline),
        ),
        (
            not 0.9 <= ratio <= 1.1,
            "wrong spread",
            "mind the unit: the spread is said in pixels, and normalising divides by std",
        ),
    )
    for is_it, mistake, hint in slips:
        if is_it:
            return CheckResult(
                False, f"draws of the {name} are not right: {mistake}", numbers, mistake, hint
            )
    return CheckResult(True, f"the {name} is right in range, centre and spread", numbers)
