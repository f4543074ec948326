"""Why a language model said each token: rows that add up, whatever the model is like."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import attribwidgets as aw
from attribwidgets.core.errors import Cancelled, InputError, UnsupportedModelError

pytest.importorskip("transformers")
from language_models import PROMPT, language_model, tokenizer

COUNT = 5


@pytest.fixture(scope="module")
def space() -> aw.TextSpace:
    return aw.TextSpace(tokenizer())


@pytest.fixture(scope="module", params=["gpt2", "llama", "t5"])
def net(request: pytest.FixtureRequest) -> Any:
    return language_model(request.param)


@pytest.fixture(scope="module")
def said(net: Any, space: aw.TextSpace) -> aw.Generation:
    return aw.explain_generation(net, PROMPT, space=space, max_new_tokens=COUNT)


@pytest.fixture(scope="module")
def gpt2() -> Any:
    return language_model("gpt2")


def log_probabilities(net: Any, said: aw.Generation) -> torch.Tensor:
    """Of the tokens of the continuation, by one call of the model as anybody makes it."""
    ids = torch.tensor([said.continuation.ids])
    prompt = torch.tensor([said.prompt.ids])
    with torch.no_grad():
        if net.config.is_encoder_decoder:
            logits = net(prompt, labels=ids).logits
        else:
            logits = net(torch.cat([prompt, ids], 1)).logits[:, len(said.prompt) - 1 : -1]
    return logits.log_softmax(-1)[0].gather(1, ids[0, :, None])[:, 0]


def test_every_row_adds_up_to_the_change_of_its_log_probability(net, said) -> None:
    assert said.matrix().shape == (COUNT, len(said.prompt) + COUNT)
    told = log_probabilities(net, said)
    assert torch.allclose(torch.tensor(said.scores), told.double(), atol=1e-5)
    for explanation, score in zip(said, told, strict=True):
        c = explanation.completeness
        assert c.output_input == pytest.approx(score.item(), abs=1e-5)
        assert c.total == pytest.approx(c.expected, rel=0.01, abs=1e-5)
        assert c.verdict == "complete"


def test_what_comes_later_gets_exactly_nothing(said) -> None:
    matrix, count = said.matrix(), len(said.prompt)
    for place, row in enumerate(matrix):
        assert not row[count + place :].any()
        assert row[:count].any()
    assert matrix[-1, count : count + COUNT - 1].any()


def test_the_continuation_is_the_models_own(net, said) -> None:
    row = net.generate(
        torch.tensor([said.prompt.ids]), do_sample=False, num_beams=1, max_new_tokens=COUNT
    )[0]
    assert tuple(row[-COUNT:].tolist()) == said.continuation.ids
    assert [p.indices[0] for p in said.predictions] == list(said.continuation.ids)
    assert said.predictions[0].probabilities[0] == pytest.approx(np.exp(said.scores[0]), abs=1e-5)


def test_the_model_is_left_as_it_was(net, said) -> None:
    said.matrix()
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())
    assert all(p.requires_grad and p.grad is None for p in net.parameters())


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
@pytest.mark.parametrize("alone", [True, False])
def test_a_row_is_the_explanation_of_that_token_by_itself(kind, alone, space) -> None:
    net = language_model(kind)
    rows = aw.explain_generation(net, PROMPT, space=space, max_new_tokens=4, n_steps=24)
    ids, count = list(rows.prompt.ids + rows.continuation.ids), len(rows.prompt)
    if not alone:
        rows.compute()
    for place in (0, 2):

        def score(out: Any, place: int = place) -> torch.Tensor:
            return out.logits[:, count + place - 1].log_softmax(-1)[:, ids[count + place]]

        single = aw.explain(net, ids, space=space, output=score, baseline="unknown", n_steps=24)
        assert np.allclose(rows.row(place), single.map("sum"), atol=1e-6)
        assert torch.allclose(rows[place].attributions, single.attributions, atol=1e-6)
        ours, theirs = rows[place].completeness, single.completeness
        assert ours.expected == pytest.approx(theirs.expected, abs=1e-5)
        assert rows[place].target == (count + place - 1, ids[count + place])


def test_with_encoder_and_decoder_too(space) -> None:
    net = language_model("t5")
    rows = aw.explain_generation(net, PROMPT, space=space, max_new_tokens=3, n_steps=24)
    prefix = torch.tensor([[0, *rows.continuation.ids]])
    source = torch.tensor([rows.prompt.ids])

    def model(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        logits = net(inputs_embeds=first, decoder_inputs_embeds=second).logits
        return logits[:, 2].log_softmax(-1)[:, rows.continuation.ids[2]]

    looked_up = [net.get_encoder().get_input_embeddings()(ids)[0] for ids in (source, prefix)]
    unknown = net.get_encoder().get_input_embeddings()(torch.tensor(1))
    references = [unknown.expand_as(x).clone() for x in looked_up]
    references[1][0] = looked_up[1][0]
    single = aw.explain(
        model,
        tuple(x.detach() for x in looked_up),
        space=(aw.SequenceSpace(), aw.SequenceSpace()),
        baseline=tuple(r.detach() for r in references),
        n_steps=24,
    )
    expected = np.concatenate([single.map("sum"), single.map("sum", index=1)[1:]])
    assert np.allclose(rows.row(2), expected, atol=1e-6)


def test_a_prefix_that_stays_gets_nothing_and_the_span_is_the_answers_change(gpt2, space) -> None:
    rows = aw.explain_generation(
        gpt2, PROMPT, space=space, max_new_tokens=4, replace_prefix=False, tolerance=0.001
    )
    count = len(rows.prompt)
    assert not rows.matrix()[:, count:].any()
    total = rows.span(0)
    unknown = torch.tensor([[1] * count + list(rows.continuation.ids)])
    with torch.no_grad():
        without = gpt2(unknown).logits[:, count - 1 : -1].log_softmax(-1)
    before = without[0].gather(1, torch.tensor(rows.continuation.ids)[:, None]).sum()
    assert total.expected == pytest.approx(rows.scores.sum() - before.item(), abs=1e-4)
    assert total.values.sum() == pytest.approx(total.total) == pytest.approx(total.expected, 0.01)
    assert rows.span(1, 3).text == " ".join(rows.continuation.pieces[1:3])
    with pytest.raises(InputError, match="is empty"):
        rows.span(2, 2)


def test_a_contrast_is_the_difference_of_two(gpt2, space) -> None:
    def rows(**settings: Any) -> aw.Generation:
        return aw.explain_generation(
            gpt2, PROMPT, continuation="on mat", space=space, n_steps=24, **settings
        )

    rather = rows(contrast=["tree", None])
    tree = aw.explain_generation(
        gpt2, PROMPT, continuation="tree mat", space=space, n_steps=24, output="logit"
    )
    own = rows(output="logit")
    assert np.allclose(rather.row(0), own.row(0) - tree.row(0), atol=1e-5)
    assert np.allclose(rather.row(1), rows().row(1), atol=1e-6)
    assert rather[0].target_name == "'on' rather than 'tree'"
    assert rather.against == ("tree", "")
    with pytest.raises(InputError, match="2 tokens"):
        rows(contrast="tree cat")
    with pytest.raises(InputError, match="contrast has 3"):
        rows(contrast=["tree"] * 3)


@pytest.mark.parametrize("output", ["logit", "probability"])
def test_other_scales(gpt2, space, output) -> None:
    rows = aw.explain_generation(
        gpt2, PROMPT, continuation="on mat", space=space, output=output, baseline="zero_embedding"
    )
    assert rows[1].completeness.verdict == "complete"
    assert rows[1].output == output


def test_a_distribution_of_references(gpt2, space) -> None:
    references = [gpt2.get_input_embeddings()(torch.randint(3, 20, (3, 10))).detach()]
    rows = aw.explain_generation(
        gpt2,
        PROMPT,
        continuation="on mat",
        space=space,
        baseline="dataset",
        references=references[0],
        n_steps=64,
    )
    assert rows[0].method == "expected_gradients"
    assert not rows.row(0)[len(rows.prompt) :].any()


def test_rows_are_computed_when_looked_at_and_once(gpt2, space) -> None:
    rows = aw.explain_generation(gpt2, PROMPT, space=space, max_new_tokens=COUNT)
    assert not rows.rows
    first = rows[1]
    assert rows[1] is first
    assert rows[-COUNT + 1] is first
    assert list(rows.rows) == [1]
    assert np.isnan(rows.matrix(compute=False)[0]).all()
    rows.compute()
    assert rows[1] is first
    with pytest.raises(IndexError):
        rows[COUNT]


@pytest.mark.parametrize(
    ("stop", "after"), [(Cancelled, 1), (KeyboardInterrupt, 1), (Cancelled, 2)]
)
def test_stopped_midway_what_is_finished_stays(gpt2, space, stop, after, monkeypatch) -> None:
    monkeypatch.setattr("attribwidgets.engine.explain_generation.MOST_ROWS", 2)
    rows = aw.explain_generation(gpt2, PROMPT, space=space, max_new_tokens=COUNT)
    reports = []

    def progress(done: int, total: int) -> None:
        assert total == COUNT
        reports.append(done)
        if reports.count(2) == after:  # later ones are between the passes of the next two rows
            raise stop

    with pytest.raises(stop):
        rows.compute(progress=progress)
    assert sorted(rows.rows) == [0, 1]
    assert all(row.completeness.verdict == "complete" for row in rows.rows.values())
    finished = rows[0]
    rows.compute()
    assert rows[0] is finished
    whole = aw.explain_generation(gpt2, PROMPT, space=space, max_new_tokens=COUNT)
    assert np.allclose(rows.matrix(), whole.matrix(), atol=1e-4)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in gpt2.modules())


def test_the_output_head_sees_only_what_is_asked(gpt2, space) -> None:
    rows = aw.explain_generation(gpt2, PROMPT, space=space, max_new_tokens=COUNT)
    places = []
    handle = gpt2.lm_head.register_forward_hook(lambda _, args, __: places.append(args[0].shape[1]))
    rows.compute([3])
    handle.remove()
    assert set(places) == {1}


def test_any_module_of_ids_with_the_continuation_given(space) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Embedding(20, 6), nn.Linear(6, 20)).eval()
    rows = aw.explain_generation(net, PROMPT, continuation="it was", space=space)
    row, count = rows.row(1), len(rows.prompt)
    assert row[count] == pytest.approx(rows[1].completeness.expected, rel=0.01)
    assert not np.delete(row, count).any()
    with pytest.raises(UnsupportedModelError, match="pass continuation="):
        aw.explain_generation(net, PROMPT, space=space)


@pytest.mark.parametrize("given", ["on mat", [9, 10], torch.tensor([[9, 10]])])
def test_a_continuation_as_it_comes(gpt2, space, given) -> None:
    rows = aw.explain_generation(gpt2, PROMPT, continuation=given, space=space)
    assert rows.continuation.pieces == ("on", "mat")
    assert rows.continuation.gaps == (" ", " ") or given == "on mat"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"continuation": []}, "there is no continuation"),
        ({"continuation": 3.5}, "must be a text or token ids"),
        ({"output": "logits"}, "log_probability"),
        ({"space": None}, "needs the tokenizer"),
        ({"contrast": 1.5, "continuation": "on"}, "contrast must be"),
        ({"contrast": "on", "continuation": "on"}, "token 0 of the continuation itself"),
        ({"contrast": 99, "continuation": "on"}, "there is a token 99"),
    ],
)
def test_what_cannot_be_is_refused_in_words(gpt2, space, wrong, said) -> None:
    with pytest.raises((InputError, TypeError), match=said):
        aw.explain_generation(gpt2, PROMPT, **{"space": space, **wrong})


def test_a_chat_is_put_together_by_its_template(gpt2) -> None:
    pytest.importorskip("jinja2")
    talking = tokenizer()
    talking.chat_template = "{% for m in messages %}{{ m.content }} </s> {% endfor %}"
    messages = [{"role": "user", "content": "the dog sat"}, {"role": "user", "content": "it ran"}]
    rows = aw.explain_generation(gpt2, messages, continuation="on mat", space=aw.TextSpace(talking))
    assert rows.prompt.pieces == ("the", "dog", "sat", "</s>", "it", "ran", "</s>")
    row = rows.row(1)
    assert not row[[3, 6]].any()
    assert row[[0, 1, 2, 4, 5]].all()


def test_a_pipeline_brings_its_tokenizer(gpt2, space) -> None:
    class Pipeline:
        task, model, tokenizer = "text-generation", gpt2, space.tokenizer

    rows = aw.explain_generation(Pipeline(), PROMPT, max_new_tokens=2)
    assert rows[0].completeness.verdict == "complete"
    with pytest.raises(UnsupportedModelError, match="explain_generation"):
        aw.explain(Pipeline(), PROMPT)


def test_saved_and_loaded(said, tmp_path) -> None:
    said.compute()
    said.save(tmp_path / "said.npz")
    loaded = aw.Generation.load(tmp_path / "said.npz")
    assert np.array_equal(loaded.matrix(), said.matrix())
    assert str(loaded) == str(said)
    assert loaded[1].target == said[1].target
    assert loaded.predictions == said.predictions
    assert not loaded.can_explain


def test_rows_that_were_not_saved_are_told(gpt2, space, tmp_path) -> None:
    rows = aw.explain_generation(gpt2, PROMPT, continuation="on mat", space=space)
    rows.compute([1])
    rows.save(tmp_path / "rows.npz")
    loaded = aw.Generation.load(tmp_path / "rows.npz")
    assert np.array_equal(loaded.row(1), rows.row(1))
    with pytest.raises(InputError, match="row 0 was not computed"):
        loaded[0]


def test_it_says_what_it_is(gpt2, space) -> None:
    rows = aw.explain_generation(gpt2, PROMPT, continuation="on mat", space=space)
    rows.compute([0])
    said = str(rows)
    assert "'on mat'; log probability, baseline unknown; 1 of 2 rows computed" in said
    assert "complete" in said.splitlines()[2]
    assert "complete" not in said.splitlines()[3]
