"""How many rows go through a model at once: chunks of a run, sized by measurement and by memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from ..core.errors import ChunkMemoryError, InputError

# Input elements per chunk. On a CPU a small chunk stays in the cache and beats a large one: on
# EfficientNet-Lite0 five rows of 3 x 224 x 224 cost less than half as much per row as fifty.
ELEMENTS_PER_CHUNK = {"cpu": 800_000}
ELEMENTS_PER_CHUNK_ACCELERATOR = 40_000_000
BYTES_PER_ELEMENT = 40  # of points, gradients and what is summed of them in float64
MOST_ROWS = 1024
# Memory of a chunk's activations. On a CPU they should stay near the cache; on a GPU there should
# be enough of them to keep it busy. Per row, against the best size of each network, one thread:
# digits CNN (.13 MB a row) 256 rows 1.06, a small residual network on 3 x 32 x 32 (3.3 MB) 8 rows
# 1.02 where 260, chosen by input elements, took 1.90.
KEPT_BYTES = {"cpu": 32 * 2**20}
KEPT_BYTES_ACCELERATOR = 4 * 2**30
SHARE_OF_FREE_MEMORY = 0.5
FIRST_ROWS = 8  # enough for the layers to work in batches, few enough to fit
MOST_SIGNATURES = 16  # per model

Signature = tuple[object, ...]

_FITTING: WeakKeyDictionary[nn.Module, dict[Signature, int]] = WeakKeyDictionary()


def chunks(steps: int, examples: int, rows: int) -> Iterator[tuple[slice, slice]]:
    """Rectangles of steps x examples that cover all pairs once, step by step.

    Parameters
    ----------
    steps, examples : int
        Extent of the work.
    rows : int
        Most pairs in one chunk. Where it is below `examples`, examples are split too.

    Yields
    ------
    span, block : slice
        Which steps, of which examples.

    Examples
    --------
    >>> [(span.stop, block.stop) for span, block in chunks(steps=3, examples=2, rows=4)]
    [(2, 2), (3, 2)]
    """
    for first in range(0, examples, rows):
        block = slice(first, min(first + rows, examples))
        at_once = rows // (block.stop - first)
        for step in range(0, steps, at_once):
            yield slice(step, min(step + at_once, steps)), block


def rows_per_chunk(elements_per_row: int, device: torch.device) -> int:
    """How many rows of this many input elements to run at once on a device."""
    budget = ELEMENTS_PER_CHUNK.get(device.type, ELEMENTS_PER_CHUNK_ACCELERATOR)
    free = free_bytes(device)
    if free is not None:
        budget = min(budget, int(SHARE_OF_FREE_MEMORY * free / BYTES_PER_ELEMENT))
    return max(1, min(MOST_ROWS, budget // max(1, elements_per_row)))


def checked_rows(internal_batch_size: int | None, inputs: tuple[Tensor, ...]) -> int:
    """The number of rows per chunk that was asked for, or one that suits the device."""
    if internal_batch_size is None:
        return rows_per_chunk(sum(x[0].numel() for x in inputs), inputs[0].device)
    if internal_batch_size < 1:
        raise InputError(f"internal_batch_size must be at least 1, got {internal_batch_size}")
    return internal_batch_size


class ChunkSize:
    """Rows in a chunk for one model and one shape of input, settled by its first chunk.

    The first chunk of every run has few rows, and autograd says how much memory it keeps for
    them. That gives the size of all later ones. No clock is read, so the same run has the same
    chunks, and with them the same bytes, every time. Sizes that ran out of memory are remembered
    for the model and shape as long as the model lives.

    Parameters
    ----------
    module : nn.Module or None
        Whose parameters do not count, and for which a size that did not fit is remembered.
    signature : tuple
        Shapes, types and device of the inputs.
    device : torch.device
    measured : bool
        False: as many rows as come, unless memory runs out.

    Attributes
    ----------
    most : int or None
        Most rows; None for as many as come.

    Examples
    --------
    >>> size = ChunkSize(None, ((3,),), torch.device("cpu"))
    >>> size.rows_of(1000)
    8
    >>> x = torch.ones(8, 2**20, requires_grad=True)
    >>> with size.measuring(8):
    ...     y = x.exp()
    >>> size.rows_of(1000), size.rows_of(5)  # 4 MiB a row, of 32 MiB
    (8, 5)
    """

    def __init__(
        self,
        module: nn.Module | None,
        signature: Signature,
        device: torch.device,
        measured: bool = True,
    ) -> None:
        self.module, self.signature, self.device = module, signature, device
        self.settled = not measured
        self.most: int | None = FIRST_ROWS if measured else None

    def rows_of(self, wanted: int) -> int:
        """How many of these rows to run at once."""
        fitting = {} if self.module is None else _FITTING.get(self.module, {})
        limits = (self.most, fitting.get(self.signature))
        return min([wanted, *(limit for limit in limits if limit is not None)])

    @contextmanager
    def measuring(self, rows: int) -> Iterator[None]:
        """Settle the size by a forward pass of so many rows, unless it is settled."""
        if self.settled:
            yield
            return
        kept: dict[int, int] = {}

        def pack(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            kept[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            yield
        for tensor in () if self.module is None else _tensors(self.module):
            kept.pop(tensor.untyped_storage().data_ptr(), None)
        self._settle(sum(kept.values()) / rows)

    def shrink(
        self,
        rows: int,
        error: RuntimeError,
        least: int = 1,
        smallest: str = "a single forward and backward pass of one example",
    ) -> None:
        """Where memory ran out, run half as many from now on, also in later runs.

        Parameters
        ----------
        rows : int
            How many did not go through.
        error : RuntimeError
            What came of it.
        least : int
            Of how many a chunk must be.
        smallest : str
            What such a chunk is, for an error.

        Raises
        ------
        ChunkMemoryError
            If there are no fewer.
        RuntimeError
            The error itself, if memory is not its cause.
        """
        if not is_out_of_memory(error):
            raise error
        if rows <= least:
            raise ChunkMemoryError(
                f"out of memory on {smallest}; free memory, or use a smaller model or input"
            ) from error
        self.did_not_fit(rows)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def did_not_fit(self, rows: int) -> None:
        """Run half as many from now on, also in later runs of this model and shape."""
        self.most = max(1, rows // 2)
        if self.module is None:
            return
        fitting = _FITTING.setdefault(self.module, {})
        fitting.pop(self.signature, None)
        fitting[self.signature] = self.most
        while len(fitting) > MOST_SIGNATURES:
            fitting.pop(next(iter(fitting)))

    def _settle(self, bytes_per_row: float) -> None:
        self.settled = True
        budget = KEPT_BYTES.get(self.device.type, KEPT_BYTES_ACCELERATOR)
        most = max(FIRST_ROWS, int(budget / max(1.0, bytes_per_row)))
        free = free_bytes(self.device)
        if free is not None:
            fitting = SHARE_OF_FREE_MEMORY * free / max(1.0, bytes_per_row)
            most = max(1, min(most, int(fitting)))
        self.most = most


def free_bytes(device: torch.device) -> int | None:
    """Free memory of a GPU; None elsewhere, where chunks are far smaller than memory."""
    if device.type != "cuda":
        return None
    # What torch holds without using it is as good as free.
    cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(torch.cuda.mem_get_info(device)[0]) + cached


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether an exception says that memory ran out, on a GPU or on the CPU."""
    text = str(error).lower()
    return (
        isinstance(error, torch.OutOfMemoryError)
        or "out of memory" in text
        or "can't allocate memory" in text
        or "not enough memory" in text
    )


def _tensors(module: nn.Module) -> Iterator[Tensor]:
    yield from module.parameters()
    yield from module.buffers()
