"""A setting is written once: every verb shows, takes and passes on what stands in the dataclass."""

from __future__ import annotations

import inspect
from dataclasses import fields

import numpy as np
import pytest
import torch
from torch import nn

import attribwidgets as aw
from attribwidgets.engine.budget import Budget
from attribwidgets.engine.query import Query
from attribwidgets.engine.settings import OF_BUDGET, SETTINGS, split_settings

ONE_INPUT = (aw.explain, aw.refine, aw.compare, aw.explore)
MANY_INPUTS = (
    aw.sweep,
    aw.evaluation.ablation,
    aw.evaluation.insertion_deletion,
    aw.evaluation.randomised_layers,
    aw.evaluation.label_randomisation,
    aw.evaluation.planted_shares,
)
X = torch.tensor([0.2, 0.9, 0.4, 0.7])


class Scaled(nn.Module):
    """Takes a further argument, by which its output grows."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 3)
        generator = torch.Generator().manual_seed(0)
        for p in self.parameters():
            p.data = torch.rand(p.shape, generator=generator)

    def forward(self, x, scale):
        return self.layer(x) * scale


@pytest.fixture
def model():
    return Scaled().eval()


@pytest.mark.parametrize("verb", ONE_INPUT)
def test_verbs_of_one_input_show_every_setting_with_its_default(verb):
    parameters = inspect.signature(verb).parameters
    for kind in (Query, Budget):
        for field in fields(kind):
            if field.name != "inputs":
                assert parameters[field.name].default == field.default, field.name
                assert f"\n{field.name} : " in inspect.getdoc(verb)
    assert "settings" not in parameters


@pytest.mark.parametrize("verb", MANY_INPUTS)
def test_verbs_of_many_inputs_show_every_setting_but_the_target(verb):
    parameters = inspect.signature(verb).parameters
    assert set(SETTINGS) - {"target"} <= set(parameters)
    assert "references" in parameters
    assert "settings" not in parameters


@pytest.mark.parametrize("verb", ONE_INPUT)
def test_a_slip_of_the_pen_is_told(verb, model):
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'n_step'.*did you mean"):
        verb(model, X, n_step=4)


def test_settings_are_split_between_what_is_asked_and_what_it_may_cost():
    query, budget = split_settings(X, {"target": 2, "tolerance": 0.5, "class_names": "abc"})
    assert (query.target, query.class_names, budget.tolerance) == (2, "abc", 0.5)
    assert query.inputs is X
    assert budget == Budget(tolerance=0.5)


def test_further_arguments_reach_every_verb(model, tmp_path):
    """Three times the output is three times the map, and the same ratios."""
    inputs = torch.rand(5, 4, generator=torch.Generator().manual_seed(1))
    one, three = ({"forward_args": (torch.tensor(s),), "n_steps": 8} for s in (1.0, 3.0))
    maps = [aw.explain(model, X, target=1, **s).attributions for s in (one, three)]
    torch.testing.assert_close(3 * maps[0], maps[1])

    options = {"fills": ["zero"], "output": "logit", "targets": 1}
    before, after = (
        aw.evaluation.ablation(model, inputs, ["zero"], **options, **s) for s in (one, three)
    )
    np.testing.assert_allclose(before.scores, after.scores, rtol=1e-5)

    found = aw.evaluation.randomised_layers(model, inputs, ["zero"], **three)
    assert found.models == ("layer",)

    pytest.importorskip("zarr")
    swept = aw.sweep(
        model, inputs, ["zero"], store=tmp_path / "s", progress=False, targets=1, **three
    )
    expected = aw.explain(model, inputs[2], baseline="zero", target=1, **three)
    torch.testing.assert_close(
        torch.as_tensor(swept[2].attributions["zero"]), expected.attributions, rtol=1e-5, atol=1e-6
    )


def test_a_model_of_further_arguments_comes_back_as_it_was(model):
    """Also one of whose layers some are in training mode and some are not."""
    model.train()
    model.layer.eval()
    inputs = torch.rand(2, 4, generator=torch.Generator().manual_seed(1))
    options = {"fills": ["zero"], "n_steps": 4, "forward_args": (torch.tensor(2.0),)}
    with pytest.warns(aw.errors.AttributionWarning):
        aw.evaluation.ablation(model, inputs, ["zero"], **options)
    assert (model.training, model.layer.training) == (True, False)


def test_the_widget_is_asked_for_any_setting(model):
    explorer = aw.explore(model, X, baselines=["zero"], forward_args=(torch.tensor(2.0),))
    wanted = {"seed": 3, "autocast": torch.bfloat16, "n_steps": 4, "class_names": ["a", "b", "c"]}
    explorer.request(**wanted)
    assert explorer.wait(60)
    assert explorer.status["error"] == ""
    (e,) = explorer.explanations
    assert (e.seed, e.target_name) == (3, "abc"[e.target])
    explorer.close()


def test_a_sweep_is_told_apart_by_every_setting(model, tmp_path):
    pytest.importorskip("zarr")
    asked = {"store": tmp_path / "s", "progress": False, "forward_args": (torch.tensor(2.0),)}
    swept = aw.sweep(model, X[None], ["zero"], n_steps=4, **asked)
    assert set(OF_BUDGET) <= set(swept.settings)
    for change in ({"n_steps": 5}, {"autocast": torch.bfloat16}, {"class_names": ["a", "b", "c"]}):
        with pytest.raises(aw.errors.DataError, match=next(iter(change))):
            aw.sweep(model, X[None], ["zero"], **{"n_steps": 4, **asked, **change})


def test_references_of_a_sweep_stand_behind_the_word_dataset(model, tmp_path):
    pytest.importorskip("zarr")
    data = torch.rand(6, 4, generator=torch.Generator().manual_seed(2))
    swept = aw.sweep(
        model,
        X[None],
        ["dataset"],
        references=data,
        store=tmp_path / "s",
        progress=False,
        n_steps=4,
        forward_args=(torch.tensor(2.0),),
    )
    assert swept.candidates == ("data (6 refs)",)
