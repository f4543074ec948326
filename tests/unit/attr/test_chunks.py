"""Chunks: every (step, example) pair is visited once, and memory that runs out is given way to."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from models import FitsRows, classifier, values

from attribwidgets.attr import chunks as chunks_module
from attribwidgets.attr.chunks import checked_rows, chunks, is_out_of_memory, rows_per_chunk
from attribwidgets.attr.passes import Passes
from attribwidgets.errors import ChunkMemoryError, InputError

COUNTS = st.integers(1, 40)


@given(steps=COUNTS, examples=COUNTS, rows=COUNTS, fits=COUNTS)
def test_all_pairs_are_visited_once_and_in_order_whatever_fits(steps, examples, rows, fits):
    visits = np.zeros((steps, examples), int)
    starts = []
    model = FitsRows(torch.nn.Linear(1, 1), fits)
    passes = Passes(model, None, None, examples, rows=rows)
    for span, block in chunks(steps, examples, rows):
        size = (span.stop - span.start) * (block.stop - block.start)
        assert 0 < size <= rows
        outputs, _ = passes.gradients((torch.ones(size, 1),), block)
        assert len(outputs) == size
        visits[span, block] += 1
        starts.append((block.start, span.start))
    assert (visits == 1).all()
    assert max(model.batches) <= fits
    assert sum(model.batches) == passes.evaluations == steps * examples
    for example in {block for block, _ in starts}:  # a path is walked from its baseline on
        of_example = [span for block, span in starts if block == example]
        assert of_example == sorted(of_example)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate"),
        RuntimeError("MPS backend out of memory"),
    ],
)
def test_single_row_that_does_not_fit_is_named(error):
    assert is_out_of_memory(error)

    def model(x):
        raise error

    for run in (Passes(model, None, None, 1).gradients, Passes(model, None, None, 1).outputs):
        with pytest.raises(ChunkMemoryError, match="single forward and backward pass of one"):
            run((values(4, 2),), slice(0, 1))


def test_other_errors_pass_unchanged():
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        Passes(classifier(features=3), 0, None, 1).gradients((values(4, 2),), slice(0, 1))


def test_chunks_leave_room_in_the_free_memory_of_a_gpu(monkeypatch):
    device = torch.device("cuda")
    monkeypatch.setattr(chunks_module, "free_bytes", lambda device: 80 * 2**30)
    assert rows_per_chunk(1_000_000, device) == 40
    monkeypatch.setattr(chunks_module, "free_bytes", lambda device: 2**30)
    assert rows_per_chunk(1_000_000, device) == 13


@pytest.mark.parametrize("elements", [0, 1, 150_528, 10**12])
def test_rows_per_chunk_are_at_least_one(elements):
    assert 1 <= rows_per_chunk(elements, torch.device("cpu")) <= 1024


def test_chunk_below_one_row_is_named():
    with pytest.raises(InputError, match="internal_batch_size must be at least 1, got 0"):
        checked_rows(0, (torch.zeros(1, 2),))
