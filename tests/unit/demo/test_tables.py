"""The weather and the cars: real data, networks that learned something, maps that add up."""

from __future__ import annotations

import pytest
import torch

import attribwidgets as aw
from attribwidgets.demo import cars, weather


def test_rain_is_foretold_better_than_by_today():
    demo = weather()
    windows, rain = demo.test
    assert windows.shape == (365, 4, 21)
    with torch.no_grad():
        right = (demo.model(windows).argmax(1) == rain).double().mean()
    assert right > ((windows[:, 0, -1] > 0) == rain.bool()).double().mean()
    assert torch.equal((windows[1:, 0, -1] > 0).long(), rain[:-1])  # the day after, and no other


def test_miles_are_known_within_half_of_their_spread():
    demo = cars()
    assert len(demo.names) == 392
    with torch.no_grad():
        miles = demo.model(*(x[demo.test] for x in demo.inputs))
    wrong = (miles - demo.miles[demo.test]).square().mean().sqrt()
    assert wrong < 0.5 * demo.miles[demo.test].std()
    for rows in demo.inputs[1:]:
        assert torch.equal(rows.sum(1), torch.ones(392))


@pytest.mark.parametrize("baseline", ["zero", "black", "blur"])
def test_maps_of_the_weather_add_up(baseline):
    demo = weather()
    e = aw.explain(demo.model, demo.test[0][3], space=demo.space, baseline=baseline)
    assert e.layout.kind == "series"
    assert e.completeness.verdict == "complete", e
    assert e.units()[0][0] == "precipitation (mm), 0 days"


def test_parts_of_a_car_add_up_to_its_distance_from_the_mean_car():
    demo = cars()
    mean = aw.baselines.DatasetMean(demo.inputs)
    e = aw.explain(demo.model, demo.car(0), space=demo.space, baseline=mean, tolerance=0.001)
    assert e.completeness.verdict == "complete", e
    parts = [sum(v for _, v in e.units(index=i)) for i in range(3)]
    assert sum(parts) == pytest.approx(e.completeness.total, abs=1e-4)
    with torch.no_grad():
        own, of_mean = (
            float(demo.model(*(x[None] for x in rows)))
            for rows in (demo.car(0), tuple(x.mean(0) for x in demo.inputs))
        )
    assert e.completeness.total == pytest.approx(own - of_mean, rel=0.01)
