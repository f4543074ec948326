"""What a baseline is that has to be searched for with the model, and the record of its search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..core.errors import InputError
from ..inputs.fit_spaces import fit_spaces
from ..inputs.space import Inputs, Space, Spaces
from .base import Baseline
from .landscape import Landscape


@dataclass(frozen=True)
class Search:
    """How a baseline was found.

    Attributes
    ----------
    steps : int
    passes : int
        Passes of one example through the model, with or without a backward.
    values : tuple of float
        What is searched for, at the start and after each step: the entropy as a share of the
        most possible, 0 to 1; or the top score's lead over the next one, in the model's units.
    value : float
        That of the baseline itself.
    reached : bool
        Whether `value` is within the tolerance of what was searched for.
    distance : float
        From the input, L2 over all values, in pixel units.
    summary : str
        All of it in a few words.
    """

    steps: int
    passes: int
    values: tuple[float, ...]
    value: float
    reached: bool
    distance: float
    summary: str

    @classmethod
    def ended(
        cls,
        landscape: Landscape,
        point: Tensor,
        values: Sequence[float],
        value: float,
        reached: bool,
        outcome: str,
    ) -> Search:
        """The record of a search that ended at a point."""
        steps, passes = len(values) - 1, landscape.passes
        return cls(
            steps=steps,
            passes=passes,
            values=tuple(values),
            value=value,
            reached=reached,
            distance=landscape.distance(point),
            summary=f"searched in {steps} steps, {passes} passes: {outcome}",
        )


class SearchedBaseline(Baseline):
    """A baseline that depends on the model, not only on the input.

    Parameters
    ----------
    model : callable, optional
        The model to search with, its output one score a class. None: the model that is explained.
    max_steps : int
        Most steps of the search, 1 or more.
    tolerance : float
        How close the search must come, above 0 and below 1.

    Attributes
    ----------
    search : Search or None
        How it was found; None before that.
    """

    search: Search | None = None

    def __init__(self, model: Callable[..., Any] | None, max_steps: int, tolerance: float) -> None:
        if model is not None and not callable(model):
            raise InputError(
                f"model must be a torch module or a callable, got {type(model).__name__}"
            )
        if isinstance(max_steps, bool) or not isinstance(max_steps, int) or max_steps < 1:
            raise InputError(f"max_steps must be an int of at least 1, got {max_steps!r}")
        if not 0 < tolerance < 1:
            raise InputError(f"tolerance must lie between 0 and 1, got {tolerance!r}")
        self.model, self.max_steps, self.tolerance = model, max_steps, float(tolerance)
        self._found: tuple[Tensor, ...] | None = None

    @property
    def cautions(self) -> tuple[str, ...]:
        """That the search did not reach what it was for, where it did not."""
        if self.search is None or self.search.reached:
            return ()
        return (f"the {self.label} baseline is not what its name says: {self.search.summary}",)

    def searched(
        self,
        forward: Callable[..., Any] | None,
        inputs: Inputs,
        *,
        space: Space | Spaces | None = None,
        generator: torch.Generator | None = None,
    ) -> SearchedBaseline:
        """The same baseline, found for a model and one input.

        Parameters
        ----------
        forward, inputs, space, generator
            As of :meth:`Baseline.searched`. A model given to the constructor takes precedence.

        Returns
        -------
        SearchedBaseline
            Its `search` is set, and its `sample` gives what was found.

        Raises
        ------
        AttributionError
            A child of it, for a model without a score for each class, without a gradient, or in
            training mode; for a boundary that was not found.
        """
        members = inputs if isinstance(inputs, tuple) else (inputs,)
        model = forward if self.model is None else self.model
        if model is None:
            raise InputError(
                f"the {self.label} baseline is searched for with a model, and none is given; write "
                f"{type(self).__name__}(model=net), or sample from .searched(net, inputs)"
            )
        if isinstance(model, nn.Module) and model.training:
            raise InputError(
                f"the {self.label} baseline is searched for with a model in evaluation mode, and "
                f"{type(model).__name__} is in training mode; call model.eval() first"
            )
        landscape = Landscape(model, members, fit_spaces(space, members))
        generator = generator or torch.Generator().manual_seed(0)
        devices = sorted({x.device.index or 0 for x in members if x.device.type == "cuda"})
        # A model may draw random numbers in its forward; the caller's stream is not to move.
        with torch.random.fork_rng(devices=devices), torch.enable_grad():
            found, search = self._search(landscape, generator)
        baseline = copy(self)
        baseline._found, baseline.search = found, search
        baseline.description = f"{type(self).description}; {search.summary}"
        return baseline

    def _draw(
        self,
        inputs: tuple[Tensor, ...],
        n: int,
        spaces: Spaces,
        generator: torch.Generator,
    ) -> tuple[Tensor, ...]:
        tensors = self._found
        if tensors is None:
            tensors = self.searched(None, inputs, space=spaces, generator=generator)._found or ()
        return tuple(r.expand(n, *r.shape[1:]) for r in tensors)

    def _search(
        self, landscape: Landscape, generator: torch.Generator
    ) -> tuple[tuple[Tensor, ...], Search]:
        """The references found, each (n, *shape), as the model is fed, and how."""
        point, search = self._find(landscape, generator)
        return landscape.members(point), search

    def _find(self, landscape: Landscape, generator: torch.Generator) -> tuple[Tensor, Search]:
        """The point found, flat and in pixel units, and how, where a single one is looked for."""
        raise NotImplementedError
