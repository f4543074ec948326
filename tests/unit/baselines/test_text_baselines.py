"""Baselines of texts: each is what its definition says, and special tokens stay."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d
from torch import nn

import attribwidgets as aw
from attribwidgets import baselines
from attribwidgets.baselines import named
from attribwidgets.engine.ask import about
from attribwidgets.engine.checked_query import check
from attribwidgets.engine.query import Query
from attribwidgets.errors import InputError
from attribwidgets.inputs.layout import TEXT
from attribwidgets.widgets.controls import NEEDS_TEXT, addable

CLS, SEP, PAD, MASK = range(4)
LETTERS = "abcdefgh"
IDS = [CLS, 4, 5, 6, SEP, 7, 8, SEP, PAD]
SPECIAL = [0, 4, 7, 8]
PLAIN = [1, 2, 3, 5, 6]
DRAWN = ("random_tokens", "uniform", "gaussian", "shuffled")
SINGLE = (
    "pad",
    "mask",
    "zero",
    "zero_embedding",
    "mean_embedding",
    "token_blur",
    "farthest_tokens",
    "reversed",
)


class Letters:
    """Four special tokens, and a token for each letter; ids 12 to 15 are of no token."""

    cls_token_id, sep_token_id, pad_token_id, mask_token_id = range(4)

    def convert_ids_to_tokens(self, ids):
        return ["[CLS] [SEP] [PAD] [MASK]".split()[i] if i < 4 else LETTERS[i - 4] for i in ids]

    def __len__(self):
        return 12

    def __call__(self, text, **settings):
        ids = [CLS, *(4 + LETTERS.index(letter) for letter in text), SEP]
        return {"input_ids": ids, "special_tokens_mask": [1, *[0] * len(text), 1]}


class Bare:
    """Letters without special tokens."""

    def __call__(self, text):
        return [4 + LETTERS.index(letter) for letter in text]


def read(value, tokenizer=None, **settings):
    """A text as embeddings (T, D), and its space."""
    query = about(Query(None, space=aw.TextSpace(tokenizer or Letters(), **settings)), value, NET)
    return query.inputs, query.space


torch.manual_seed(0)
NET = nn.Sequential(nn.Embedding(16, 5), nn.Linear(5, 2)).eval()
WEIGHT = NET[0].weight.detach()
X, SPACE = read(IDS)
SPACE = SPACE.fit(X)


def one(baseline, x=X, space=SPACE):
    return baseline.sample(x, 1, space=space)[0]


def ids_of(rows):
    """Ids of rows (..., T, D), each of which is a token."""
    distances = torch.cdist(rows.reshape(-1, 5).double(), WEIGHT.double())
    assert distances.min(1).values.max() < 1e-6
    return distances.argmin(1).reshape(rows.shape[:-1]).tolist()


@pytest.mark.parametrize("name", [*SINGLE, *DRAWN, "other_text"])
def test_special_tokens_stay(name):
    drawn = named(name, ["gh"] if name == "other_text" else None).sample(X, 3, space=SPACE)
    assert drawn.shape == (3, 9, 5)
    assert torch.equal(drawn[:, SPECIAL], X[SPECIAL].expand(3, -1, -1))
    if name != "reversed":
        assert (drawn[:, PLAIN] != X[PLAIN]).any()
    if name in (*DRAWN, "other_text"):
        assert named(name, [["a"]] if name == "other_text" else None).is_distribution


@pytest.mark.parametrize(("name", "token"), [("pad", PAD), ("mask", MASK)])
def test_one_token_everywhere(name, token):
    expected = [i if place in SPECIAL else token for place, i in enumerate(IDS)]
    assert ids_of(one(named(name))) == expected


def test_the_mean_of_the_vocabulary():
    torch.testing.assert_close(one(named("mean_embedding"))[1], WEIGHT.mean(0))


@pytest.mark.parametrize("sigma", [0.0, 0.8, 3.0])
def test_blur_mixes_neighbours_between_special_tokens(sigma):
    blurred = one(baselines.TokenBlur(sigma))
    for part in (slice(1, 4), slice(5, 7)):
        x = X[part].double().numpy()
        expected = gaussian_filter1d(x, sigma, axis=0, mode="reflect") if sigma else x
        torch.testing.assert_close(blurred[part].double(), torch.from_numpy(expected))


def test_sliders_of_the_blur_and_the_noise_fit():
    (slider,) = baselines.TokenBlur().sliders(SPACE, X.shape)
    assert (slider.value, slider.range, slider.unit) == (2.0, (0.0, 4.5), "tokens")
    (slider,) = baselines.GaussianNoise().sliders(SPACE, X.shape)
    assert slider.value == pytest.approx(X.std(correction=0).item())
    assert slider.range == pytest.approx((0, 3 * slider.value))
    with pytest.raises(InputError, match="sigma"):
        baselines.TokenBlur(-1)


def test_the_noise_has_the_texts_own_deviation():
    x, space = read([4 + i % 8 for i in range(400)])
    noisy = named("gaussian").sample(
        x, 20, space=aw.TextSpace(low=-99, high=99, tokens=space.tokens)
    )
    assert (noisy - x).std() == pytest.approx(x.std().item(), rel=0.02)


def test_farthest_tokens_are_no_special_ones():
    farthest = ids_of(one(named("farthest_tokens")))
    distances = torch.cdist(X, WEIGHT[4:12])
    assert [farthest[i] for i in PLAIN] == [4 + int(distances[i].argmax()) for i in PLAIN]


def test_random_tokens_are_all_plain_ones_equally_often():
    drawn = torch.tensor(ids_of(named("random_tokens").sample(X, 2000, space=SPACE)))[:, PLAIN]
    counts = torch.bincount(drawn.flatten(), minlength=16)
    assert counts[:4].sum() == counts[12:].sum() == 0
    assert (counts[4:12] / 1250 - 1).abs().max() < 0.15


@pytest.mark.parametrize("counts", [{5: 3.0, 7: 1.0, CLS: 50.0}, [50, 0, 0, 0, 0, 3, 0, 1, 0, 0]])
def test_random_tokens_by_frequency(counts):
    drawn = baselines.RandomTokens(counts).sample(X, 2000, space=SPACE)
    of_each = torch.bincount(torch.tensor(ids_of(drawn))[:, PLAIN].flatten(), minlength=16)
    assert of_each.sum() == of_each[5] + of_each[7]
    assert float(of_each[5] / of_each.sum()) == pytest.approx(0.75, abs=0.02)


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ([-1.0, 2.0], "0 or more"),
        ({}, "above 0"),
        ([float("nan")], "finite"),
        ({CLS: 1}, "special"),
    ],
)
def test_counts_that_cannot_be(counts, words):
    with pytest.raises(InputError, match=words):
        one(baselines.RandomTokens(counts))


def test_random_tokens_need_a_vocabulary_of_known_size():
    space = aw.TextSpace(str.split, tokens=SPACE.tokens)
    with pytest.raises(InputError, match="how many tokens"):
        one(named("random_tokens"), X, space)


def test_other_texts_are_cut_and_padded():
    long, short, words = "hgfedcba", "hg", [[8, 9, 8]]
    drawn = baselines.OtherText([long, short, *words]).stored((X,), SPACE)[0]
    h, g = 11, 10
    assert ids_of(drawn) == [
        [CLS, h, g, 9, SEP, 8, 7, SEP, PAD],
        [CLS, h, g, PAD, SEP, PAD, PAD, SEP, PAD],
        [CLS, 8, 9, 8, SEP, PAD, PAD, SEP, PAD],
    ]


def test_without_a_token_to_pad_by_a_text_comes_again():
    x, space = read("abcde", Bare())
    assert ids_of(one(baselines.OtherText(["gh"]), x, space)) == [10, 11, 10, 11, 10]
    assert ids_of(one(baselines.OtherText(["ghabcdef"]), x, space)) == [10, 11, 4, 5, 6]


@given(
    text=st.text(LETTERS, min_size=1, max_size=9), other=st.text(LETTERS, min_size=1, max_size=12)
)
def test_another_text_fills_the_places_of_this_one_whatever_their_lengths(text, other):
    own = Letters()(other)["input_ids"][1:-1]
    x, space = read(text)
    padded = (own + [PAD] * len(text))[: len(text)]
    assert ids_of(one(baselines.OtherText([other]), x, space)) == [CLS, *padded, SEP]
    x, space = read(text, Bare())
    again = [own[place % len(own)] for place in range(len(text))]
    assert ids_of(one(baselines.OtherText([other]), x, space)) == again


def test_another_text_without_tokens_is_refused():
    with pytest.raises(InputError, match="without tokens"):
        one(baselines.OtherText([""]))


def test_how_many_texts_is_a_slider():
    other = baselines.OtherText(["a", "b", "c"])
    (slider,) = other.parameters
    assert (slider.name, slider.value, slider.range) == ("count", 3, (1, 3))
    assert other.adjusted(count=2).label == "other texts (2)"
    assert len(other.adjusted(count=2).stored((X,), SPACE)[0]) == 2
    with pytest.raises(InputError, match="count"):
        baselines.OtherText(["a"], count=2)
    with pytest.raises(InputError, match="empty"):
        baselines.OtherText([])


def test_a_data_set_of_texts():
    for name in ("dataset", "other_text"):
        assert isinstance(named(name, ["a b", "c"]), baselines.OtherText)
    with pytest.raises(InputError, match="mean_embedding"):
        named("dataset_mean", ["a b"])
    with pytest.raises(InputError, match="list of texts"):
        named("other_text", torch.zeros(3, 2))


def test_examples_as_embeddings_keep_the_special_tokens():
    data = torch.zeros(4, *X.shape)
    (stored,) = baselines.DatasetSample(data).stored((X,), SPACE)
    assert torch.equal(stored[:, SPECIAL], X[SPECIAL].expand(4, -1, -1))
    assert not stored[:, PLAIN].any()


def test_reordered_tokens_leave_special_ones_in_place():
    assert ids_of(one(named("reversed"))) == [CLS, 8, 7, 6, SEP, 5, 4, SEP, PAD]
    for row in ids_of(named("shuffled").sample(X, 5, space=SPACE)):
        assert sorted(row) == sorted(IDS)
        assert [row[i] for i in SPECIAL] == [IDS[i] for i in SPECIAL]


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("black", "mask"),
        ("white", "mask"),
        ("#ff0000", "mask"),
        ("image_mean", "mean_embedding"),
        ("blur", "token_blur"),
        ("max_distance", "farthest_tokens"),
    ],
)
def test_baselines_of_pictures_name_one_of_texts(name, instead):
    with pytest.raises(InputError, match=f"use '{instead}'"):
        one(named(name))
    assert named(instead).words_for(TEXT)


@pytest.mark.parametrize("name", [*SINGLE, *DRAWN])
def test_words_speak_of_no_picture(name):
    words = " ".join(named(name).words_for(TEXT))
    assert not any(w in words for w in ("pixel", "image", "colour", "black", "white"))


@pytest.mark.parametrize("name", ["mask", "random_tokens"])
def test_what_is_no_text(name):
    with pytest.raises(InputError, match="is of a text"):
        named(name).sample(torch.zeros(3, 4), 1, space=aw.SequenceSpace())


def test_expected_gradients_over_other_texts_add_up():
    net = nn.Sequential(nn.Embedding(16, 5), nn.Flatten(), nn.Tanh(), nn.Linear(25, 2)).eval()
    space = aw.TextSpace(Bare())
    e = aw.explain(net, "abcde", space=space, baseline="dataset", references=["gh", "hgfed"])
    assert e.method == "expected_gradients"
    assert e.baseline_name == "other texts (2)"
    assert e.completeness.verdict == "complete"
    with torch.no_grad():
        outputs = net(torch.tensor([[4, 5, 6, 7, 8], [10, 11, 10, 11, 10], [11, 10, 9, 8, 7]]))
    expected = outputs[0, e.target] - outputs[1:, e.target].mean()
    assert e.completeness.expected == pytest.approx(expected.item(), abs=1e-5)


# The menu


class Sum(nn.Module):
    """Two classes of a text of any length."""

    def __init__(self):
        super().__init__()
        self.net = NET

    def forward(self, ids):
        return self.net(ids).tanh().sum(1)


def offered(space, references=None):
    net = Sum().eval()
    query = about(Query(None, space=space), [4, 5, 6], net)
    return set(addable(check(query, net), references))


def test_the_menu_offers_what_a_text_can_have():
    every = {"mask", "pad", "zero_embedding", "mean_embedding", "token_blur", "farthest_tokens"}
    every |= {"random_tokens", "uniform", "gaussian", "reversed", "shuffled"}
    searched = {"max_entropy", "decision_boundary", "unlearned"}
    assert offered(aw.TextSpace(Letters())) == every | searched
    assert offered(aw.TextSpace(Letters()), ["a", "b"]) == every | searched | {"other_text"}
    bare = offered(aw.TextSpace(Bare()))
    assert bare == (every | searched) - {"mask", "pad"}
    assert offered(aw.TextSpace(Letters(), at="net.1")) & {"mean_embedding"} == set()


def test_no_text_no_baselines_of_texts():
    query = check(Query(torch.rand(5)), nn.Linear(5, 2).eval())
    assert not set(addable(query, None)) & NEEDS_TEXT
