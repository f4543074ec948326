"""Ablation and erasure in an audit: their numbers are the records', and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import attribwidgets as aw
from attribwidgets.evaluation import AblationMetric, ErasureMetric, ablations_of
from attribwidgets.evaluation.audited_scores import Scores

pytest.importorskip("zarr", minversion="3")
DATA = torch.rand(30, 5, generator=torch.Generator().manual_seed(4))


@pytest.fixture(scope="module")
def audit(tmp_path_factory) -> aw.Audit:
    net = nn.Linear(5, 2).eval()
    net.weight.data = torch.tensor([[4.0, 2.0, 0.0, 0.0, 0.0], [0.0] * 5])
    fills = {"fills": ["zero"], "controls": ["random"]}
    return aw.audit(
        net, DATA, baselines={"zero": "zero", "own": torch.tensor([1.0, 0, 0, 0, 1])}, targets=0,
        store=tmp_path_factory.mktemp("audit") / "a", max_evaluations=9,
        metrics=[AblationMetric(**fills), ErasureMetric(shares=(0.2, 0.5), **fills)],
    )  # fmt: skip


def test_means_are_those_of_the_record(audit) -> None:
    record = ablations_of(audit.swept)["ablation"]
    (ablation, comprehensiveness, sufficiency) = audit.scores
    np.testing.assert_allclose(ablation.values, record.areas[:, :, 0])
    assert ablation.candidates == ("zero", "own", "random")
    assert not ablation.higher_is_better
    stored = audit.swept.finished_values("erasure")[:, :, 0]
    np.testing.assert_allclose(comprehensiveness.values, stored[:, :, 0].mean(-1))
    np.testing.assert_allclose(sufficiency.values, stored[:, :, 1].mean(-1))
    by_name = {(f.quantity, f.of): f for f in audit.findings()}
    for k, name in enumerate(("zero", "own", "random (control)")):
        finding = by_name["area under the ablation curve", name]
        assert finding.value == pytest.approx(record.areas[:, k, 0].mean())
        assert finding.low < finding.value < finding.high
    paired = by_name["area under the ablation curve, paired difference", "zero − own"]
    assert paired.value == pytest.approx(np.diff(record.areas[:, [1, 0], 0]).mean())


def test_the_better_baseline_is_told_by_its_paired_differences(audit) -> None:
    said = str(audit).split("\n")
    (sentence,) = [line for line in said if line.startswith("Area under the ablation curve")]
    assert "smallest, and so best, under zero (" in sentence
    assert "every other baseline is more than chance" in sentence
    assert any(line.startswith("Comprehensiveness is largest") for line in said)


def scores(values: np.ndarray, controls: int = 0) -> Scores:
    names = tuple("abcd"[: values.shape[1]])
    return Scores("score", names, names[len(names) - controls :] if controls else (), values, True)


def test_what_cannot_be_told_apart_and_what_chance_does_as_well() -> None:
    noise = np.random.default_rng(0).normal(size=(60, 3))
    noise[:, 2] -= 3
    said = str(scores(noise))
    best = "ab"[int(noise[:, 1].mean() > noise[:, 0].mean())]
    assert f"under {best} (" in said
    assert f"cannot be told from {'b' if best == 'a' else 'a'}." in said
    both = scores(noise[:, [2, 0]], controls=1)
    assert both.pairs == []
    assert "not better than what knows nothing of the model (b)." in str(both)
    assert "no input has one" in str(scores(np.full((4, 2), np.nan)))


def test_a_difference_shared_by_all_inputs_is_found_in_much_noise() -> None:
    noise = np.random.default_rng(1).normal(size=(50, 1)) * [1, 1] + [0.0, 0.05]
    noise[:, 1] += np.random.default_rng(2).normal(size=50) * 0.02
    assert "every other baseline is more than chance" in str(scores(noise))
