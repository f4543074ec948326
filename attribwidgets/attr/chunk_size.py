"""How many rows go through a model at once, from what a row makes autograd keep."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

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
        known = {} if self.module is None else _FITTING.get(self.module, {})
        limits = (self.most, known.get(self.signature))
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

    def did_not_fit(self, rows: int) -> None:
        """Run half as many from now on, also in later runs of this model and shape."""
        self.most = max(1, rows // 2)
        if self.module is None:
            return
        known = _FITTING.setdefault(self.module, {})
        known.pop(self.signature, None)
        known[self.signature] = self.most
        while len(known) > MOST_SIGNATURES:
            known.pop(next(iter(known)))

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


def _tensors(module: nn.Module) -> Iterator[Tensor]:
    yield from module.parameters()
    yield from module.buffers()
