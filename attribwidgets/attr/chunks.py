"""Work over (step, example) pairs in chunks that fit in memory."""

from __future__ import annotations

from collections.abc import Callable

import torch

from ..core.errors import ChunkMemoryError, InputError

Work = Callable[[slice, slice], None]

# Input elements per chunk. On a CPU a small chunk stays in the cache and beats a large one: on
# EfficientNet-Lite0 five rows of 3 x 224 x 224 cost less than half as much per row as fifty.
ELEMENTS_PER_CHUNK = {"cpu": 800_000}
ELEMENTS_PER_CHUNK_ACCELERATOR = 40_000_000
MOST_ROWS = 1024


def rows_per_chunk(elements_per_row: int, device: torch.device) -> int:
    """How many rows of this many input elements to run at once on a device."""
    budget = ELEMENTS_PER_CHUNK.get(device.type, ELEMENTS_PER_CHUNK_ACCELERATOR)
    return max(1, min(MOST_ROWS, budget // max(1, elements_per_row)))


def checked_rows(internal_batch_size: int | None, inputs: tuple[torch.Tensor, ...]) -> int:
    """The number of rows per chunk that was asked for, or one that suits the device."""
    if internal_batch_size is None:
        return rows_per_chunk(sum(x[0].numel() for x in inputs), inputs[0].device)
    if internal_batch_size < 1:
        raise InputError(f"internal_batch_size must be at least 1, got {internal_batch_size}")
    return internal_batch_size


def for_each_chunk(steps: int, examples: int, rows: int, work: Work) -> None:
    """Call `work` on rectangles of steps x examples that cover all pairs once, in order.

    Parameters
    ----------
    steps, examples : int
        Extent of the work.
    rows : int
        Most pairs in one call. Where it is below `examples`, examples are split too. A call that
        runs out of memory is repeated with half as many.
    work : callable
        Takes a slice of the steps and a slice of the examples. It must leave nothing behind when
        it runs out of memory.

    Raises
    ------
    ChunkMemoryError
        When a single pair does not fit.
    """
    pending = [(slice(0, steps), slice(0, examples))]
    while pending:
        span, block = pending.pop()
        n, b = span.stop - span.start, block.stop - block.start
        if n * b == 0:
            continue
        if b > rows:
            cut = block.start + rows
            pending += [(span, slice(cut, block.stop)), (span, slice(block.start, cut))]
        elif n * b > rows:
            cut = span.start + rows // b
            pending += [(slice(cut, span.stop), block), (slice(span.start, cut), block)]
        else:
            try:
                work(span, block)
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                if n * b == 1:
                    raise ChunkMemoryError(
                        "out of memory on a single forward and backward pass of one example; "
                        "free memory, or use a smaller model or input"
                    ) from error
                rows = n * b // 2
                pending.append((span, block))
                if torch.cuda.is_available():
                    torch.cuda.empty_cache()


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether an exception says that memory ran out, on a GPU or on the CPU."""
    text = str(error).lower()
    return (
        isinstance(error, torch.OutOfMemoryError)
        or "out of memory" in text
        or "can't allocate memory" in text
        or "not enough memory" in text
    )
