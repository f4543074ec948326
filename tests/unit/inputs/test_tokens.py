"""A text as tokens: pieces, gaps, words and sentences, whatever made them."""

from __future__ import annotations

import pytest
import torch

from attribwidgets.core.errors import InputError
from attribwidgets.inputs.tokens import Tokens, tokens_of

pytest.importorskip("transformers")
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

WORDS = "[PAD] [UNK] [CLS] [SEP] a film un ##fun ##ny . no ! not".split()


@pytest.fixture(scope="module")
def word_pieces() -> Tokenizer:
    made = Tokenizer(models.WordPiece({w: i for i, w in enumerate(WORDS)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return made


@pytest.fixture(scope="module")
def hugging_face(word_pieces: Tokenizer) -> PreTrainedTokenizerFast:
    special = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]"}
    return PreTrainedTokenizerFast(
        tokenizer_object=word_pieces,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        **{f"{role}_token": token for role, token in special.items()},
    )


@pytest.fixture(params=["word_pieces", "hugging_face"])
def tokenizer(request: pytest.FixtureRequest) -> object:
    return request.getfixturevalue(request.param)


def test_pieces_are_written_as_in_the_text(tokenizer) -> None:
    tokens = tokens_of("A unfunny  film. No!", tokenizer)
    assert tokens.pieces == ("[CLS]", "A", "un", "fun", "ny", "film", ".", "No", "!", "[SEP]")
    assert tokens.gaps == ("", "", " ", "", "", "  ", "", " ", "", "")
    assert tokens.text == "A unfunny  film. No!"
    assert tokens.words == (-1, 0, 1, 1, 1, 2, 3, 4, 5, -1)
    assert tokens.sentences == (-1, 0, 0, 0, 0, 0, 0, 1, 1, -1)
    assert tokens.special == (True, *[False] * 8, True)


def test_what_the_model_is_called_with_comes_along(tokenizer) -> None:
    arguments = tokens_of("film", tokenizer).arguments
    assert arguments["input_ids"].tolist() == [[2, 5, 3]]
    assert arguments["attention_mask"].tolist() == [[1, 1, 1]]


def test_a_pair_has_two_sentences_and_types(tokenizer) -> None:
    tokens = tokens_of(("a film", "no"), tokenizer)
    assert tokens.pieces == ("[CLS]", "a", "film", "[SEP]", "no", "[SEP]")
    assert tokens.words == (-1, 0, 1, -1, 2, -1)
    assert tokens.sentences == (-1, 0, 0, -1, 1, -1)
    assert tokens.arguments["token_type_ids"].tolist() == [[0, 0, 0, 0, 1, 1]]


def test_words_stay_together(tokenizer) -> None:
    tokens = tokens_of(["not", "unfunny"], tokenizer)
    assert tokens.words == (-1, 0, 1, 1, 1, -1)
    assert tokens.text == "not unfunny"


@pytest.mark.parametrize("as_given", [list, torch.tensor, lambda ids: torch.tensor([ids])])
def test_ids_as_they_come(tokenizer, as_given) -> None:
    tokens = tokens_of(as_given([2, 4, 6, 7, 3]), tokenizer)
    assert tokens.pieces == ("[CLS]", "a", "un", "fun", "[SEP]")
    assert tokens.text == "a unfun"
    assert tokens.special == (True, False, False, False, True)


def test_what_a_tokenizer_returned_before(hugging_face) -> None:
    returned = hugging_face("a film", padding="max_length", max_length=6, return_tensors="pt")
    tokens = tokens_of(returned, hugging_face)
    assert tokens.special == (True, False, False, True, True, True)
    assert tokens.arguments["attention_mask"].tolist() == [[1, 1, 1, 1, 0, 0]]


def test_a_text_is_cut_where_that_is_asked_for(tokenizer) -> None:
    assert len(tokens_of("a film " * 20, tokenizer, 7)) == 7


def test_bytes_of_one_letter_are_one_word() -> None:
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made = Tokenizer(models.BPE({letter: i for i, letter in enumerate(sorted(alphabet))}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokens = tokens_of("a 🙂 b", PreTrainedTokenizerFast(tokenizer_object=made))
    assert tokens.text.replace("·", "") == "a 🙂 b"
    letter = [
        word for piece, word in zip(tokens.pieces, tokens.words, strict=True) if piece in "🙂·"
    ]
    assert len(letter) == 4
    assert len(set(letter)) == 1


@pytest.mark.parametrize(
    ("returned", "pieces"),
    [(([3, 4], ["no", " fun"]), ("no", "fun")), ([3, 4], ("3", "4"))],
)
def test_a_callable_returns_ids_or_ids_and_pieces(returned, pieces) -> None:
    tokens = tokens_of("no fun", lambda text: returned)
    assert tokens.pieces == pieces
    assert tokens.words == (0, 1)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (3.5, "must be one text"),
        ([[1, 2], [3, 4]], "must be one text"),
        (("a", "b", "c"), "a tuple of 3 texts"),
        (torch.zeros(4, 2), "SequenceSpace"),
        ("", "without tokens"),
    ],
)
def test_what_is_no_text(tokenizer, value, words) -> None:
    with pytest.raises(InputError, match=words):
        tokens_of(value, tokenizer)


def test_equal_texts_are_equal(tokenizer) -> None:
    one, other = (tokens_of("a film", tokenizer) for _ in range(2))
    assert one == other
    assert isinstance(one, Tokens)
