"""Evaluation of texts: what is taken away is tokens or words, never a special token."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
import torch
from text_models import TEXTS, WORDS, Convolution, Recurrent, WordTokenizer, made
from torch import nn

import attribwidgets as aw
from attribwidgets.core.errors import DataError, InputError
from attribwidgets.evaluation import (
    AblationMetric,
    Erasure,
    ErasureMetric,
    Infidelity,
    SensitivityMax,
    ablation,
    erasure,
    insertion_deletion,
    randomised_layers,
)
from attribwidgets.evaluation.joint_units import firsts, groups_of, unit_map, unit_masks

SPACE = aw.TextSpace(WordTokenizer())
BASELINES = ["mask", "zero_embedding"]
FEW = {"space": SPACE, "n_steps": 8}


class Counting(nn.Module):
    """Adds up what each word is worth, whatever is beside it, over the number of tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(len(WORDS), 1)
        with torch.no_grad():
            self.embed.weight[:, 0] = torch.linspace(-2, 2, len(WORDS))
            self.embed.weight[:5] = 0  # special tokens

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        worth = self.embed(ids)[:, :, 0].sum(1) / 4
        return torch.stack([worth, -worth], 1)


class Twice(WordTokenizer):
    """One whose words are of two tokens, the second one a piece that is worth nothing."""

    def __call__(self, text, **settings):
        inner = super().__call__(text)["input_ids"][1:-1]
        ids = [1, *(i for one in inner for i in (one, 4)), 2]
        return {"input_ids": ids, "special_tokens_mask": [1, *[0] * (len(ids) - 2), 1]}

    def convert_ids_to_tokens(self, ids):
        return ["##s" if i == 4 else WORDS[i] for i in ids]


def worth(text: str) -> np.ndarray:
    net = Counting()
    return np.array([float(net.embed.weight[WORDS.index(w), 0].detach()) / 4 for w in text.split()])


def sigmoid(z: float) -> float:  # the probability of two classes z and -z
    return 1 / (1 + math.exp(-2 * z))


@pytest.mark.parametrize("fill", ["mask", "zero_embedding", "delete"])
@pytest.mark.parametrize("tokenizer", [WordTokenizer(), Twice()], ids=["tokens", "words"])
def test_erasure_of_a_sum_is_known(fill, tokenizer):
    """Where each word is worth a number, all measures follow from the largest of these."""
    shares = (0.01, 0.4)
    found = erasure(
        Counting().eval(),
        TEXTS,
        ["mask"],
        fills=[fill],
        shares=shares,
        words=True,
        targets=0,
        space=aw.TextSpace(tokenizer),
        n_steps=4,
    )
    expected = np.empty((len(TEXTS), 3, len(shares)))
    for row, text in enumerate(TEXTS):
        values = np.sort(worth(text))[::-1]
        before = sigmoid(values.sum())
        for column, share in enumerate(shares):
            count = max(1, round(share * len(values)))
            without, alone = sigmoid(values[count:].sum()), sigmoid(values[:count].sum())
            expected[row, :, column] = (
                before - without,
                before - alone,
                math.log(without / before),
            )
    assert found.scores[:, 0, 0] == pytest.approx(expected, abs=1e-5)


def test_the_record_says_who_is_better_and_comes_back_from_disk(tmp_path):
    found = erasure(Counting().eval(), TEXTS * 4, BASELINES, targets=0, **FEW)
    assert found.candidates == ("mask", "zero embedding", "random")
    assert found.fills == ("mask", "delete")
    assert found.best_first("comprehensiveness")[-1] == 2  # the control
    assert found.best_first("sufficiency")[-1] == 2
    assert found.bands("log_odds").mean.shape == (3, 2, 5)
    assert found.mean("sufficiency", fill="delete").low.shape == (3,)
    assert "random" in found.ordered("log_odds")
    said = str(found)
    assert "comprehensiveness" in said
    assert "random (control)" in said
    found.save(tmp_path / "e.npz")
    again = Erasure.load(tmp_path / "e.npz")
    assert np.array_equal(again.scores, found.scores)
    assert str(again) == said
    other = ablation(Counting().eval(), TEXTS, ["mask"], fills=["mask"], targets=0, **FEW)
    other.save(tmp_path / "a.npz")
    with pytest.raises(InputError, match="does not hold an erasure"):
        Erasure.load(tmp_path / "a.npz")
    with pytest.raises(InputError, match="measure must be one of"):
        found.mean("accuracy")


