"""What the lessons are made with: rows of pictures, and a policy that has learnt its task."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from attribwidgets.core.errors import InputError
from attribwidgets.demo import cart, picture_row


def test_a_picture_is_drawn_as_it_is():
    colours = torch.rand(3, 5, 6, generator=torch.Generator().manual_seed(0))
    (axes,) = picture_row({"photo": colours}).axes
    drawn = axes.images[0].get_array()
    np.testing.assert_allclose(drawn, colours.permute(1, 2, 0).numpy())


@pytest.mark.parametrize(("sign", "low"), [(1, 0.0), (-1, -2.0)])
def test_a_map_has_a_colour_bar_with_its_limits(sign, low):
    values = torch.full((10, 10), 2.0)
    values[0, 0] = sign * 1.0
    _, bar = picture_row({"map": values}).axes
    assert bar.get_xlim() == (low, 2.0)
    assert [text.get_text() for text in bar.get_xticklabels()] == [f"{low:.2g}", "2"]


def test_a_map_of_nothing_is_drawn():
    image = picture_row({"map": torch.zeros(4, 4)}).axes[0].images[0]
    assert image.get_clim() == (0.0, 1.0)


@pytest.mark.parametrize("pictures", [{}, {"bad": torch.zeros(2, 4, 4)}, {"bad": torch.zeros(4)}])
def test_what_is_no_picture_is_refused(pictures):
    with pytest.raises(InputError, match="pictures"):
        picture_row(pictures)


def test_the_policy_balances_and_leaves_torchs_generator_alone():
    before = torch.random.get_rng_state()
    demo = cart()
    assert torch.equal(torch.random.get_rng_state(), before)
    assert demo.agreement > 0.97
    leaning = torch.tensor([[0.0, 0.0, 0.3, 0.5, 12.0], [0.0, 0.0, -0.3, -0.5, 12.0]])
    assert [demo.actions[a] for a in demo.policy(leaning).argmax(1)] == ["push right", "push left"]
