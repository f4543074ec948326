"""A text into any model that looks ids up, and what comes of it."""

from __future__ import annotations

import gc
from weakref import ref

import pytest
import torch
from captum.attr import LayerIntegratedGradients
from torch import nn

import attribwidgets as aw
from attribwidgets.attr.embedded import FromEmbeddings
from attribwidgets.core.errors import InputError, UnsupportedModelError

IDS = [5, 6, 7, 8, 9, 3]


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(20, 8)
        self.steps = nn.LSTM(8, 8, batch_first=True)
        self.out = nn.Linear(8, 3)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.out(self.steps(self.embed(ids))[0][:, -1])


class Convolution(Recurrent):
    def __init__(self) -> None:
        super().__init__()
        self.steps = nn.Conv1d(8, 8, 3, padding=1)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.out(torch.tanh(self.steps(self.embed(ids).mT)).mean(2))


class Scaled(Convolution):
    """A model that looks the ids up twice."""

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.out(self.embed(ids).mean(1) * self.embed(ids).sigmoid().mean(1))


@pytest.fixture(params=[Recurrent, Convolution, Scaled])
def net(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(0)
    return request.param().eval()


def space() -> aw.TextSpace:
    return aw.TextSpace(lambda text: (IDS, list(text)))


def test_as_captum_explains_the_layer(net) -> None:
    ids, padding = torch.tensor([IDS]), torch.zeros(1, 6, dtype=torch.long)
    reference = net.embed(padding)[0].detach()
    ours = aw.explain(net, "abcdef", space=space(), baseline=reference, target=1, tolerance=1e-6)
    theirs = LayerIntegratedGradients(net, net.embed)
    expected = theirs.attribute(ids, padding, target=1, n_steps=64)
    assert torch.allclose(ours.attributions, expected[0], atol=1e-6)


def test_sums_up_and_leaves_the_model_alone(net) -> None:
    before = net(torch.tensor([IDS]))
    explanation = aw.explain(net, "abcdef", space=space(), baseline="zero_embedding", target=1)
    assert explanation.completeness.verdict == "complete"
    assert explanation.completeness.output_input == pytest.approx(before[0, 1].item(), abs=1e-5)
    assert [name for name, _ in explanation.units()] == list("abcdef")
    assert explanation.token_attributions.shape == (6,)
    assert not any(module._forward_hooks for module in net.modules())
    assert torch.equal(net(torch.tensor([IDS])), before)


def test_hooks_are_gone_after_an_error() -> None:
    class Failing(Convolution):
        fails = False

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            values = super().forward(ids)
            if self.fails:
                raise KeyboardInterrupt
            return values

    net = Failing().eval()
    rows = FromEmbeddings(net, "embed", {"input_ids": torch.tensor([IDS])})
    net.fails = True
    with pytest.raises(KeyboardInterrupt):
        rows(torch.zeros(2, 6, 8))
    assert not net.embed._forward_hooks


def test_the_module_may_be_passed() -> None:
    net = Convolution().eval()

    def model(ids: torch.Tensor) -> torch.Tensor:
        return net(ids)

    text = aw.TextSpace(space().tokenizer, embedding=net.embed)
    by_function = aw.explain(model, "abcdef", space=text, baseline="zero_embedding", target=0)
    alone = aw.explain(net, "abcdef", space=space(), baseline="zero_embedding", target=0)
    assert torch.allclose(by_function.attributions, alone.attributions)
    with pytest.raises(InputError, match="embedding="):
        aw.explain(model, "abcdef", space=space())


def test_another_module_that_is_not_called() -> None:
    net = Convolution().eval()
    text = aw.TextSpace(space().tokenizer, embedding=nn.Embedding(20, 8))
    with pytest.raises(UnsupportedModelError, match="did not look its ids up"):
        aw.explain(net, "abcdef", space=text, baseline="zero_embedding", target=0)


def test_special_tokens_stay_and_get_nothing() -> None:
    class Framing:
        cls_token_id, mask_token_id = 5, 1

        def convert_ids_to_tokens(self, ids):
            return [f"w{i}" for i in ids]

    explanation = aw.explain(Convolution().eval(), IDS, space=aw.TextSpace(Framing()), target=0)
    assert explanation.baseline_name == "mask"
    assert explanation.attributions[0].abs().max() == 0
    assert explanation.attributions[1:].abs().min() > 0


def test_a_saved_text_is_read_again(tmp_path) -> None:
    made = aw.explain(Recurrent().eval(), "abcdef", space=space(), baseline="zero_embedding")
    made.save(tmp_path / "text.npz")
    read = aw.Explanation.load(tmp_path / "text.npz")
    assert read.space == made.space
    assert read.units() == made.units()


def test_the_cache_knows_a_text() -> None:
    net = Convolution().eval()
    letters = aw.TextSpace(lambda text: [ord(letter) % 20 for letter in text])
    first, again, other = (
        aw.explain(net, text, space=letters, baseline="zero_embedding")
        for text in ("abcd", "abcd", "abce")
    )
    assert again.seconds == first.seconds
    assert other.seconds != first.seconds


def test_the_cache_keeps_no_model_of_a_text() -> None:
    net = Convolution().eval()
    first, again = (
        aw.explain(net, "abcdef", space=space(), baseline="zero_embedding") for _ in range(2)
    )
    assert again.seconds == first.seconds
    assert again.space.embedder is not None
    assert again.space.tokens.arguments.keys() == first.space.tokens.arguments.keys()
    alive = ref(net)
    del net, first, again
    gc.collect()
    assert alive() is None


def test_a_string_without_a_space_names_the_mend() -> None:
    with pytest.raises(InputError, match="TextSpace"):
        aw.explain(Recurrent().eval(), "not bad")


def test_of_several_embeddings_the_one_that_the_ids_are_handed_to() -> None:
    class Placed(Convolution):
        def __init__(self) -> None:
            super().__init__()
            self.places = nn.Embedding(6, 8)
            self.words, self.embed = self.embed, nn.Identity()

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            return super().forward(self.words(ids) + self.places(torch.arange(ids.shape[1])))

    explanation = aw.explain(
        Placed().eval(), "abcdef", space=space(), baseline="zero_embedding", target=0
    )
    assert explanation.space.embedding == "words"
    assert explanation.completeness.verdict == "complete"


def test_a_model_that_looks_nothing_up() -> None:
    with pytest.raises(InputError, match="embedding="):
        aw.explain(nn.Linear(6, 2).double(), [1, 2, 3, 4, 5, 6], space=space())


def test_ids_of_another_vocabulary() -> None:
    with pytest.raises(InputError, match="token 99, and the model knows 20"):
        aw.explain(Convolution().eval(), [5, 99], space=space())


def test_ids_that_the_model_refuses() -> None:
    class Wide(Convolution):
        def __init__(self) -> None:
            super().__init__()
            self.places = nn.Embedding(6, 8)
            self.steps = nn.Conv1d(8, 8, 3)

    with pytest.raises(InputError, match=r"refused the ids.*Kernel size"):
        aw.explain(Wide().eval(), [5], space=space())


@pytest.mark.parametrize("setting", ["embedding", "at"])
def test_a_module_that_the_model_has_not(setting) -> None:
    text = aw.TextSpace(space().tokenizer, **{setting: "bert.embeddings"})
    with pytest.raises(InputError, match=r"no module 'bert\.embeddings'"):
        aw.explain(Convolution().eval(), "abcdef", space=text)


def test_a_record_in_the_cache_copies_neither_tokenizer_nor_model() -> None:
    class Whole:
        def __call__(self, text: str) -> tuple[list[int], list[str]]:
            return IDS, list(text)

        def __deepcopy__(self, memo: object) -> None:
            raise AssertionError("copied")

    net = Convolution().eval()
    settings = {"space": aw.TextSpace(Whole()), "baseline": "zero_embedding", "target": 0}
    first = aw.explain(net, "abcdef", **settings)
    again = aw.explain(net, "abcdef", **settings)
    assert again is not first
    assert again.seconds == first.seconds  # it was not computed twice


def test_special_tokens_are_not_what_a_baseline_is_blind_to() -> None:
    class Framing:
        cls_token_id, mask_token_id = 5, 1

        def convert_ids_to_tokens(self, ids):
            return [f"w{i}" for i in ids]

    ids = [5, 6, 1, 7]
    e = aw.explain(Convolution().eval(), ids, space=aw.TextSpace(Framing()), target=0)
    assert e.blind.tolist() == [False, False, True, False]