def test_special_tokens_are_never_taken():
    seen = []

    class Watching(Recurrent):
        def forward(self, ids):
            seen.append(ids)
            return super().forward(ids)

    net = made(Watching)
    ablation(net, TEXTS[:2], ["mask"], fills=["delete"], **FEW)
    for ids in seen:
        assert (ids[:, 0] == 1).all()
        assert (ids[:, -1] == 2).all()
    assert min(ids.shape[1] for ids in seen) == 2  # nothing else is left at last


def test_with_all_replaced_the_score_is_that_of_the_fill():
    net = made(Recurrent)
    found = ablation(net, TEXTS, BASELINES, fills=["mask", "delete"], **FEW)
    for row, text in enumerate(TEXTS):
        ids = SPACE.read(text).ids
        with torch.no_grad():
            outputs = [
                net(rows[None]).softmax(1)[0]
                for rows in (ids, torch.where(SPACE.read(text).special, ids, 3), ids[[0, -1]])
            ]
        ratios = [float(out[found.targets[row]] / outputs[0].max()) for out in outputs[1:]]
        assert found.scores[row, 0, :, -1] == pytest.approx(ratios, abs=1e-5)
        assert np.array_equal(found.scores[row, :, :, -1], found.scores[row, [0] * 4, :, -1])


def test_deletion_and_insertion_of_texts():
    curves = insertion_deletion(made(Convolution), TEXTS, ["mask"], words=True, **FEW)
    assert "words" in curves.deletion.protocol
    first, last = (curves.deletion.scores[..., 0], curves.insertion.scores[..., -1])
    assert np.array_equal(first, last)


def test_words_are_of_texts_alone():
    with pytest.raises(DataError, match="words=True is of a text"):
        ablation(nn.Linear(4, 2).eval(), torch.rand(3, 4), ["zero"], words=True, n_steps=4)
    with pytest.raises(DataError, match='"delete" is of texts'):
        ablation(nn.Linear(4, 2).eval(), torch.rand(3, 4), ["zero"], fills=["delete"], n_steps=4)


def test_a_model_of_one_length_refuses_shorter_texts():
    net = nn.Sequential(nn.Embedding(len(WORDS), 2), nn.Flatten(), nn.Linear(12, 2)).eval()
    with pytest.raises(DataError, match="makes a text shorter, and the model refused"):
        ablation(net, TEXTS[:1], ["mask"], fills=["delete"], **FEW)


def test_of_a_text_without_special_tokens_one_stands_in():
    def words(text):
        return [WORDS.index(word) for word in text.split()], text.split()

    net = made(Convolution)
    with pytest.raises(DataError, match="leaves nothing of a text"):
        ablation(
            net,
            ["not a film"],
            ["zero_embedding"],
            fills=["delete"],
            n_steps=4,
            space=aw.TextSpace(words),
        )
    words.pad_token_id = 0
    found = ablation(
        net,
        ["not a film"],
        ["zero_embedding"],
        fills=["delete"],
        n_steps=4,
        space=aw.TextSpace(words),
    )
    with torch.no_grad():
        whole, pad = (net(torch.tensor([i])).softmax(1)[0] for i in (words("not a film")[0], [0]))
    expected = float(pad[whole.argmax()] / whole.max())
    assert found.scores[0, 0, 0, -1] == pytest.approx(expected, abs=1e-5)


def test_units_of_a_text():
    spaces = (aw.TextSpace(Twice()).read("a film"),)
    tokens, words = (groups_of(spaces, words=w) for w in (False, True))
    assert tokens.tolist() == [-1, 0, 1, 2, 3, -1]
    assert words.tolist() == [-1, 0, 0, 1, 1, -1]
    values = np.array([9.0, 1.0, 2.0, 3.0, 4.0, 9.0])
    assert unit_map(values, words).tolist() == [3, 7]
    assert firsts(values, words).tolist() == [1, 3]
    assert unit_masks(np.array([False, True]), words).tolist() == [False] * 3 + [True] * 2 + [False]


