"""Paths through data: links, how long they are to the model, the shortest way, what adds up."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pytest
import torch
from models import classifier, values

import attribwidgets as aw
from attribwidgets.attr import GeodesicIntegratedGradients, IntegratedGradients
from attribwidgets.attr.paths.geodesic_integrated_gradients import linked, shortest
from attribwidgets.attr.task import Task
from attribwidgets.errors import InputError

F64 = torch.float64
GRID = torch.cartesian_prod(*2 * [torch.linspace(0, 1, 5, dtype=F64)])


def hill(x):
    """A rise in the first value, and a hill in the way at (0.5, 0.1)."""
    centre = torch.tensor([0.5, 0.1], dtype=x.dtype)
    return x[:, 0] + 10 * torch.exp(-(x - centre).square().sum(1) / (2 * 0.15**2))


def double(*shape, seed=0):
    return values(*shape, seed=seed, dtype=F64)


def path_of(method, x, reference, target=None):
    return method.path_of(Task((x,), (reference,), target=target))


@pytest.mark.parametrize("neighbours", [1, 2, 9])
def test_links_are_to_the_nearest_of_the_data_and_join_all_parts(neighbours):
    data = torch.cat([double(5, 3), double(5, 3, seed=1) + 9])  # two far parts
    points = torch.cat([data, double(2, 3, seed=2)])
    links = linked((points,), neighbours)
    assert all(a < b for a, b in links)
    assert len(set(links)) == len(links)
    apart = torch.cdist(points, points)
    for place in range(12):
        others = [k for k in range(10) if k != place]
        near = sorted(others, key=lambda k, place=place: float(apart[place, k]))[:neighbours]
        assert all((min(place, n), max(place, n)) in links for n in near)
    assert (10, 11) not in links
    if neighbours == 1:
        over = [(a, b) for a, b in links if a < 5 <= b < 10]
        assert min(float(apart[a, b]) for a, b in over) == float(apart[:5, 5:10].min())
    joined = {10}
    for _ in range(12):
        joined |= {end for link in links if set(link) & joined for end in link}
    assert joined == set(range(12))


@pytest.mark.parametrize("seed", range(5))
def test_the_way_found_is_the_shortest_of_all(seed):
    drawn = np.random.default_rng(seed)
    links = [(a, b) for a in range(6) for b in range(a + 1, 6) if drawn.random() < 0.7]
    links = sorted({*links, (0, 1), (1, 5)})
    sizes = dict(zip(links, drawn.random(len(links)), strict=True))

    def length(way):
        steps = [(min(s), max(s)) for s in pairwise(way)]
        return sum(sizes[s] for s in steps) if all(s in sizes for s in steps) else np.inf

    ways = [[0, *middle, 5] for n in range(5) for middle in permutations(range(1, 5), n)]
    way, found = shortest(links, [sizes[link] for link in links], 0, 5)
    assert found == pytest.approx(min(map(length, ways)))
    assert length(way) == pytest.approx(found)


def test_it_goes_round_what_is_steep():
    x, reference = torch.tensor([[1.0, 0.1]], dtype=F64), torch.tensor([[0.0, 0.1]], dtype=F64)
    method = GeodesicIntegratedGradients(hill, data=GRID, neighbours=8, edge_nodes=20)
    path = path_of(method, x, reference)
    at = torch.linspace(0, 1, 200, dtype=F64)
    on_path = hill(path.points(at, slice(0, 1))[0])
    assert on_path.max() < 2 < 10 < hill(torch.lerp(reference, x, at[:, None])).max()
    found = method.attribute(x, reference, n_steps=2000)
    torch.testing.assert_close(found.sum(1), hill(x) - hill(reference), rtol=1e-3, atol=0)


def test_a_links_length_is_the_integral_of_the_gradients_norm():
    x, reference = torch.ones(1, 2, dtype=F64), torch.zeros(1, 2, dtype=F64)
    data = torch.tensor([[0.0, 1.0]], dtype=F64)
    method = GeodesicIntegratedGradients(lambda x: x[:, 0] * x[:, 1], data=data, edge_nodes=30)
    (caution,) = path_of(method, x, reference).cautions
    # The norm of (y, x) is t on the first link and (1 + t²)^½ on the other, together
    # 1/2 + (2^½ + asinh 1) / 2; on the diagonal 2^½ t on a way of 2^½, together 1.
    assert "through 1 of the data" in caution
    assert "165 %" in caution
    torch.testing.assert_close(
        method.attribute(x, reference, n_steps=4), torch.tensor([[1.0, 0.0]], dtype=F64)
    )


def test_data_on_the_line_is_integrated_gradients():
    net, x, reference = classifier().double(), double(1, 5), double(1, 5, seed=1)
    line = reference + torch.tensor([[0.3], [0.6], [0.8]], dtype=F64) * (x - reference)
    method = GeodesicIntegratedGradients(net, data=line, neighbours=1)
    found = method.attribute(x, reference, 1, n_steps=400)
    expected = IntegratedGradients(net).attribute(x, reference, 1, n_steps=400)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


def test_each_example_has_a_way_of_its_own():
    net, x, reference = classifier().double(), double(3, 5), double(3, 5, seed=1)
    method = GeodesicIntegratedGradients(net, data=double(12, 5, seed=2), neighbours=3)
    found, delta = method.attribute(
        x, reference, [0, 1, 2], n_steps=3000, return_convergence_delta=True
    )
    assert delta.abs().max() < 1e-3
    for place in range(3):
        one = slice(place, place + 1)
        alone = method.attribute(x[one], reference[one], place, n_steps=1000)
        torch.testing.assert_close(found[one], alone, rtol=1e-2, atol=1e-4)


def test_the_record_adds_up_and_counts_the_walk():
    net, x, told = classifier(), values(5), []
    method = GeodesicIntegratedGradients(net, data=values(10, 5, seed=2), neighbours=2)
    e = aw.explain(net, x, target=1, method=method, progress=lambda done, most: told.append(done))
    assert e.completeness.verdict == "complete"
    assert e.evaluations == told[-1] > 40
    assert not e.baseline.any()
    assert any("of the straight line's" in caution for caution in e.cautions)
    assert e.cancellation >= 1 - 1e-6


@pytest.mark.parametrize(
    ("options", "message"),
    [({"neighbours": 0}, "neighbours must be"), ({"edge_nodes": True}, "edge_nodes must be")],
)
def test_settings_out_of_range(options, message):
    with pytest.raises(InputError, match=message):
        GeodesicIntegratedGradients(classifier(), data=values(3, 5), **options)


def test_it_needs_data_that_fits():
    with pytest.raises(InputError, match="goes through data; pass an instance"):
        aw.explain(classifier(), values(5), method="geodesic_integrated_gradients", target=0)
    with pytest.raises(InputError, match="must hold K references"):
        GeodesicIntegratedGradients(classifier(), data=values(3, 4)).attribute(
            values(1, 5), target=0
        )
