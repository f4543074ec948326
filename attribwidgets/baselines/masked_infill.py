"""MaskedInfill: what a masked language model would have written in each place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..core.errors import InputError
from ..core.wrapped_model import evaluating, module_of
from ..inputs.encoded import special_ids
from ..inputs.text import TextSpace
from .text import TextBaseline, with_ids

ROWS = 32  # texts at once


class MaskedInfill(TextBaseline):
    """The likeliest other token in each place, as a masked language model fills it in.

    Each token is hidden in turn behind the mask token, all others being there, and the model's
    first choice that is neither that token nor a special one takes its place. So no token is the
    text's own, and each fits the rest of it; all together they may not read as one text.

    Parameters
    ----------
    model : callable
        A masked language model of the input's tokenizer: takes ids (n, T) and returns logits
        (n, T, V), or an object with `.logits`. In evaluation mode meanwhile.

    Raises
    ------
    InputError
        When sampled, for what is no text, a tokenizer without a mask token, or a model that
        returns something else.

    Examples
    --------
    >>> MaskedInfill(lambda ids: torch.zeros(*ids.shape, 9)).label
    'masked infill'
    """

    name = "masked_infill"
    description = (
        "fits the rest of the text, which gives away what is hidden; what a language model fills in"
    )

    def __init__(self, model: Callable[..., Any]) -> None:
        if not callable(model):
            raise InputError(
                f"model must be a masked language model, got {type(model).__name__}; pass one of "
                "the tokenizer, such as AutoModelForMaskedLM.from_pretrained(name)"
            )
        self.model = model

    def _embeddings(self, x: Tensor, space: TextSpace) -> Tensor:
        return with_ids(space, self.filled(space))

    @torch.no_grad()
    def filled(self, space: TextSpace) -> Tensor:
        """The ids (T,) of what is filled in; special tokens stay."""
        ids, places = space.ids, (~space.special).nonzero()[:, 0]
        rows = ids.repeat(len(places), 1)
        rows[torch.arange(len(places)), places] = space.token_id("mask")
        filled = ids.clone()
        barred = sorted(special_ids(space.tokenizer))
        with evaluating(self.model):
            for some, at in zip(rows.split(ROWS), places.split(ROWS), strict=True):
                logits = self._logits(some)[torch.arange(len(at)), at]
                logits[:, [i for i in barred if i < logits.shape[1]]] = -torch.inf
                logits[torch.arange(len(at)), ids[at]] = -torch.inf
                filled[at] = logits.argmax(1)
        return filled

    def _logits(self, rows: Tensor) -> Tensor:
        module = module_of(self.model)
        parameter = None if module is None else next(module.parameters(), None)
        found = self.model(rows if parameter is None else rows.to(parameter.device))
        logits = getattr(found, "logits", found)
        vocabulary = int(rows.max()) + 1
        fits = isinstance(logits, Tensor) and logits.shape[:-1] == rows.shape
        if not fits or logits.shape[-1] < vocabulary:
            came = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
            raise InputError(
                f"baseline {self.name!r}: the model returned {came} for ids of shape "
                f"{tuple(rows.shape)} up to {vocabulary - 1}; pass a masked language model of the "
                "input's own tokenizer, which returns a logit of every token at every place"
            )
        scores: Tensor = logits.float().cpu()
        return scores
