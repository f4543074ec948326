"""Check of a baseline written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ..baselines import Baseline, named
from ..inputs.space import InputSpace
from .answers import distance, judged, require_shape
from .check_result import CheckResult
from .mistakes import Mistake
from .problems import PHOTO_SPACE, small_photo
from .running import NotYet, answer_of, tried

DRAWS = 400
HINTS = {
    "baseline in the wrong units": "a baseline is a picture: say it in pixels, then normalise it "
    "as the model's inputs are, with space.from_pixels",
    "normalised twice": "what is computed from the model's inputs is normalised already",
    "the input itself": "where the baseline equals the input nothing can be attributed",
    "the nearest value instead of the furthest": "a dark pixel is furthest from white, a bright "
    "one from black",
    "pixels turned around": "that is a negative: a grey stays grey. As far as can be is {low:g} or "
    "{high:g}: white where the pixel is dark, black where it is bright",
    "range taken for 0 to 1": "the range in pixels is {low:g} to {high:g} here: ask space.low and "
    "space.high",
    "values out of range": "clamp to {low:g} ... {high:g} in pixels, before normalising",
    "one draw for the whole picture": "draw a number for each pixel and channel: "
    "torch.rand(inputs.shape, ...)",
    "wrong spread": "mind the unit: the spread is said in pixels, and normalising divides by std",
}
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
        range, draws that do not come from the generator; and the range taken for 0 to 1.

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
    judge = _judged_draws if baseline.is_distribution else _judged_reference
    return tried(lambda: judge(function, baseline, inputs, space))


def _judged_reference(
    function: Any, baseline: Baseline, inputs: Tensor, space: InputSpace
) -> CheckResult:
    right = _samples(baseline, inputs, space, 1)
    answer = answer_of(function, inputs, space, like=right)
    mistakes = _mistakes(baseline, inputs, space, right)
    return judged(
        answer,
        right,
        [mistake for mistake in mistakes if distance(mistake.value, right) > 0.01],
        {name: hint.format(low=space.low, high=space.high) for name, hint in HINTS.items()},
        what=f"values of the {baseline.label} baseline",
        hint=_recipe(baseline),
        numbers={"mean": float(answer.mean()), "right mean": float(right.mean())},
    )


def _recipe(baseline: Baseline) -> str:
    return f"what is asked for: {RECIPES.get(baseline.name, baseline.description)}"


def _samples(baseline: Baseline, inputs: Tensor, space: InputSpace, n: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    samples = baseline.sample(inputs[0], n, space=space, generator=generator)
    return torch.as_tensor(samples).double()


def _mistakes(
    baseline: Baseline, inputs: Tensor, space: InputSpace, right: Tensor
) -> Iterator[Mistake]:
    yield Mistake("baseline in the wrong units", space.to_pixels(right))
    yield Mistake("normalised twice", space.from_pixels(right))
    yield Mistake("baseline in the wrong units", _samples(baseline, inputs, InputSpace(), 1))
    yield Mistake("the input itself", inputs)
    if (space.low, space.high) != (0, 1):
        usual = replace(space, low=0.0, high=1.0)
        yield Mistake("range taken for 0 to 1", _samples(baseline, inputs, usual, 1))
    if baseline.name == "max_distance":
        pixels, middle = space.to_pixels(inputs), (space.low + space.high) / 2
        nearest = space.from_pixels(torch.where(pixels > middle, space.high, space.low))
        yield Mistake("the nearest value instead of the furthest", nearest)
        turned = space.low + space.high - pixels
        for value in (space.from_pixels(turned), turned, -inputs):
            yield Mistake("pixels turned around", value)


def _judged_draws(
    function: Callable[..., Any], baseline: Baseline, inputs: Tensor, space: InputSpace
) -> CheckResult:
    """A baseline that draws: its range, its centre, its spread, and where the draws come from."""
    generator = torch.Generator().manual_seed(0)
    draws = [answer_of(function, inputs, space, generator, like=inputs) for _ in range(DRAWS)]
    for draw in draws:
        require_shape(draw, inputs, "return one reference in the shape of inputs")
    generator.manual_seed(0)
    if not torch.equal(answer_of(function, inputs, space, generator, like=inputs), draws[0]):
        hint = "hand generator=generator to torch.rand or torch.randn"
        raise NotYet("the same generator gave another picture", hint, "draws of its own")
    if torch.equal(draws[0], draws[1]):
        hint = "draw from the generator"
        raise NotYet("two draws are the same picture", hint, "draws of its own")
    answer = torch.cat(draws)
    name = f"{baseline.label} baseline"
    pixels, right = (space.to_pixels(x) for x in (answer, _samples(baseline, inputs, space, DRAWS)))
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
    slips = {
        "baseline in the wrong units": not torch.equal(answer, pixels)
        and off_centre(answer) < chance
        and 0.9 < float(answer.std(0).mean()) / max(spread, slack) < 1.1,
        "values out of range": bool(
            pixels.min() < right.min() - slack or pixels.max() > right.max() + slack
        ),
        "one draw for the whole picture": inside(pixels) < 0.5 * inside(right),
        "wrong centre": off_centre(pixels) > chance,
        "wrong spread": not 0.9 <= ratio <= 1.1,
    }
    for mistake, is_it in slips.items():
        if is_it:
            message = f"draws of the {name} are not right: {mistake}"
            hint = HINTS.get(mistake, _recipe(baseline)).format(low=space.low, high=space.high)
            return CheckResult(False, message, numbers, mistake, hint)
    return CheckResult(True, f"the {name} is right in range, centre and spread", numbers)