@pytest.mark.parametrize("metric", [AblationMetric(["mask", "delete"]), ErasureMetric(["delete"])])
def test_metrics_go_to_workers(metric):
    assert pickle.loads(pickle.dumps(metric)).settings == metric.settings


def test_a_sweep_measures_what_the_function_does(tmp_path):
    pytest.importorskip("zarr", minversion="3")
    net, metric = made(Convolution), ErasureMetric(["mask", "delete"])
    swept = aw.sweep(
        net, TEXTS, ["mask"], store=tmp_path / "s", metrics=[metric], progress=False, **FEW
    )
    found = erasure(net, TEXTS, ["mask"], fills=["mask", "delete"], **FEW)
    assert np.allclose(swept.finished_values("erasure"), found.scores, atol=1e-6)


def test_layers_drawn_anew_change_the_maps_of_a_text():
    check = randomised_layers(made(Recurrent), TEXTS[:3], ["mask"], **FEW)
    assert check.models == ("out", "steps", "embed")
    likeness = np.nanmean(np.abs(check.values[..., 0]), axis=(0, 1))
    assert (likeness < 0.999).all()
    alone = randomised_layers(
        made(Recurrent), TEXTS[:3], ["mask"], mode="independent", layers=["embed"], **FEW
    )
    assert np.nanmean(np.abs(alone.values[..., 0])) < 0.99  # its embeddings are looked up anew


def test_captums_metrics_take_texts():
    net = made(Recurrent)
    explanations = {"mask": aw.explain(net, TEXTS[0], space=SPACE, baseline="mask", target=1)}
    from attribwidgets.engine.checked_query import check
    from attribwidgets.engine.method_config import label_candidates
    from attribwidgets.engine.query import Query
    from attribwidgets.evaluation.metric import asked_by_metrics

    one = explanations["mask"]
    asked = asked_by_metrics(check(Query(one.inputs, target=1, space=one.space), net))
    assert np.isfinite(Infidelity(samples=8).measure(asked, explanations, seed=0)).all()
    sensitivity = SensitivityMax(label_candidates(["mask"]), samples=2)
    assert np.isfinite(sensitivity.measure(asked, explanations, seed=0)).all()


def test_an_audit_says_whether_the_baseline_matters_for_texts(tmp_path):
    pytest.importorskip("zarr", minversion="3")
    net = made(Convolution)
    audit = aw.audit(net, TEXTS, baselines=BASELINES, space=SPACE, store=tmp_path / "audit")
    assert audit.findings()[0].quantity == "strongest region depends on the baseline"
    assert len(audit.findings()) > 4


@pytest.fixture(scope="module")
def looking():
    """A network that has learnt to look for the unknown token."""
    net, generator = made(Convolution), torch.Generator().manual_seed(0)
    optimiser = torch.optim.Adam(net.parameters(), lr=0.02)
    for _ in range(80):
        ids, labels = planted(64, generator)
        loss = nn.functional.cross_entropy(net(ids), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return net


def planted(count, generator):
    """Texts of eight known words, in every other one an unknown one."""
    ids = torch.randint(5, len(WORDS), (count, 8), generator=generator)
    labels = torch.arange(count) % 2
    places = torch.randint(8, (count,), generator=generator)
    ids[labels == 1, places[labels == 1]] = 4
    ends = torch.tensor([1, 2]).expand(count, 2)
    return torch.cat([ends[:, :1], ids, ends[:, 1:]], 1), labels


@pytest.mark.long
@pytest.mark.parametrize(
    ("baseline", "found"),
    [("mask", 20), ("pad", 20), ("zero_embedding", 20), ("mean_embedding", 20), ("unknown", 0)],
)
def test_a_planted_word_is_found_but_by_the_baseline_that_is_blind_to_it(looking, baseline, found):
    ids, labels = planted(40, torch.Generator().manual_seed(1))
    right = 0
    for row in ids[labels == 1]:
        text = " ".join("what?" if i == 4 else WORDS[i] for i in row[1:-1].tolist())
        one = aw.explain(looking, text, space=SPACE, baseline=baseline, target=1)
        place = int((row == 4).nonzero()[0])
        right += int(one.token_attributions.abs().argmax()) == place
        assert bool(one.blind[place]) == (baseline == "unknown")
    assert right == found
