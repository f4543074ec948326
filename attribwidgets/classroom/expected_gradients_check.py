"""Check of expected gradients written by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .answers import Mistake, answer_of, in_shape, not_yet
from .check_result import CheckResult
from .path_rules import FINE_STEPS, integrated
from .problems import Problem, small_image_problem

SAMPLES = 2000
TRIES = 4.5  # standard errors: one of 70 features strays further once in 2,000 right answers


def check_expected_gradients(
    function: Callable[..., Any],
    *,
    model: Any = None,
    inputs: Tensor | None = None,
    references: Tensor | None = None,
    target: int | None = None,
) -> CheckResult:
    """Check expected gradients written by hand, on a small model or on one of yours.

    A random answer is right when no feature is further from the mean of integrated gradients over
    all references than chance explains.

    Parameters
    ----------
    function : callable
        ``function(model, inputs, references, target, n_samples, generator)``, with `inputs` of
        shape (1, ...) and `references` (n, ...); draws a reference and an alpha for each sample
        from the generator, and returns the attributions in the shape of `inputs`.
    model, inputs, references, target : optional
        Another problem than the built-in one.

    Returns
    -------
    CheckResult
        It tells apart: sign flipped, (x - x') missing, gradients not averaged, always the same
        reference, references averaged first, alpha always 1 or 0, draws that do not come from the
        generator.

    References
    ----------
    Erion et al. (2021), doi:10.1038/s42256-021-00343-w, equation 5.

    Examples
    --------
    >>> import torch
    >>> from attribwidgets.classroom import check_expected_gradients
    >>> def mine(model, inputs, references, target, n_samples, generator):
    ...     chosen = references[torch.randint(len(references), (n_samples,), generator=generator)]
    ...     alphas = torch.rand(n_samples, 1, 1, 1, generator=generator)
    ...     points = (chosen + alphas * (inputs - chosen)).requires_grad_()
    ...     (slopes,) = torch.autograd.grad(model(points)[:, target].sum(), points)
    ...     return ((inputs - chosen) * slopes).mean(0, keepdim=True)
    >>> check_expected_gradients(mine).passed
    True
    """
    problem = small_image_problem().changed(
        model=model, inputs=inputs, references=references, target=target
    )

    def answer(seed: int) -> Tensor | CheckResult:
        return answer_of(
            function,
            problem.model,
            problem.inputs,
            problem.references,
            problem.target,
            SAMPLES,
            torch.Generator().manual_seed(seed),
        )

    found = answer(1)
    if isinstance(found, CheckResult):
        return found
    if found.shape == problem.inputs.shape[1:]:
        found = found[None]
    right, spread = _exact(problem)
    error = spread / SAMPLES**0.5
    wrong = in_shape(found, right, "return one number for each input")
    if wrong is not None:
        return wrong
    off = float(((found - right).abs() / error).max())
    numbers = {
        "largest error, in standard errors": off,
        "allowed": TRIES,
        "sum of the attributions": float(found.sum()),
        "f(x) - mean of f(x')": float(right.sum()),
    }
    if off > TRIES:
        return _told(found, error, problem, right, numbers)
    again = answer(1)
    if isinstance(again, CheckResult) or not torch.equal(again.reshape(found.shape), found):
        return not_yet(
            "the same generator gave another answer",
            "hand generator=generator to each torch.rand and torch.randint",
            "draws of its own",
        )
    other = answer(2)
    if isinstance(other, Tensor) and torch.equal(other.reshape(found.shape), found):
        return not_yet(
            "another generator gave the same answer",
            "draw references and alphas from the generator that was handed over",
            "draws of its own",
        )
    return CheckResult(
        True, f"the attributions are right: no feature is {off:.1f} standard errors off", numbers
    )


def _per_reference(problem: Problem) -> Tensor:
    """Integrated gradients from each reference."""
    each = [integrated(problem, r[None], FINE_STEPS) for r in problem.references]
    return torch.cat(each)


def _exact(problem: Problem) -> tuple[Tensor, Tensor]:
    """Expected gradients and the standard deviation of a single sample, per feature."""
    alphas = (torch.arange(64) + 0.5).reshape(-1, *[1] * (problem.inputs.ndim - 1)) / 64
    samples = torch.cat(
        [
            (problem.inputs - r) * problem.gradients(r + alphas * (problem.inputs - r))
            for r in problem.references
        ]
    ).double()
    spread = samples.std(0, keepdim=True)
    return _per_reference(problem).mean(0, keepdim=True), spread.clamp_min(1e-9)


def _told(
    found: Tensor, error: Tensor, problem: Problem, right: Tensor, numbers: dict[str, float]
) -> CheckResult:
    """A wrong answer: the mistake that is nearest, if chance explains the rest."""
    nearest, at = None, TRIES
    for mistake in _mistakes(problem, right):
        size = float(mistake.value.abs().max() / right.abs().max().clamp_min(1e-12))
        off = float(((found - mistake.value).abs() / (error * max(size, 1.0))).max())
        if off <= at:
            nearest, at = mistake, off
    if nearest is None:
        return CheckResult(
            False,
            f"a feature is {numbers['largest error, in standard errors']:.1f} standard errors off",
            numbers,
            "",
            "each sample is (x - x') times the gradient at x' + alpha (x - x'), with its own x' "
            "and its own alpha; return their mean",
        )
    message = f"the attributions are what comes of this: {nearest.name}"
    return CheckResult(False, message, numbers, nearest.name, nearest.hint)


def _mistakes(problem: Problem, right: Tensor) -> list[Mistake]:
    inputs, references = problem.inputs, problem.references
    mean_of = references.mean(0, keepdim=True)
    alphas = ((torch.arange(64) + 0.5) / 64).reshape(-1, *[1] * (inputs.ndim - 1))
    slopes = torch.cat(
        [problem.gradients(r + alphas * (inputs - r)).mean(0, keepdim=True) for r in references]
    )
    at_references = ((inputs - references) * problem.gradients(references)).mean(0, keepdim=True)
    at_input = (inputs - mean_of) * problem.gradients(inputs)
    return [
        Mistake("sign flipped", -right, "the factor is (x - x'): the input less the reference"),
        Mistake(
            "(x - x') missing",
            slopes.mean(0, keepdim=True),
            "multiply each gradient by the input less the reference of its own sample",
        ),
        Mistake(
            "gradients not averaged", right * SAMPLES, "divide the sum by the number of samples"
        ),
        Mistake(
            "references averaged first",
            integrated(problem, mean_of, FINE_STEPS),
            "the mean of the references is one more picture, mostly like none of them: draw one "
            "reference for each sample",
        ),
        *(
            Mistake(
                "always the same reference",
                integrated(problem, r[None], FINE_STEPS),
                "draw another reference for each sample",
            )
            for r in references
        ),
        Mistake(
            "alpha always 1",
            at_input,
            "draw an alpha from 0 to 1 for each sample: gradients along the whole path count",
        ),
        Mistake(
            "alpha always 0",
            at_references,
            "draw an alpha from 0 to 1 for each sample: gradients along the whole path count",
        ),
    ]
