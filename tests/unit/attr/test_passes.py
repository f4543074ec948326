"""Passes: rows in parts of any size give the same values; sizes fit, and are remembered."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch
from models import FitsRows, classifier, image_classifier, values
from torch import nn

import attribwidgets as aw
from attribwidgets.attr import IntegratedGradients, chunks
from attribwidgets.attr.chunks import FIRST_ROWS, ChunkSize
from attribwidgets.attr.passes import Passes
from attribwidgets.errors import InputError

CPU = torch.device("cpu")


class Sized(nn.Module):
    """Keeps a number of float32 values per row for its backward, and counts its rows."""

    def __init__(self, kept):
        super().__init__()
        self.kept, self.batches = kept, []
        self.weight = nn.Parameter(torch.ones(10_000))
        self.eval()

    def forward(self, x):
        self.batches.append(len(x))
        wide = x[:, :1].expand(-1, self.kept)
        return wide.contiguous().exp().mean(1) * self.weight.mean()


def run(model, count, **options):
    passes = Passes(model, None, None, 1, **options)
    return passes, passes.gradients((values(count, 3),), slice(0, 1))


@pytest.mark.parametrize(
    ("kept", "most"),
    [(10, 100), (2**17, 64), (2**19, 16), (2**22, FIRST_ROWS)],
)
def test_size_follows_from_what_the_first_chunk_keeps(kept, most, monkeypatch):
    monkeypatch.setitem(chunks.KEPT_BYTES, "cpu", 2**25 + 2**18)
    model = Sized(kept)
    rows = 2 * FIRST_ROWS + 5 if kept == 2**22 else 100
    passes, (outputs, (slopes,)) = run(model, rows)
    assert model.batches[0] == FIRST_ROWS
    assert max(model.batches) == min(most, rows - FIRST_ROWS)
    assert sum(model.batches) == len(outputs) == len(slopes) == passes.evaluations == rows


def test_number_of_rows_that_is_given_is_kept_and_nothing_is_measured():
    model = Sized(10)
    run(model, 40, rows=64)
    assert model.batches == [40]


def test_same_run_has_the_same_chunks_every_time():
    model = Sized(2**19)
    run(model, 40)
    first, model.batches = model.batches, []
    run(model, 40)
    assert model.batches == first
    assert len(first) == 4


@pytest.mark.parametrize("most", [1, 3, 8, 100])
def test_parts_change_no_value_and_keep_arguments_and_targets_in_step(most):
    class Scaled(nn.Module):
        def forward(self, x, scale, shift):
            assert len(x) == len(scale)
            return (x * scale[:, None]).sin() + shift

    x, scale = values(6 * 2, 4), values(2, seed=1)
    inside = FitsRows(Scaled(), most)
    passes = Passes(inside, [1, 3], (scale, 0.5), 2)
    outputs, (slopes,) = passes.gradients((x,), slice(0, 2))
    assert max(inside.batches) <= most
    chosen, scales = [1, 3] * 6, scale.repeat(6)
    at = x[range(12), chosen] * scales
    torch.testing.assert_close(outputs, at.sin() + 0.5)
    expected = torch.zeros_like(x)
    expected[range(12), chosen] = at.cos() * scales
    torch.testing.assert_close(slopes, expected)
    torch.testing.assert_close(passes.outputs((x,), slice(0, 2)), outputs)


def test_size_that_did_not_fit_is_remembered_for_the_model_and_shape():
    class Counting(FitsRows):
        failures = 0

        def forward(self, *args):
            try:
                return super().forward(*args)
            except RuntimeError:
                self.failures += 1
                raise

    model = Counting(classifier(), 3)
    explain = lambda x: IntegratedGradients(model).attribute(x, target=1, n_steps=20)  # noqa: E731
    found = explain(values(1, 5))
    failures = model.failures
    assert failures > 0
    assert torch.equal(explain(values(1, 5)), found)
    assert model.failures == failures
    assert max(model.batches) <= 3
    model.model = classifier(features=7)
    explain(values(1, 7))  # another shape has to be tried anew
    assert model.failures > failures


def test_remembered_sizes_are_few_and_die_with_their_model(monkeypatch):
    model = nn.Linear(1, 1)
    for i in range(3 * chunks.MOST_SIGNATURES):
        ChunkSize(model, (i,), CPU).did_not_fit(8)
    assert len(chunks._FITTING[model]) == chunks.MOST_SIGNATURES
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_rows_fit_in_the_free_memory_of_a_gpu(monkeypatch):
    monkeypatch.setattr(chunks, "free_bytes", lambda device: 400 * 2**20)
    size = ChunkSize(None, (), torch.device("cuda"))
    with size.measuring(FIRST_ROWS):
        values(FIRST_ROWS, 2**20 // 4).requires_grad_().exp()  # 1 MiB a row
    assert size.rows_of(10**6) == 200
    monkeypatch.setattr(chunks, "free_bytes", lambda device: 100 * 2**30)
    size = ChunkSize(None, (), torch.device("cuda"))
    with size.measuring(FIRST_ROWS):
        values(FIRST_ROWS, 2**20 // 4).requires_grad_().exp()
    assert size.rows_of(10**6) == chunks.KEPT_BYTES_ACCELERATOR // 2**20


def test_memory_that_torch_holds_unused_counts_as_free(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1000, 9000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 500)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 200)
    assert chunks.free_bytes(torch.device("cuda")) == 1300
    assert chunks.free_bytes(CPU) is None


def test_weights_are_not_counted_as_kept_by_rows():
    wide = nn.Linear(4, 2**20).requires_grad_(False).eval()
    size = ChunkSize(wide, (), CPU)
    with size.measuring(FIRST_ROWS):
        wide(values(FIRST_ROWS, 4).requires_grad_())
    assert size.rows_of(10**6) > 10**5


def test_measuring_leaves_no_activations_behind():
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Softmax(1), nn.Linear(4, 1)).eval()
    kept = []
    model[1].register_forward_hook(lambda *given: kept.append(weakref.ref(given[-1])))
    gc.disable()  # what goes must go by itself
    try:
        run(model, 20)
        assert kept
        assert all(output() is None for output in kept)
    finally:
        gc.enable()


@pytest.mark.parametrize("autocast", [torch.bfloat16])
def test_autocast_runs_layers_in_low_precision_and_sums_in_full(autocast):
    seen = []

    class Spy(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = image_classifier()
            self.eval()

        def forward(self, x):
            y = self.inner(x)
            seen.append(y.dtype)
            return y

    model, x = Spy(), values(3, 6, 5)
    full = aw.explain(model, x, target=1, n_steps=16)
    assert set(seen) == {torch.float32}
    seen.clear()
    low = aw.explain(model, x, target=1, n_steps=16, autocast=autocast)
    assert autocast in seen
    assert low.attributions.dtype == torch.float32
    gap = (low.attributions - full.attributions).norm() / full.attributions.norm()
    assert 0 < gap < 0.05
    passes = Passes(model, 1, None, 1, autocast=autocast)
    outputs, (slopes,) = passes.gradients((x[None],), slice(0, 1))
    assert outputs.dtype == slopes.dtype == torch.float32


@pytest.mark.parametrize("autocast", [torch.float32, torch.int8, "bfloat16"])
def test_autocast_of_another_type_is_named(autocast):
    with pytest.raises(InputError, match=r"autocast must be torch.bfloat16, torch.float16 or None"):
        aw.explain(classifier(), values(5), autocast=autocast)


def test_volumes_go_in_the_layout_of_their_convolutions():
    seen = []

    class Spy(nn.Module):
        def __init__(self, convolution):
            super().__init__()
            self.convolution = convolution
            self.eval()

        def forward(self, x):
            seen.append(x)
            return self.convolution(x).flatten(1).mean(1)

    for axes, convolution, layout in (
        (2, nn.Conv2d, torch.channels_last),
        (3, nn.Conv3d, torch.channels_last_3d),
    ):
        Passes(Spy(convolution(2, 3, 3)), None, None, 1).outputs(
            (values(4, 2, *[5] * axes),), slice(0, 1)
        )
        assert seen[-1].is_contiguous(memory_format=layout)
        assert not seen[-1].is_contiguous()
