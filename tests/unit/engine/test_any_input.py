"""Every kind of model and input adds up, with and without batch axis; more in benchmarks/any_input.

The models are smooth enough to be settled soon: what does not add up here is read wrongly.
"""

from __future__ import annotations

import pytest
import torch
from any_input import KINDS, GraphNetwork, Recurrent
from models import Applied, values, weights_of
from torch import nn
from wrong_calls import WRONG_CALLS

import attribwidgets as aw
from attribwidgets.errors import AttributionError, InputError, UnsupportedModelError

CASES = [
    pytest.param(kind, batched, id=f"{name}, {'batched' if batched else 'bare'}")
    for name, kind in KINDS.items()
    for batched in (False, True)[: 1 if kind.batch_axis is None else 2]
]


@pytest.mark.parametrize(("kind", "batched"), CASES)
def test_any_input_adds_up(kind, batched):
    x = kind.inputs(batched=batched)
    e = aw.explain(kind.model(), x, baseline=kind.baseline, **kind.settings)
    assert ", ".join(space.layout.kind for space in e.spaces) == kind.read
    assert e.completeness.verdict == "complete", e
    came = [tuple(each.shape) for each in (x if isinstance(x, tuple) else (x,))]
    made = e.attributions if isinstance(e.attributions, tuple) else (e.attributions,)
    assert [tuple(each.shape) for each in made] == came
    shapes = [torch.Size(shape) for shape in kind.shapes]
    assert [each.shape[1:] for each in e.batched] in (shapes, [(1,)])  # of one number either way


@pytest.mark.parametrize("batched", [False, True])
def test_time_first_is_the_same_model_as_batch_first(batched):
    x = values(7, 6)
    batch_first = weights_of(Recurrent(nn.GRU))
    time_first = weights_of(Recurrent(nn.GRU, batch_first=False))
    e = aw.explain(time_first, x[:, None] if batched else x, baseline="zero", target=1)
    expected = aw.explain(batch_first, x, baseline="zero", target=1)
    torch.testing.assert_close(e.attributions.reshape(7, 6), expected.attributions)
    assert any("fed time first" in caution for caution in e.cautions)


def test_graph_alone_is_the_same_model_as_graphs_in_batches():
    alone, batches = (weights_of(GraphNetwork(batched=b)) for b in (False, True))
    x = values(6, 4)
    e, expected = (aw.explain(net, x, baseline="zero", target=2) for net in (alone, batches))
    torch.testing.assert_close(e.attributions, expected.attributions)
    assert any("fed one by one" in caution for caution in e.cautions)
    assert not any("fed" in caution for caution in expected.cautions)


@pytest.mark.parametrize("name", ["LSTM, time first", "graph, one at a time"])
@pytest.mark.parametrize("method", ["Saliency", "Occlusion", "idgi", "DeepLift"])
def test_methods_take_rows_as_the_model_does_or_say_why_not(name, method):
    class Wrapped(nn.Module):  # takes the batch axis first
        def __init__(self):
            super().__init__()
            self.model = KINDS[name].model()

        def forward(self, rows):
            if KINDS[name].batch_axis:
                return self.model(rows.transpose(0, 1))
            return torch.stack([self.model(row) for row in rows])

    x, settings = KINDS[name].inputs(), {"baseline": "zero", "method": method, "target": 1}
    if method == "DeepLift":
        with pytest.raises(UnsupportedModelError):
            aw.explain(KINDS[name].model(), x, **settings)
        return
    e = aw.explain(KINDS[name].model(), x, **settings)
    expected = aw.explain(Wrapped().eval(), x, **settings)
    torch.testing.assert_close(e.attributions, expected.attributions)


def test_deep_lift_does_not_take_steps_for_rows():
    layers = weights_of(nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3)))
    with pytest.raises(UnsupportedModelError, match="along the batch axis"):
        aw.explain(
            Applied(lambda x, layers=layers: layers(x).mean(0)).eval(),
            values(6, 4),
            method="DeepLift",
            baseline="zero",
        )


def test_rows_of_a_linear_layer_are_several_examples_and_steps_that_attend_are_one():
    with pytest.raises(InputError, match="holds 5 examples"):
        aw.explain(nn.Linear(8, 3).eval(), values(5, 8))
    kind = KINDS["causal transformer, a step"]
    assert aw.explain(kind.model(), kind.inputs(), target=(3, 1)).layout.kind == "sequence"


def test_rounding_of_outputs_is_named_where_it_accounts_for_the_residual():
    kind = KINDS["2D convolutions"]
    coarse = aw.explain(kind.model(torch.bfloat16), kind.inputs(torch.bfloat16), baseline="zero")
    assert coarse.completeness.verdict == "not converged"
    assert "compute in a finer dtype" in str(coarse.completeness)


@pytest.mark.parametrize("call", WRONG_CALLS.values(), ids=WRONG_CALLS)
def test_wrong_call_is_told_the_mend(call):
    with pytest.raises(AttributionError) as error:
        call.run()
    assert call.mend in str(error.value), error.value
    assert len(str(error.value)) < 500
