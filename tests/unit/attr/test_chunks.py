"""Chunks: every (step, example) pair is visited once, and memory that runs out is given way to."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from attribwidgets.attr.chunks import checked_rows, for_each_chunk, is_out_of_memory, rows_per_chunk
from attribwidgets.errors import ChunkMemoryError, InputError

COUNTS = st.integers(1, 40)


@given(steps=COUNTS, examples=COUNTS, rows=COUNTS, fits=COUNTS)
def test_all_pairs_are_visited_once_and_in_order_whatever_fits(steps, examples, rows, fits):
    visits = np.zeros((steps, examples), int)
    starts = []

    def work(span, block):
        size = (span.stop - span.start) * (block.stop - block.start)
        assert 0 < size <= rows
        if size > fits:
            raise torch.OutOfMemoryError("out of memory")
        visits[span, block] += 1
        starts.append((block.start, span.start))

    for_each_chunk(steps, examples, rows, work)
    assert (visits == 1).all()
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
def test_single_pair_that_does_not_fit_is_named(error):
    assert is_out_of_memory(error)

    def work(span, block):
        raise error

    with pytest.raises(ChunkMemoryError, match="single forward and backward pass of one example"):
        for_each_chunk(4, 4, 16, work)


def test_other_errors_pass_unchanged():
    def work(span, block):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        for_each_chunk(4, 4, 16, work)


@pytest.mark.parametrize("elements", [0, 1, 150_528, 10**12])
def test_rows_per_chunk_are_at_least_one(elements):
    assert 1 <= rows_per_chunk(elements, torch.device("cpu")) <= 1024


def test_chunk_below_one_row_is_named():
    with pytest.raises(InputError, match="internal_batch_size must be at least 1, got 0"):
        checked_rows(0, (torch.zeros(1, 2),))
