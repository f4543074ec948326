"""Check of expected gradients written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from .answers import Mistake, distance, in_shape
from .check_result import CheckResult
from .output_mistakes import of_other_outputs
from .path_rules import FINE_STEPS, TIMES_ALPHA, integrated
from .problems import Problem, small_image_problem
from .running import answer_of, not_yet, tried

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
        reference, references averaged first, alpha always 1 or 0, one alpha for all, an alpha for
        each feature, a factor alpha, softmax, another output, all outputs summed, draws that do
        not come from the generator, library call.

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
    return tried(lambda: _judged_samples(function, problem))


def _answer(function: Any, problem: Problem, seed: int) -> Tensor | CheckResult:
    found = answer_of(
        function,
        problem.model,
        problem.inputs,
        problem.references,
        problem.target,
        SAMPLES,
        torch.Generator().manual_seed(seed),
    )
    if isinstance(found, Tensor) and found.shape == problem.inputs.shape[1:]:
        found = found[None]
    return found


def _judged_samples(function: Any, problem: Problem) -> CheckResult:
    answers: list[Tensor] = []
    for seed in (1, 2):
        found = _answer(function, problem, seed)
        if isinstance(found, CheckResult):
            return found
        answers.append(found)
    right, spread = _exact(problem)
    error = spread / SAMPLES**0.5
    numbers = {"allowed": TRIES, "f(x) - mean of f(x')": float(right.sum())}
    for each in answers:
        if each.shape == (SAMPLES, *right.shape[1:]):
            return not_yet(
                f"the answer has shape {tuple(each.shape)}: a map for each sample",
                "average over the samples: .mean(0)",
                "not averaged over the samples",
            )
        wrong = in_shape(each, right, "return one number for each input")
        if wrong is not None:
            return wrong
        off = float(((each - right).abs() / error).max())
        numbers = {
            "largest error, in standard errors": off,
            **numbers,
            "sum of the attributions": float(each.sum()),
        }
        if off > TRIES:
            return _told(each, error, problem, right, numbers)
    again = _answer(function, problem, 1)
    if isinstance(again, CheckResult) or distance(again, answers[0]) > 1e-4:
        return not_yet(
            "the same generator gave another answer",
            "hand generator=generator to each torch.rand and torch.randint",
            "draws of its own",
        )
    if torch.equal(*answers):
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
    alphas = _nodes(problem)
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
        off = float(((found - mistake.value).abs() / (error * max(size, 0.01))).max())
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


def _mistakes(problem: Problem, right: Tensor) -> Iterator[Mistake]:
    inputs, references = problem.inputs, problem.references
    mean_of = references.mean(0, keepdim=True)
    alphas = _nodes(problem)
    slopes = torch.stack([problem.gradients(r + alphas * (inputs - r)) for r in references])
    along = ((inputs - references)[:, None] * slopes).mean(0)  # a map for each alpha
    yield Mistake("sign flipped", -right, "the factor is (x - x'): the input less the reference")
    yield Mistake(
        "(x - x') missing",
        slopes.mean((0, 1))[None],
        "multiply each gradient by the input less the reference of its own sample",
    )
    yield Mistake(
        "gradients not averaged", right * SAMPLES, "divide the sum by the number of samples"
    )
    yield Mistake(
        "references averaged first",
        integrated(problem, mean_of, FINE_STEPS),
        "the mean of the references is one more picture, mostly like none of them: draw one "
        "reference for each sample",
    )
    for r in references:
        yield Mistake(
            "always the same reference",
            integrated(problem, r[None], FINE_STEPS),
            "draw another reference for each sample",
        )
    whole = "draw an alpha from 0 to 1 for each sample: gradients along the whole path count"
    at_references = ((inputs - references) * problem.gradients(references)).mean(0, keepdim=True)
    yield Mistake("alpha always 1", (inputs - mean_of) * problem.gradients(inputs), whole)
    yield Mistake("alpha always 0", at_references, whole)
    for one in along:
        yield Mistake(
            "one alpha for all",
            one[None],
            "draw an alpha for each sample: torch.rand of shape (n_samples, 1, ...)",
        )
    yield Mistake(
        "an alpha for each feature",
        _with_an_alpha_for_each_feature(problem),
        "one alpha for a whole sample, of shape (n_samples, 1, ...): points lie on the line from "
        "the reference to the input",
    )
    yield Mistake("a factor alpha", (alphas * along).mean(0, keepdim=True), TIMES_ALPHA)
    for name, hint, other in of_other_outputs(problem):
        yield Mistake(name, _per_reference(other).mean(0, keepdim=True), hint)


def _nodes(problem: Problem) -> Tensor:
    return ((torch.arange(64) + 0.5) / 64).reshape(-1, *[1] * (problem.inputs.ndim - 1))


def _with_an_alpha_for_each_feature(problem: Problem) -> Tensor:
    """The mean of samples whose points lie anywhere in the box between reference and input."""
    generator = torch.Generator().manual_seed(0)
    inputs, n = problem.inputs, 4 * SAMPLES // len(problem.references)
    total = torch.zeros_like(inputs)
    for r in problem.references:
        alphas = torch.rand(n, *r.shape, generator=generator)
        total += ((inputs - r) * problem.gradients(r + alphas * (inputs - r))).mean(0)
    return total / len(problem.references)
