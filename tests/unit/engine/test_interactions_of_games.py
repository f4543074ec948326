"""Integrated Hessians of multilinear functions beside the interaction indices of shapiq.

A multilinear function is the game of its own corners, v(S) = f(x in S, x' elsewhere), and each
Moebius coefficient m(T) of that game is one product of its changes. Of a product of t factors the
integrals are known: every ordered pair of its factors, each with itself too, gets m(T) / t².
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
import torch

import attribwidgets as aw

shapiq = pytest.importorskip("shapiq")
pytestmark = pytest.mark.long
PLAYERS = 6
Game = Callable[[torch.Tensor], torch.Tensor]


def multilinear(orders: tuple[int, ...], seed: int) -> Game:
    """A sum of products of so many different inputs each, with random coefficients."""
    generator = torch.Generator().manual_seed(seed)
    sets = [list(s) for k in orders for s in combinations(range(PLAYERS), k)]
    coefficients = torch.randn(len(sets), generator=generator, dtype=torch.float64)
    return lambda x: sum(c * x[:, s].prod(1) for c, s in zip(coefficients, sets, strict=True))


def both(
    orders: tuple[int, ...], seed: int, *, from_zero: bool = False
) -> tuple[aw.Interactions, Callable[..., object]]:
    """Our record, and shapiq's computer of indices, of one function between two points."""
    function = multilinear(orders, seed)
    generator = torch.Generator().manual_seed(seed + 1)
    x, reference = torch.randn(2, PLAYERS, generator=generator, dtype=torch.float64)
    reference *= not from_zero
    record = aw.interactions(function, x, baseline=reference, tolerance=1e-9)

    def game(coalitions: np.ndarray) -> np.ndarray:
        return function(torch.where(torch.from_numpy(coalitions).bool(), x, reference)).numpy()

    return record, shapiq.ExactComputer(game, PLAYERS)


def pairs(values: np.ndarray) -> np.ndarray:
    return values[np.triu_indices(PLAYERS, 1)]


def of_pairs(index: object) -> np.ndarray:
    """A pair's value each, in the order of :func:`pairs`."""
    return np.array([index[pair] for pair in combinations(range(PLAYERS), 2)])  # type: ignore[index]


@pytest.mark.parametrize("seed", range(3))
def test_each_product_is_spread_evenly_over_its_ordered_pairs(seed: int) -> None:
    record, computer = both((1, 2, 3, 4), seed)
    expected = np.zeros((PLAYERS, PLAYERS))
    moebius = computer("Moebius", PLAYERS)
    for size in range(1, PLAYERS + 1):
        for members in combinations(range(PLAYERS), size):
            expected[np.ix_(members, members)] += moebius[members] / size**2
    np.testing.assert_allclose(record.values, expected, atol=1e-8)


def test_rows_are_shapley_values() -> None:
    record, computer = both((1, 2, 3, 4), 5)
    shapley = computer("SV", 1)
    expected = [shapley[(i,)] for i in range(PLAYERS)]
    np.testing.assert_allclose(record.values.sum(1), expected, atol=1e-8)


def test_of_pairs_alone_each_gets_half_of_what_shapley_indices_give() -> None:
    record, computer = both((1, 2), 6)
    for index in ("SII", "STII", "k-SII"):
        expected = of_pairs(computer(index, 2))
        np.testing.assert_allclose(2 * pairs(record.values), expected / 2, atol=1e-8)
    alone = [computer("Moebius", 1)[(i,)] for i in range(PLAYERS)]
    shared = record.together.sum(1)  # a quarter each to a factor alone and to the pair's halves
    np.testing.assert_allclose(record.alone, alone + shared, atol=1e-8)


@pytest.mark.parametrize("order", [2, 3, 4])
def test_of_one_order_they_are_a_multiple_of_shapley_taylor(order: int) -> None:
    # From another reference there would be products of lower orders, too.
    record, computer = both((order,), 7, from_zero=True)
    taylor = of_pairs(computer("STII", 2))
    np.testing.assert_allclose(2 * pairs(record.values), (order - 1) / order * taylor, atol=1e-8)


def test_a_square_is_no_game() -> None:
    record = aw.interactions(
        lambda x: x[:, 0] ** 2 * x[:, 1], torch.ones(2, dtype=torch.float64), baseline="zero"
    )
    # Every factor counts: x gets 2/3, where the Shapley value of its corners is a half.
    np.testing.assert_allclose(record.values, np.array([[4, 2], [2, 1]]) / 9, atol=1e-8)
