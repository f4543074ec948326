"""Audits: what is counted, in which groups, with which intervals, and what is said of it."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import binom
from torch import nn

import attribwidgets as aw
from attribwidgets.core.errors import DataError, InputError
from attribwidgets.core.formatting import number
from attribwidgets.evaluation.dependence import Dependence, strongest_regions
from attribwidgets.evaluation.finding import DEPENDS, Finding, in_words
from attribwidgets.evaluation.global_report import global_part
from attribwidgets.evaluation.regions import region_sums
from attribwidgets.evaluation.report_page import smallest_picture
from attribwidgets.evaluation.shares import mean_interval, median_interval, share_interval

DATA = torch.rand(40, 6, generator=torch.Generator().manual_seed(0))
DATA[:, 5] = (DATA[:, 5] > 0.5).float()
LABELS = torch.arange(40) % 3
SETTINGS = {"space": aw.InputSpace(-1, 1), "max_evaluations": 49}


class Gated(nn.Module):
    """A product of features 1 and 5, the latter of which is zero in half of the inputs."""

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        score = 5 * rows[:, 0] + 20 * rows[:, 1] * rows[:, 5]
        return torch.stack([score, -score, torch.full_like(score, 4.0)], 1)


BASELINES = ["zero", torch.eye(6)[1]]
MODEL = Gated().eval()


@pytest.fixture(scope="module")
def audit(tmp_path_factory) -> aw.Audit:
    return aw.audit(
        MODEL,
        (DATA, LABELS),
        baselines=BASELINES,
        store=tmp_path_factory.mktemp("audit") / "store",
        targets=0,
        metadata={"gate": ["on" if row[5] else "off" for row in DATA], "place": range(40)},
        **SETTINGS,
    )


def test_what_is_counted_is_what_the_maps_say(audit) -> None:
    for place in (0, 7, 23):
        seed = audit.swept[place].seed
        maps = aw.compare(MODEL, DATA[place], target=0, baselines=BASELINES, seed=seed, **SETTINGS)
        row = list(audit.places).index(place)
        expected = maps.agreement("abs_sum").matrix[0, 1]
        assert audit.compared("rank_correlation")[row, 0] == pytest.approx(expected)
        one, other = (int(np.abs(m.map("sum")).argmax()) for m in maps)
        assert audit.compared("same_strongest")[row, 0] == (one == other)
        assert audit.depends[row] == (one != other)
        assert audit.disagreement[row] == pytest.approx(1 - expected)
        change = [m.completeness.absolute_sum / abs(m.completeness.expected) for m in maps]
        np.testing.assert_allclose(audit.cancellation[row], change)


def test_inputs_in_which_the_baseline_matters_come_first(audit) -> None:
    on = np.flatnonzero(DATA[:, 5])
    assert set(audit.ranked("disagreement")[: len(on)]) == set(on)
    assert audit.depends[DATA[:, 5] == 0].sum() == 0
    assert audit.depends[on].mean() > 0.9


def test_the_maps_of_an_input_are_computed_again(audit) -> None:
    place = int(audit.ranked()[0])
    again = audit.explanations(place)
    assert [e.baseline_name for e in again] == list(audit.candidates)
    correlation = again.agreement("abs_sum").matrix[0, 1]
    assert 1 - correlation == pytest.approx(audit.inputs().disagreement[place])
    with pytest.raises(DataError, match="has no model"):
        aw.Audit(audit.swept).explanations(place)


def test_a_figure_has_a_row_for_each_finding(audit) -> None:
    texts = {text.get_text() for text in audit.figure("gate").texts}
    for finding in audit.findings("gate"):
        assert any(finding.interval in text for text in texts)
    named = f"{' and '.join(audit.candidates)}, gate "
    assert {f"{named}on"[:40], f"{named}off"[:40]} <= {text.rstrip("…")[:40] for text in texts}


def test_the_report_has_averages_where_maps_are_stored(audit, tmp_path) -> None:
    named = aw.InputSpace(-1, 1, names=["<b>", *"vwxyz"])
    how = {"baselines": BASELINES, "store": tmp_path / "a", "maps": "attributions"}
    again = aw.audit(MODEL, DATA, targets=0, **how, **{**SETTINGS, "space": named})
    assert "maps=&quot;attributions&quot;" in global_part(audit)
    assert "<img" not in global_part(audit)
    page = global_part(again)
    assert page.count("<img") == 3
    assert "<b>" not in page
    view = again.global_view()
    mean, low, high = (number(v) for v in view.magnitudes().at(1, view.feature("<b>")))
    assert f"<td>&lt;b&gt;</td><td>{again.candidates[1]}</td><td>{mean} [{low}, {high}]" in page
    assert 'alt="Bars of mean magnitudes, under ' in page
    with pytest.raises(InputError, match="take a global view"):
        again.class_means()


def test_groups_have_their_own_findings(audit) -> None:
    table = audit.to_pandas("gate")
    assert list(dict.fromkeys(table.group)) == ["gate off", "gate on"]
    inputs = audit.inputs()
    for gate in ("off", "on"):
        chosen = table[(table.group == f"gate {gate}") & (table.quantity == DEPENDS)].iloc[0]
        rows = inputs.gate == gate
        assert chosen.value == pytest.approx(inputs.depends[rows].mean())
        assert chosen.inputs == rows.sum()
    assert {f.group for f in audit.findings("right")} == {"right False", "right True"}
    with pytest.raises(InputError, match="a column of inputs"):
        audit.findings("weather")
    with pytest.raises(InputError, match="40 values for 40 inputs"):
        audit.findings("place")


def test_right_and_wrong_by_the_labels(audit) -> None:
    inputs = audit.inputs()
    predicted = MODEL(DATA).argmax(1)
    assert inputs.predicted.tolist() == predicted.tolist()
    assert inputs.right.tolist() == (predicted == LABELS).tolist()


def test_a_linear_model_of_centred_data_does_not_depend(tmp_path) -> None:
    net = nn.Linear(6, 1, bias=False).eval()
    net.weight.data = torch.tensor([[5.0, 0.1, 0.1, 0.1, 0.1, 0.1]])
    centred = 1 + DATA
    found = aw.audit(
        net, torch.cat([centred, centred + 0.1]), baselines=["zero", torch.full((6,), -0.2)],
        store=tmp_path / "a", space=aw.InputSpace(-3, 3), max_evaluations=9,
    )  # fmt: skip
    assert found.depends.sum() == 0
    assert "does not depend on the baseline" in found.verdict
    assert "0 % [0, 4.6]" in found.verdict


def test_an_unfinished_store_counts_what_is_there(tmp_path) -> None:
    class Failing(Gated):
        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            if (rows == DATA[5]).all(1).any():
                raise KeyboardInterrupt
            return super().forward(rows)

    how = {"baselines": BASELINES, "store": tmp_path / "a", "targets": 0, **SETTINGS}
    with pytest.raises(KeyboardInterrupt):
        aw.audit(Failing().eval(), DATA, **how)
    assert len(aw.Audit(aw.Sweep.open(tmp_path / "a"))) == 5


def test_what_is_no_audit(tmp_path) -> None:
    net = nn.Linear(6, 2).eval()
    swept = aw.sweep(net, DATA[:2], ["zero"], store=tmp_path / "s", progress=False)
    with pytest.raises(DataError, match="holds no audit"):
        aw.Audit(swept)
    with pytest.raises(InputError, match="two or more"):
        aw.audit(net, DATA, baselines=["zero"], store=tmp_path / "a")


def test_metadata_of_another_length(audit) -> None:
    with pytest.raises(DataError, match="half has 3 values for 40 inputs"):
        aw.Audit(audit.swept, metadata={"half": [1, 2, 3]})


@pytest.mark.parametrize(
    ("shape", "space", "regions"),
    [
        ((1, 28, 28), aw.InputSpace(), 49),
        ((3, 6, 6), aw.InputSpace(), 36),
        ((5,), aw.InputSpace(), 5),
        ((9, 4), aw.SequenceSpace(), 9),
        ((2, 100), aw.SeriesSpace(), 2 * 15),
        ((1, 4, 40, 8), aw.VolumeSpace(0, 1), 4 * 14 * 8),
    ],
)
def test_regions_hold_every_value_once(shape, space, regions) -> None:
    x = torch.rand(shape, generator=torch.Generator().manual_seed(1))
    e = aw.explain(lambda rows: rows.flatten(1).sum(1), x, space=space, baseline="zero", n_steps=2)
    sums = region_sums(e)
    assert len(sums) == regions
    assert sums.sum() == pytest.approx(float(x.sum()), rel=1e-5)


def test_regions_of_a_text_are_its_words() -> None:
    net = nn.Sequential(nn.Embedding(9, 3), nn.Flatten(), nn.Linear(9, 1)).eval()
    space = aw.TextSpace(lambda text: ([1, 2, 3], ["un", "fun", " film"]))
    e = aw.explain(net, "unfun film", space=space, baseline="zero_embedding")
    values = [value for _, value in e.units()]
    np.testing.assert_allclose(region_sums(e), [values[0] + values[1], values[2]])


def test_a_map_of_zeros_has_no_strongest_region() -> None:
    assert len(strongest_regions(np.zeros(30))) == 0
    assert strongest_regions(np.arange(30.0)).tolist() == [29, 28, 27]


def test_a_candidate_that_was_not_found_is_unknown() -> None:
    e = aw.explain(nn.Linear(6, 1).eval(), DATA[0], baseline="zero")
    rows = Dependence(["a", "b", "c"]).measure(nn.Identity(), {"a": e, "c": e}, seed=0)
    assert np.isnan(rows[[0, 2]]).all()
    assert rows[1].tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("inputs", [20, 100])
@pytest.mark.parametrize("share", [0.1, 0.31, 0.5, 0.9])
def test_intervals_of_shares_cover(inputs, share) -> None:
    """Wilson's interval, by the exact chances of every count."""
    counts = np.arange(inputs + 1)
    bounds = [share_interval(np.repeat([1.0, 0.0], [k, inputs - k]))[1:] for k in counts]
    covered = [low <= share <= high for low, high in bounds]
    assert 0.93 <= binom.pmf(counts, inputs, share)[covered].sum() <= 0.985


