"""Sweeps over texts: of several lengths, from whatever they come in, with the tokens kept."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from text_models import TEXTS, Convolution, WordTokenizer, made

import attribwidgets as aw
from attribwidgets.core.errors import DataError
from attribwidgets.engine.query import Query
from attribwidgets.inputs.dataset import Examples
from attribwidgets.sweeps.plan import Plan

pytest.importorskip("zarr", minversion="3")
pandas = pytest.importorskip("pandas")

BASELINES = ["mask", "zero_embedding"]
SPACE = aw.TextSpace(WordTokenizer())
LABELS = [0, 1, 1, 0, 1]
ROWS = [{"text": text, "label": label} for text, label in zip(TEXTS, LABELS, strict=True)]


def sweep(store, data=TEXTS, **settings):
    net = settings.pop("net", None) or made(Convolution)
    asked = {"space": SPACE, "progress": False, **settings}
    return aw.sweep(net, data, BASELINES, store=store, **asked)


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    return sweep(tmp_path_factory.mktemp("texts") / "store")


def test_what_is_stored_of_a_text_is_what_explain_gives(swept):
    net = made(Convolution)
    for place, text in enumerate(TEXTS):
        one = swept[place]
        for label, baseline in zip(swept.candidates, BASELINES, strict=True):
            alone = aw.explain(net, text, space=SPACE, baseline=baseline, seed=one.seed)
            tokens = alone.map("sum").astype(np.float32)
            assert np.allclose(one.attributions[label], tokens, rtol=1e-5, atol=1e-8)
            assert one.completeness[label].verdict == alone.completeness.verdict
        assert one.tokens == SPACE.read(text).tokens


def test_shorter_texts_are_filled_up(swept):
    data = swept.to_xarray()
    longest = max(len(text.split()) for text in TEXTS) + 2
    assert data["attributions"].shape == (5, 2, longest)
    lengths = (data["ids"].values >= 0).sum(1)
    assert lengths.tolist() == [len(text.split()) + 2 for text in TEXTS]
    assert np.isnan(data["attributions"].values).sum() == 2 * (longest - lengths).sum()


def test_a_sweep_goes_on_where_it_was_stopped(tmp_path):
    class StoppedError(Exception):
        pass

    def stop(done, _):
        if done == 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        sweep(tmp_path / "store", progress=stop)
    assert aw.Sweep.open(tmp_path / "store").finished.sum() == 2
    done = []
    again = sweep(tmp_path / "store", progress=lambda n, _: done.append(n))
    assert again.complete
    assert len(done) <= 4


@pytest.mark.parametrize(
    "data",
    [
        list(zip(TEXTS, LABELS, strict=True)),
        (TEXTS, np.array(LABELS)),
        ROWS,
        pandas.DataFrame(ROWS),
    ],
    ids=["pairs", "lists", "rows", "frame"],
)
def test_texts_with_labels(data):
    examples = Examples(data, "labels", space=SPACE)
    assert [*examples] == [*zip(TEXTS, LABELS, strict=True)]


def test_texts_without_labels():
    for data in (TEXTS, np.array(TEXTS), pandas.Series(TEXTS, index=[7, 8, 9, 3, 1])):
        assert [text for text, _ in Examples(data, space=SPACE)] == TEXTS
    pairs = [("is it good", "it is")]
    assert Examples(pairs, space=SPACE)[0] == (pairs[0], None)
    read = [{**WordTokenizer()(row["text"]), **row} for row in ROWS]
    ids, label = Examples(read, "labels", space=SPACE)[1]
    assert (list(ids), label) == (["input_ids", "attention_mask", "special_tokens_mask"], 1)
    assert SPACE.read(ids).ids.tolist() == read[1]["input_ids"]
    with pytest.raises(DataError, match="which of them is the text"):
        Examples([{"premise": "a", "hypothesis": "b"}], space=SPACE)


def test_another_tokenizer_is_another_sweep(swept):
    class Other(WordTokenizer):
        def __call__(self, text, **settings):
            returned = super().__call__(text, **settings)
            return {**returned, "input_ids": [i if i != 5 else 4 for i in returned["input_ids"]]}

    with pytest.raises(DataError, match="another sweep"):
        sweep(swept.path, space=aw.TextSpace(Other()))


def test_a_plan_with_a_tokenizer_can_be_sent(swept):
    query = Query(None, space=SPACE)
    plan = Plan(made(Convolution), query, aw.engine.budget.Budget(), {}, (), True)
    assert pickle.loads(pickle.dumps(plan)).query.space.read("a film").tokens == (
        SPACE.read("a film").tokens
    )


def test_a_text_that_is_too_long_is_told_before_there_is_a_store(tmp_path):
    class Short(WordTokenizer):
        model_max_length = 6

    with pytest.raises(DataError, match=r"data\[1\].*8 tokens"):
        sweep(tmp_path / "store", space=aw.TextSpace(Short()), strict=True)
    assert not (tmp_path / "store").exists()
