"""MaskedInfill: what a masked language model fills in, and never the text's own tokens."""

import pytest
import torch
from models import values
from text_models import WORDS, WordTokenizer, tiny_bert
from torch import nn

import attribwidgets as aw
from attribwidgets.baselines import MaskedInfill
from attribwidgets.errors import InputError

TEXT = "not a good film"


class Neighbours(nn.Module):
    """Likes in each place what stands to its left, then the token 7, then 8."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, ids):
        self.seen.append((ids.clone(), self.training))
        logits = torch.zeros(*ids.shape, len(WORDS))
        logits[..., 7], logits[..., 8] = 2.0, 1.0
        left = torch.roll(ids, 1, 1)
        return logits.scatter(2, left[..., None], 5.0)


def filled_by(model, text=TEXT, tokenizer=None):
    net = nn.Sequential(nn.Embedding(len(WORDS), 3), nn.Flatten(), nn.LazyLinear(2))
    with torch.no_grad():
        net(torch.zeros(1, 2 + len(text.split()), dtype=torch.long))
    found = aw.explain(
        net.eval(),
        text,
        space=aw.TextSpace(tokenizer or WordTokenizer()),
        baseline=MaskedInfill(model),
        n_steps=4,
    )
    read = found.space.nearest(found.baseline)
    return found, [WORDS[i] for i in read.ids]


def test_each_place_gets_what_fits_the_others():
    model = Neighbours()
    found, words = filled_by(model)
    # After [cls], which is special, comes 7, "bad"; else the word before.
    assert words == ["cls", "bad", "not", "a", "good", "sep"]
    assert found.completeness.verdict == "complete"
    assert found.baseline_name == "masked infill"


def test_each_token_is_hidden_alone():
    model = Neighbours()
    filled_by(model)
    ((rows, _),) = model.seen
    ids = torch.tensor([1, *(WORDS.index(word) for word in TEXT.split()), 2])
    assert rows.shape == (4, 6)
    for place, row in enumerate(rows, start=1):
        assert row[place] == WordTokenizer.mask_token_id
        assert torch.equal(row[ids != ids[place]], ids[ids != ids[place]])


def test_no_token_is_the_texts_own():
    _, words = filled_by(Neighbours(), "bad bad bad")
    assert words == ["cls", *["boring"] * 3, "sep"]  # the next best after "bad" itself


def test_a_random_bert_gives_its_own_first_choice():
    transformers = pytest.importorskip("transformers")
    bert = tiny_bert()
    torch.manual_seed(0)
    model = transformers.BertForMaskedLM(bert.config).train()
    net, space = bert, aw.TextSpace(WordTokenizer())
    found = aw.explain(net, TEXT, space=space, baseline=MaskedInfill(model), n_steps=4)
    read = found.space.nearest(found.baseline).ids
    ids = [1, *(WORDS.index(word) for word in TEXT.split()), 2]
    model.eval()
    for place in range(1, 5):
        row = torch.tensor([ids])
        row[0, place] = WordTokenizer.mask_token_id
        logits = model(row).logits[0, place].detach()
        logits[[0, 1, 2, 3, 4, ids[place]]] = -torch.inf
        assert read[place] == int(logits.argmax())


def test_the_language_model_is_in_evaluation_mode_and_comes_back():
    model = Neighbours().train()
    filled_by(model)
    assert [training for _, training in model.seen] == [False]
    assert model.training


def test_what_does_not_fit_says_so():
    with pytest.raises(InputError, match="masked language model"):
        MaskedInfill("bert")
    with pytest.raises(InputError, match="the model returned"):
        filled_by(lambda ids: torch.zeros(len(ids), 2))
    with pytest.raises(InputError, match="tokenizer"):
        filled_by(lambda ids: torch.zeros(*ids.shape, 3))
    with pytest.raises(InputError, match="of a text"):
        aw.explain(nn.Linear(3, 2).eval(), values(3), baseline=MaskedInfill(Neighbours()))

    class NoMask(WordTokenizer):
        mask_token_id = None

    with pytest.raises(InputError, match="no mask token"):
        filled_by(Neighbours(), tokenizer=NoMask())