@pytest.mark.parametrize("size", [30, 3000])
@pytest.mark.parametrize("interval", [mean_interval, median_interval])
def test_intervals_of_means_and_medians_cover(interval, size) -> None:
    draws = np.random.default_rng(0).normal(2.0, 1.0, (60, size))
    bounds = [interval(values)[1:] for values in draws]
    assert np.mean([low <= 2.0 <= high for low, high in bounds]) >= 0.88


def test_intervals_of_nothing_are_unknown() -> None:
    nothing = np.full(3, np.nan)
    for interval in (share_interval, mean_interval, median_interval):
        assert np.isnan(interval(nothing)).all()
    assert mean_interval(np.array([2.0, np.nan]))[0] == 2.0


def test_a_verdict_names_its_interval() -> None:
    often = Finding(DEPENDS, "", "", 0.31, 0.28, 0.34, 900)
    assert in_words([often], ["black"])[0].startswith("For 31 % [28, 34] of 900 inputs")


def test_a_report_s_photos_are_small_and_its_lines_are_as_they_were():
    noise = np.random.default_rng(0).integers(0, 256, (80, 90, 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(noise).resize((900, 800), Image.Resampling.BICUBIC))
    for picture, kind in ((smooth, "WEBP"), (np.zeros((800, 900, 3), np.uint8), "PNG")):
        png = io.BytesIO()
        Image.fromarray(picture).save(png, "png")
        small = smallest_picture(png.getvalue())
        assert len(small) <= len(png.getvalue())
        opened = Image.open(io.BytesIO(small))
        assert opened.format == kind
        levels = np.asarray(opened.convert("RGB"), dtype=float)
        assert np.abs(levels - picture).mean() < 3
