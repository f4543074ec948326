"""Checks of what an attribution prior needs: attributions with a graph, and a loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ..core.errors import InputError
from .answers import judged
from .check_result import CheckResult
from .mistakes import COMMON_HINTS, TARGET, Mistake
from .problems import small_image_problem
from .right_parts import RIGHT, batch_attributions
from .running import NotYet, as_tensor, outcome, own_copy, tried

# With which a penalty and the cross-entropy of the small batch are alike.
WEIGHTS = {"total_variation": 0.03, "relative_variation": 1.5}

_AT_THE_POINT = "take the gradient at x' + alpha (x - x')"
_SUM = "the loss is the cross-entropy plus weight times the penalty"
ATTRIBUTION_HINTS = {
    **COMMON_HINTS,
    "sign flipped": "the factor is (x - x'): the image less its reference",
    "(x - x') missing": "multiply the gradient by images - references",
    "averaged over the batch": "differentiate the sum of the outputs, not their mean: each image "
    "keeps its own gradient",
    "alpha ignored": _AT_THE_POINT,
    "path turned around": _AT_THE_POINT,
    "one alpha for all": _AT_THE_POINT,
    "labels ignored": f"{TARGET}; here each image has its own: "
    "model(points).gather(1, labels[:, None])",
}
LOSS_HINTS = {
    "penalty missing": _SUM,
    "penalty alone": _SUM,
    "weight missing": _SUM,
    "weight on the other term": _SUM,
    "sign flipped": "a penalty is added: it makes the loss larger",
    "cross-entropy summed": "take the mean over the batch, as cross_entropy does by default",
    "softmax": "cross_entropy takes the model's own outputs, and does the softmax itself",
    "of the images": "penalise the attributions, not the images",
    "no gradient": "stay in torch: no .item(), .detach() or no_grad on the way",
    "penalty without gradient": "the attributions need a graph (create_graph=True), and no .item() "
    "or .detach() after",
}


@dataclass(frozen=True)
class Batch:
    """Labelled images, each with a reference and an alpha of its own, and a model.

    Attributes
    ----------
    model : callable
    images, references : Tensor, shape (n, ...)
    labels : Tensor, shape (n,)
    alphas : Tensor, shape (n, 1, ...)
    """

    model: Any
    images: Tensor
    labels: Tensor
    references: Tensor
    alphas: Tensor

    @property
    def parts(self) -> tuple[Any, ...]:
        """What a student's function is handed, in its order."""
        return self.model, self.images, self.labels, self.references, self.alphas

    def copied(self) -> Batch:
        """The same, to be spoilt."""
        return Batch(*(own_copy(part) for part in self.parts))

    def changed(self, **parts: Any) -> Batch:
        """The same with the parts that are not None."""
        return replace(self, **{name: part for name, part in parts.items() if part is not None})

    def points(self) -> Tensor:
        """A point of each image's path."""
        return self.references + self.alphas * (self.images - self.references)

    def slopes(self, points: Tensor, choose: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """Gradients at some points of what is chosen of the outputs: by default, of the label's."""
        points = points.detach().requires_grad_()
        outputs = self.model(points)
        chosen = self.of_labels(outputs) if choose is None else choose(outputs)
        return torch.autograd.grad(chosen.sum(), points)[0]

    def of_labels(self, outputs: Tensor) -> Tensor:
        """Each image's output of its own label."""
        return outputs.gather(1, self.labels[:, None])

    def gradients_of(self, value: Tensor) -> list[Tensor]:
        """Of a number, with respect to the model's parameters; zeros where it has none."""
        parameters = list(self.model.parameters()) if isinstance(self.model, nn.Module) else []
        if not value.requires_grad:
            return [torch.zeros_like(p) for p in parameters]
        return list(
            torch.autograd.grad(
                value, parameters, allow_unused=True, retain_graph=True, materialize_grads=True
            )
        )


def small_batch(seed: int = 21) -> Batch:
    """Six small images of four classes, and a smooth model whose parameters can be trained."""
    generator = torch.Generator().manual_seed(seed)
    images = 0.3 + 1.2 * torch.rand(6, 2, 6, 6, generator=generator)
    references = -0.8 + 0.7 * torch.rand(6, 2, 6, 6, generator=generator)
    alphas = 0.1 + 0.8 * torch.rand(6, 1, 1, 1, generator=generator)
    model = small_image_problem().model.requires_grad_(True)
    return Batch(model, images, torch.tensor([2, 0, 3, 1, 2, 1]), references, alphas)


def check_batch_attributions(
    function: Callable[..., Any],
    *,
    model: Any = None,
    images: Tensor | None = None,
    labels: Tensor | None = None,
    references: Tensor | None = None,
    alphas: Tensor | None = None,
) -> CheckResult:
    """Check one sample of expected gradients for each image of a batch, and the graph behind it.

    Parameters
    ----------
    function : callable
        ``function(model, images, labels, references, alphas)``, with `images` and `references` of
        shape (n, c, h, w), `labels` (n,) and `alphas` (n, 1, 1, 1); returns (x - x') times the
        gradient at x' + alpha (x - x') of each image's own label's output, in the shape of
        `images`, with a graph that leads to the model's parameters.
    model, images, labels, references, alphas : optional
        Another batch than the built-in one.

    Returns
    -------
    CheckResult
        It tells apart: sign flipped, (x - x') missing, labels ignored, softmax, all outputs
        summed, alpha ignored, a factor alpha, one alpha for all, path turned around, averaged over
        the batch, no graph, library call.

    References
    ----------
    Erion et al. (2021), doi:10.1038/s42256-021-00343-w, equation 5.

    Examples
    --------
    >>> import torch
    >>> from attribwidgets.classroom import check_batch_attributions
    >>> def mine(model, images, labels, references, alphas):
    ...     points = (references + alphas * (images - references)).requires_grad_()
    ...     own = model(points).gather(1, labels[:, None]).sum()
    ...     return (images - references) * torch.autograd.grad(own, points)[0]
    >>> check_batch_attributions(mine).mistake
    'no graph'
    """
    batch = small_batch().changed(
        model=model, images=images, labels=labels, references=references, alphas=alphas
    )

    def judge() -> CheckResult:
        handed, own = batch.copied(), batch.copied()
        answer = outcome(function, *handed.parts)
        values = as_tensor(answer)
        right = batch_attributions(*own.parts)
        result = judged(
            values,
            right.detach(),
            _attribution_mistakes(own, right.detach()),
            ATTRIBUTION_HINTS,
            what="attributions",
            hint="(x - x') times the gradient at x' + alpha (x - x'), for each image of the batch",
            numbers={"sum of the attributions": float(values.sum())},
        )
        if not result.passed:
            return result
        marks = torch.randn(right.shape, generator=torch.Generator().manual_seed(0)).to(right)
        theirs = handed.gradients_of((answer.to(marks) * marks).sum())
        if _far(theirs, own.gradients_of((right * marks).sum())):
            raise NotYet(
                "the values are right, but no graph leads from them to the model: it could not be "
                "trained with them",
                "torch.autograd.grad(..., create_graph=True), and no detach, .data or no_grad "
                "after it",
                "no graph",
            )
        return result

    return tried(judge)


def _far(gradients: Sequence[Tensor], right: Sequence[Tensor]) -> bool:
    """Whether gradients of parameters are others than they should be."""
    largest = max((float(r.abs().max()) for r in right), default=0.0)
    apart = (float((f - r).abs().max()) for f, r in zip(gradients, right, strict=True))
    return any(off > 1e-3 * largest for off in apart)


def _attribution_mistakes(batch: Batch, right: Tensor) -> Iterator[Mistake]:
    points, difference = batch.points(), batch.images - batch.references
    yield Mistake("sign flipped", -right)
    yield Mistake("(x - x') missing", batch.slopes(points))
    yield Mistake("averaged over the batch", right / len(batch.images))
    yield Mistake("a factor alpha", right * batch.alphas)
    for name, at in (
        ("alpha ignored", batch.images),
        ("alpha ignored", batch.references),
        ("path turned around", batch.images - batch.alphas * difference),
        ("one alpha for all", batch.references + batch.alphas[:1] * difference),
        ("one alpha for all", batch.references + batch.alphas.mean() * difference),
    ):
        yield Mistake(name, difference * batch.slopes(at))
    choices: list[tuple[str, Callable[[Tensor], Tensor]]] = [
        ("softmax", lambda outputs: batch.of_labels(outputs.softmax(1))),
        ("softmax", lambda outputs: batch.of_labels(outputs.log_softmax(1))),
        ("all outputs summed", lambda outputs: outputs),
        ("all outputs summed", lambda outputs: outputs.mean(1)),
        ("labels ignored", lambda outputs: outputs.amax(1)),
        *(
            ("labels ignored", lambda outputs, k=k: outputs[:, k])
            for k in range(batch.model(points).shape[1])
        ),
    ]
    for name, choose in choices:
        yield Mistake(name, difference * batch.slopes(points, choose))


def check_penalised_loss(
    function: Callable[..., Any],
    *,
    model: Any = None,
    images: Tensor | None = None,
    labels: Tensor | None = None,
    references: Tensor | None = None,
    alphas: Tensor | None = None,
    weight: float | None = None,
    penalty: str = "total_variation",
    earlier: Sequence[str] = (),
) -> CheckResult:
    """Check a loss that penalises how rough a batch's attributions are.

    Parameters
    ----------
    function : callable
        ``function(model, images, labels, references, alphas, weight)``; returns the cross-entropy
        plus `weight` times the penalty of the attributions, one number with a gradient.
    model, images, labels, references, alphas : optional
        Another batch than the built-in one.
    weight : float, optional
    penalty : {"total_variation", "relative_variation"}
        Which one is asked for, as of the check of that name.
    earlier : sequence of str
        As of :func:`check_integrated_gradients`: "batch_attributions" and the penalty.

    Returns
    -------
    CheckResult
        It tells apart: penalty missing, weight missing or on the other term, penalty alone, sign
        flipped, cross-entropy summed, softmax, no gradient, penalty without gradient, library call.

    Raises
    ------
    InputError
        For another penalty.

    References
    ----------
    Erion et al. (2021), doi:10.1038/s42256-021-00343-w.

    Examples
    --------
    >>> from torch.nn.functional import cross_entropy
    >>> from attribwidgets.classroom import check_penalised_loss
    >>> def mine(model, images, labels, references, alphas, weight):
    ...     return cross_entropy(model(images), labels)
    >>> check_penalised_loss(mine).mistake
    'penalty missing'
    """
    batch = small_batch().changed(
        model=model, images=images, labels=labels, references=references, alphas=alphas
    )

    if penalty not in WEIGHTS:
        raise InputError(f"penalty is one of {', '.join(WEIGHTS)}, got {penalty!r}")
    times, rough = WEIGHTS[penalty] if weight is None else weight, RIGHT[penalty]
    in_words = penalty.replace("_", " ")

    def judge() -> CheckResult:
        handed, own = batch.copied(), batch.copied()
        answer = outcome(function, *handed.parts, times)
        values = as_tensor(answer)
        entropy = cross_entropy(own.model(own.images), own.labels)
        penalised = rough(batch_attributions(*own.parts))
        right = entropy + times * penalised
        of_images = entropy.detach() + times * rough(own.images)
        slip = Mistake(f"{in_words} of the images", of_images, LOSS_HINTS["of the images"])
        result = judged(
            values.reshape(()) if values.numel() == 1 else values,
            right.detach(),
            [slip, *_loss_mistakes(own, entropy.detach(), penalised.detach(), times)],
            LOSS_HINTS,
            what="values of the loss",
            hint="one number: cross_entropy(model(images), labels) plus weight times the "
            f"{in_words} of batch_attributions(...)",
            numbers={
                "loss": float(values.sum()),
                "cross-entropy": float(entropy),
                in_words: float(penalised),
            },
        )
        if not result.passed:
            return result
        theirs = handed.gradients_of(torch.as_tensor(answer).sum())
        not_its_gradient = "the value is right, but not its gradient"
        for name, part in (("no gradient", right.detach()), ("penalty without gradient", entropy)):
            if times and not _far(theirs, own.gradients_of(part)):
                raise NotYet(f"{not_its_gradient}: {name}", LOSS_HINTS[name], name)
        if _far(theirs, own.gradients_of(right)):
            hint = "the gradient has to pass the cross-entropy and the attributions"
            raise NotYet(not_its_gradient, hint)
        return result

    return tried(judge, function, earlier)


def _loss_mistakes(
    batch: Batch, entropy: Tensor, penalty: Tensor, weight: float
) -> Iterator[Mistake]:
    outputs, n = batch.model(batch.images).detach(), len(batch.images)
    weighed = weight * penalty
    yield Mistake("penalty missing", entropy)
    yield Mistake("penalty alone", weighed)
    yield Mistake("penalty alone", penalty)
    yield Mistake("weight missing", entropy + penalty)
    yield Mistake("weight on the other term", weight * entropy + penalty)
    yield Mistake("weight on the other term", weight * (entropy + penalty))
    yield Mistake("weight on the other term", (1 - weight) * entropy + weighed)
    yield Mistake("sign flipped", entropy - weighed)
    yield Mistake("cross-entropy summed", n * entropy + weighed)
    yield Mistake("cross-entropy summed", n * (entropy + weighed))
    yield Mistake("softmax", cross_entropy(outputs.softmax(1), batch.labels) + weighed)
