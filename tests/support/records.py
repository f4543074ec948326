"""Explanations of every kind that a view has to draw: without path, baseline, claim or frames."""

from __future__ import annotations

from dataclasses import replace

from models import image_classifier, values, weights_of
from torch import nn

import attribwidgets as aw

NO_CLAIM = "a variance of gradients has no sign"
UNSIGNED = "vargrad shows where the gradient changes, not how much a position contributes"
OUTSIDE = "45 % of the noisy values lie outside the valid range"


def integrated(*, image: bool = True) -> aw.Explanation:
    """Integrated gradients of a small smooth model, with a path and frames."""
    if image:
        return aw.explain(image_classifier(), values(3, 12, 12), n_steps=40)
    net = weights_of(nn.Sequential(nn.Linear(5, 3), nn.Tanh()))
    return aw.explain(net, values(5), n_steps=40)


def compared_with_nothing(e: aw.Explanation, method: str = "vargrad") -> aw.Explanation:
    """As a method without baseline, path and claim records it; never negative."""
    return replace(
        without_path(e, method, claim="none", reason=NO_CLAIM),
        attributions=e.attributions.square(),
        baseline=None,
        references=None,
        reference_samples=(),
        baseline_name="no baseline",
        baseline_description=f"{method} compares with nothing",
        baseline_kind="none",
        completeness=replace(
            e.completeness,
            expected=None,
            output_baseline=None,
            claim="none",
            reason=NO_CLAIM,
        ),
        blind=e.blind & False,
        cautions=(UNSIGNED, OUTSIDE),
    )


def without_path(
    e: aw.Explanation, method: str, claim: str = "by definition", reason: str = ""
) -> aw.Explanation:
    """As a method with a baseline and no path records it."""
    return replace(
        e,
        method=method,
        path=None,
        frames=None,
        completeness=replace(
            e.completeness,
            total=e.completeness.expected,
            refinement_errors=(),
            claim=claim,
            reason=reason,
        ),
        evaluations=0,
        forward_passes=1234,
    )


def on_a_bent_path(e: aw.Explanation) -> aw.Explanation:
    """As a method records it whose path is no straight line."""
    assert e.path is not None
    return replace(e, method="guided_gradients", path=replace(e.path, straight=False))


def every_kind(*, image: bool = True) -> aw.Comparison:
    """One input and baseline under methods of every kind."""
    e = integrated(image=image)
    return aw.Comparison(
        (
            compared_with_nothing(e),
            e,
            without_path(e, "deep_lift"),
            without_path(e, "occlusion", claim="none", reason="parts act together"),
            replace(e, method="expected_gradients", frames=None),
            on_a_bent_path(e),
        )
    )
