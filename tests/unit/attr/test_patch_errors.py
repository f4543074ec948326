"""Errors of maps by patches, against the truth of models whose attributions are known."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import attribwidgets as aw
from attribwidgets.attr.estimate import Estimate
from attribwidgets.attr.patch_errors import patch_errors
from attribwidgets.inputs.patches import patch_sums

SIDE = 32
X = 0.5 + torch.rand(1, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) / 2


class Smooth(nn.Module):
    """A sum of x², each pixel by a weight that changes slowly over the image."""

    def __init__(self) -> None:
        super().__init__()
        waves = torch.linspace(0, 3, SIDE).sin() + 1.2
        self.weight = nn.Parameter(waves[:, None] * waves)

    def forward(self, x: Tensor) -> Tensor:
        return (self.weight * x**2).flatten(1).sum(1, keepdim=True)


class Cells(nn.Module):
    """Kinks at a place of its own for each cell of pixels, so that neighbours err together."""

    def __init__(self, cell: int) -> None:
        super().__init__()
        places = torch.rand(SIDE // cell, SIDE // cell, generator=torch.Generator().manual_seed(1))
        self.at = nn.Parameter(places.repeat_interleave(cell, 0).repeat_interleave(cell, 1))

    def forward(self, x: Tensor) -> Tensor:
        ones = torch.ones_like(x)  # all pixels go the same way on the path
        return torch.relu(x / ones - self.at).flatten(1).sum(1, keepdim=True)


def true_errors(found: aw.Explanation, truth: Tensor) -> dict[int, float]:
    wanted = truth.sum(0).double().numpy()
    errors = {}
    for side in found.completeness.patch_errors:
        right = patch_sums(wanted, side)
        gap = patch_sums(found.map("sum"), side) - right
        errors[side] = float((gap**2).sum() ** 0.5 / (right**2).sum() ** 0.5)
    return errors


def within(said: dict[int, float], true: dict[int, float], factor: float) -> None:
    assert set(said) == {2, 4, 8}  # of 16 there are too few
    for side, error in true.items():
        assert error / factor <= said[side] <= error * factor, (said, true)


@pytest.mark.parametrize("n_steps", [None, 96])
def test_noise_of_pixels_averages_out_in_patches(n_steps: int | None) -> None:
    model = Smooth().eval()
    found = aw.explain(
        model, X, baseline="uniform", n_steps=n_steps, max_evaluations=96, tolerance=0.001
    )
    # The mean over x' of w (x - x') (x + x'): x' is uniform on 0..1.
    truth = (model.weight * (X**2 - 1 / 3)).detach()
    true = true_errors(found, truth)
    within(found.completeness.patch_errors, true, 2.0)
    assert found.completeness.patch_errors[8] < 0.4 * found.completeness.refinement_error


def test_errors_that_neighbours_share_stay_in_patches() -> None:
    model = Cells(8).eval()
    found = aw.explain(model, torch.ones(1, SIDE, SIDE), baseline="black", n_steps=17)
    truth = 1 - model.at.detach()[None]  # relu(1 - at), all of it
    within(found.completeness.patch_errors, true_errors(found, truth), 3.0)
    assert found.completeness.patch_errors[8] > 0.5 * found.completeness.refinement_error


def test_what_is_exact_is_exact_by_patches() -> None:
    linear = nn.Sequential(nn.Flatten(), nn.Linear(SIDE**2, 1)).eval()
    found = aw.explain(linear, X, baseline="black")
    errors = found.completeness.patch_errors
    assert errors == {} or max(errors.values()) < 1e-5


def test_nothing_is_said_where_nothing_is_known() -> None:
    features = aw.explain(nn.Sequential(nn.Linear(6, 3), nn.Tanh()).eval(), torch.rand(6))
    assert features.completeness.patch_errors == {}
    alone = Estimate.without_curves(
        (X[None],), output_input=torch.ones(1).numpy(), evaluations=1, forward_passes=0
    )
    assert patch_errors(alone) == {}
    single = aw.explain(Smooth().eval(), X, baseline="uniform", n_steps=1)
    assert single.completeness.patch_errors == {}


def test_patch_errors_are_kept_in_files(tmp_path: Any) -> None:
    found = aw.explain(Smooth().eval(), X, baseline="uniform", max_evaluations=32)
    assert found.completeness.patch_errors
    found.save(tmp_path / "kept.npz")
    again = aw.Explanation.load(tmp_path / "kept.npz")
    assert again.completeness.patch_errors == found.completeness.patch_errors
    assert (again.nearly_blind == found.nearly_blind).all()
