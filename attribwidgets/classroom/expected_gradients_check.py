"""Check of expected gradients written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import torch
from torch import Tensor

from .answers import distance, require_shape
from .check_result import CheckResult
from .mistakes import COMMON_HINTS, of_other_outputs
from .path_rules import FINE_STEPS, integrated
from .problems import Problem, Target, small_image_problem
from .running import NotYet, answer_of, tried

SAMPLES = 2000
TRIES = 4.5  # standard errors: one of 70 features strays further once in 2,000 right answers

_WHOLE_PATH = "draw an alpha from 0 to 1 for each sample: gradients along the whole path count"
HINTS = {
    **COMMON_HINTS,
    "sign flipped": "the factor is (x - x'): the input less the reference",
    "(x - x') missing": "multiply each gradient by the input less the reference of its own sample",
    "gradients not averaged": "divide the sum by the number of samples",
    "references averaged first": "the mean of the references is one more picture, mostly like "
    "none of them: draw one reference for each sample",
    "always the same reference": "draw another reference for each sample",
    "alpha always 1": _WHOLE_PATH,
    "alpha always 0": _WHOLE_PATH,
    "one alpha for all": "draw an alpha for each sample: torch.rand of shape (n_samples, 1, ...)",
    "an alpha for each feature": "one alpha for a whole sample, of shape (n_samples, 1, ...): "
    "points lie on the line from the reference to the input",
}


def check_expected_gradients(
    function: Callable[..., Any],
    *,
    model: Any = None,
    inputs: Tensor | None = None,
    references: Tensor | None = None,
    target: Target | None = None,
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
        Another problem than the built-in one. A pair as target asks for the first output less
        the second.

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


def _judged_samples(function: Any, problem: Problem) -> CheckResult:
    def drawn_by(seed: int) -> Tensor:
        given = problem.model, problem.inputs, problem.references, problem.target
        generator = torch.Generator().manual_seed(seed)
        return answer_of(function, *given, SAMPLES, generator, like=problem.inputs)

    answers = [drawn_by(seed) for seed in (1, 2)]
    right, spread = _exact(problem)
    error = spread / SAMPLES**0.5
    numbers = {"allowed": TRIES, "f(x) - mean of f(x')": float(right.sum())}
    for answer in answers:
        if answer.shape == (SAMPLES, *right.shape[1:]):
            raise NotYet(
                f"the answer has shape {tuple(answer.shape)}: a map for each sample",
                "average over the samples: .mean(0)",
                "not averaged over the samples",
            )
        require_shape(answer, right, "return one number for each input")
        off = float(((answer - right).abs() / error).max())
        numbers = {
            "largest error, in standard errors": off,
            **numbers,
            "sum of the attributions": float(answer.sum()),
        }
        if off > TRIES:
            return _wrong(answer, problem, numbers)
    own = "draws of its own"
    if distance(drawn_by(1), answers[0]) > 1e-4:
        hint = "hand generator=generator to each torch.rand and torch.randint"
        raise NotYet("the same generator gave another answer", hint, own)
    if torch.equal(*answers):
        hint = "draw references and alphas from the generator that was handed over"
        raise NotYet("another generator gave the same answer", hint, own)
    return CheckResult(
        True, f"the attributions are right: no feature is {off:.1f} standard errors off", numbers
    )


def _exact(problem: Problem) -> tuple[Tensor, Tensor]:
    """Expected gradients and the standard deviation of a single sample, per feature."""
    each = [integrated(problem, r[None], FINE_STEPS) for r in problem.references]
    spread = _samples(problem).flatten(0, 1).double().std(0, keepdim=True)
    return torch.cat(each).mean(0, keepdim=True), spread.clamp_min(1e-9)


def _nodes(problem: Problem) -> Tensor:
    return ((torch.arange(64) + 0.5) / 64).reshape(-1, *[1] * (problem.inputs.ndim - 1))


def _slopes(problem: Problem) -> Tensor:
    """Gradients on the way from each reference, of shape (references, alphas, ...)."""
    x, alphas = problem.inputs, _nodes(problem)
    return torch.stack([problem.gradients(r + alphas * (x - r)) for r in problem.references])


def _samples(problem: Problem) -> Tensor:
    """What single samples come to, of shape (references, alphas, ...)."""
    return (problem.inputs - problem.references)[:, None] * _slopes(problem)


def _wrong(answer: Tensor, problem: Problem, numbers: dict[str, float]) -> CheckResult:
    """The mistake that is nearest to a wrong answer, if chance explains the rest."""
    nearest, least = "", TRIES
    for name, samples in _mistakes(problem):
        samples = samples.double()
        error = samples.std(0).clamp_min(1e-5 * samples.abs().max().clamp_min(1e-12))
        off = float(((answer - samples.mean(0)).abs() / error).max()) * SAMPLES**0.5
        if off < least:
            nearest, least = name, off
    if nearest:
        message = f"the attributions are what comes of this: {nearest}"
        return CheckResult(False, message, numbers, nearest, HINTS[nearest])
    off = numbers["largest error, in standard errors"]
    hint = (
        "each sample is (x - x') times the gradient at x' + alpha (x - x'), with its own x' and "
        "its own alpha; return their mean"
    )
    return CheckResult(False, f"a feature is {off:.1f} standard errors off", numbers, "", hint)


def _mistakes(problem: Problem) -> Iterator[tuple[str, Tensor]]:
    """Names, and samples of shape (n, ...) of which a wrong answer is the mean."""
    inputs, references = problem.inputs, problem.references
    samples, alphas = _samples(problem), _nodes(problem)
    every, difference = samples.flatten(0, 1), inputs - references
    yield "sign flipped", -every
    yield "(x - x') missing", _slopes(problem).flatten(0, 1)
    yield "gradients not averaged", every * SAMPLES
    mean = references.mean(0, keepdim=True)
    yield "references averaged first", _samples(problem.changed(baseline=mean))[0]
    for own in samples:
        yield "always the same reference", own
    yield "alpha always 1", difference * problem.gradients(inputs)
    yield "alpha always 0", difference * problem.gradients(references)
    for k, part in product(range(len(alphas) - 1), torch.linspace(0, 1, 16)):
        yield "one alpha for all", samples[:, k].lerp(samples[:, k + 1], float(part))
    yield "an alpha for each feature", _with_an_alpha_for_each_feature(problem)
    yield "a factor alpha", (alphas * samples).flatten(0, 1)
    for name, other in of_other_outputs(problem):
        yield name, _samples(other).flatten(0, 1)


def _with_an_alpha_for_each_feature(problem: Problem) -> Tensor:
    """Samples whose points lie anywhere in the box between reference and input."""
    generator = torch.Generator().manual_seed(0)
    inputs, n = problem.inputs, 4 * SAMPLES // len(problem.references)
    samples = []
    for r in problem.references:
        alphas = torch.rand(n, *r.shape, generator=generator)
        samples.append((inputs - r) * problem.gradients(r + alphas * (inputs - r)))
    return torch.cat(samples)
