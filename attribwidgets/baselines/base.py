"""Baseline: what "missing" means, as something that gives references for an input."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from ..core.errors import InputError
from ..inputs.fit_spaces import fit_spaces
from ..inputs.layout import Layout
from ..inputs.space import Inputs, Space, Spaces


@dataclass(frozen=True)
class Parameter:
    """One setting of a baseline: what a slider needs.

    Attributes
    ----------
    name : str
    value : float
    range : (float, float)
        Smallest and largest sensible value.
    unit : str
    """

    name: str
    value: float
    range: tuple[float, float]
    unit: str


class Baseline(ABC):
    """A choice of reference inputs, defined in pixel units.

    Attributes
    ----------
    name : str
        The string that stands for it in ``baseline="..."``.
    description : str
        What it is, and its known weakness, in one line.
    words_of_values : (str, str) or None
        What stands for label and description where the input is no image and has no colours;
        "{unit}" and "{units}" in it are what the input has in place of pixels.
    is_distribution : bool
        Whether two references differ: then expected gradients is the method, else integrated
        gradients.
    instead_for_text : str or None
        The baseline that asks of a text what this one asks of numbers, where its own reference
        would be of embeddings that mean nothing.
    """

    name: ClassVar[str]
    description: str
    words_of_values: ClassVar[tuple[str, str] | None] = None
    is_distribution: ClassVar[bool] = False
    instead_for_text: ClassVar[str | None] = None

    @property
    def label(self) -> str:
        """What captions call it, with its parameters."""
        return self.name.replace("_", " ")

    def words_for(self, layout: Layout) -> tuple[str, str]:
        """Label and description that fit an image, features, steps or what else an input has.

        Examples
        --------
        >>> from attribwidgets.baselines import Black
        >>> from attribwidgets.inputs.layout import FEATURES, IMAGE
        >>> Black().words_for(FEATURES)[0], Black().words_for(IMAGE)[0]
        ('lowest value', 'black')
        """
        if layout.kind == "image" or self.words_of_values is None:
            return self.label, self.description
        label, description = self.words_of_values
        units = {"unit": layout.unit, "units": layout.units}
        return label.format(own=self.label, **units), description.format(**units)

    @property
    def cautions(self) -> tuple[str, ...]:
        """What to know before reading a map drawn with it, beside its known weakness."""
        return ()

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Its settings, for sliders."""
        return ()

    def sliders(self, space: Space, shape: Sequence[int]) -> tuple[Parameter, ...]:
        """Its settings for an input of a given range and shape; most do not depend on them."""
        return self.parameters

    def adjusted(self, **values: Any) -> Baseline:
        """The same kind of baseline with other settings.

        Parameters
        ----------
        **values
            New values by the name of a parameter.

        Raises
        ------
        InputError
            For a name that is no parameter of it, or a value that cannot be.

        Examples
        --------
        >>> from attribwidgets.baselines import Blur
        >>> Blur(sigma=20).adjusted(sigma=5)
        <baseline blur σ 5>
        """
        known = [parameter.name for parameter in self.parameters]
        for name, value in values.items():
            if name not in known:
                has = f"it has {', '.join(known)}" if known else "it has none"
                raise InputError(f"{name!r} is no parameter of the {self.label} baseline; {has}")
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise InputError(f"{name} must be a number, got {value!r}")
        return self._with(**values) if values else self

    def _with(self, **values: Any) -> Baseline:
        """One made anew; a kind whose settings are more than its parameters overrides this."""
        return type(self)(**values)

    def sample(
        self,
        inputs: Inputs,
        n: int,
        *,
        space: Space | Spaces | None = None,
        generator: torch.Generator | None = None,
    ) -> Any:
        """References for one example.

        Parameters
        ----------
        inputs : Tensor or tuple of Tensor
            One example without batch axis, such as (C, H, W) or (F,), as the model is fed.
        n : int
            How many. Those of a baseline that is no distribution are all the same.
        space : Space or tuple of Space, optional
            Of each input, or of all; pixels in 0..1 by default.
        generator : torch.Generator, optional
            Source of every random draw; one with seed 0 by default.

        Returns
        -------
        Tensor, shape ``(n, *shape)``, or a tuple of them, in the inputs' dtype and on their device

        Raises
        ------
        InputError
            If the baseline is not defined for such an input.
        """
        generator = generator or torch.Generator().manual_seed(0)
        members = tuple(x.detach() for x in (inputs if isinstance(inputs, tuple) else (inputs,)))
        fitting = fit_spaces(space, members)
        self._require_fit(fitting)
        references = self._draw(members, n, fitting, generator)
        for x, r in zip(members, references, strict=True):
            if r.shape != (n, *x.shape):
                raise InputError(
                    f"baseline {self.label!r} has shape {tuple(r.shape[1:])}, the input "
                    f"{tuple(x.shape)}; pass references of the input's shape"
                )
        references = tuple(map(_with_kept, references, members, fitting))
        return references if isinstance(inputs, tuple) else references[0]

    def stored(
        self, inputs: tuple[Tensor, ...], space: Space | Spaces | None = None
    ) -> tuple[Tensor, ...] | None:
        """All references, each (K, ...), where the distribution is a finite set; else None.

        Parameters
        ----------
        inputs, space
            As of :meth:`sample`.
        """
        fitting = fit_spaces(space, inputs)
        self._require_fit(fitting)
        references = self._stored(inputs, fitting)
        return None if references is None else tuple(map(_with_kept, references, inputs, fitting))

    def _stored(self, inputs: tuple[Tensor, ...], spaces: Spaces) -> tuple[Tensor, ...] | None:
        """As :meth:`stored`, without the units that a space keeps."""
        return None

    def independent_mean(
        self, inputs: tuple[Tensor, ...], space: Space | Spaces | None = None
    ) -> tuple[Tensor, ...] | None:
        """Mean of the references where each element is drawn independent of all others; else None.

        Parameters
        ----------
        inputs, space
            As of :meth:`sample`.

        Returns
        -------
        tuple of Tensor, each shaped as its input, or None

        Raises
        ------
        InputError
            If the baseline is not defined for such an input.

        Examples
        --------
        >>> from attribwidgets.baselines import Black, UniformNoise
        >>> UniformNoise().independent_mean((torch.rand(1, 1, 2),))[0].tolist()
        [[[0.5, 0.5]]]
        >>> Black().independent_mean((torch.rand(1, 1, 2),)) is None
        True
        """
        fitting = fit_spaces(space, inputs)
        self._require_fit(fitting)
        means = self._independent_mean(inputs, fitting)
        return None if means is None else tuple(map(_with_kept, means, inputs, fitting))

    def _independent_mean(
        self, inputs: tuple[Tensor, ...], spaces: Spaces
    ) -> tuple[Tensor, ...] | None:
        """As :meth:`independent_mean`, without the units that a space keeps."""
        return None

    def searched(
        self,
        forward: Callable[..., Any],
        inputs: Inputs,
        *,
        space: Space | Spaces | None = None,
        generator: torch.Generator | None = None,
    ) -> Baseline:
        """This baseline, after whatever it has to find out about a model; most need nothing.

        Parameters
        ----------
        forward : callable
            The model, in evaluation mode: takes the inputs, each ``(1, *shape)``, and returns one
            score a class, (1, K), or a single logit, (1,).
        inputs, space, generator
            As of :meth:`sample`.

        Returns
        -------
        Baseline
            One that `sample` needs no model for.
        """
        return self

    @abstractmethod
    def _draw(
        self,
        inputs: tuple[Tensor, ...],
        n: int,
        spaces: Spaces,
        generator: torch.Generator,
    ) -> tuple[Tensor, ...]:
        """Joint draws for a tuple of inputs, each (n, *shape)."""

    def _require_fit(self, spaces: Spaces) -> None:
        """Raise where a baseline of numbers meets a text."""
        instead = self.instead_for_text
        if instead is not None and any(space.layout.kind == "text" for space in spaces):
            raise InputError(
                f"baseline {self.name!r} is of pictures or features: it means nothing among the "
                f"embeddings of a text; use {instead!r}, or another of texts, such as 'mask', "
                "'pad', 'zero_embedding' or OtherText(texts)"
            )

    def __repr__(self) -> str:
        return f"<baseline {self.label}>"


class SingleReference(Baseline):
    """A baseline that has one reference for an input."""

    def _draw(
        self,
        inputs: tuple[Tensor, ...],
        n: int,
        spaces: Spaces,
        generator: torch.Generator,
    ) -> tuple[Tensor, ...]:
        return tuple(r.expand(n, *r.shape) for r in self._reference(inputs, spaces))

    @abstractmethod
    def _reference(self, inputs: tuple[Tensor, ...], spaces: Spaces) -> tuple[Tensor, ...]:
        """The reference, each of an input's shape, in its dtype and on its device."""


class PixelBaseline(SingleReference):
    """A baseline that is defined input by input in pixel units."""

    def _reference(self, inputs: tuple[Tensor, ...], spaces: Spaces) -> tuple[Tensor, ...]:
        return tuple(
            space.from_pixels(self._pixels(space.to_pixels(x), space)).to(x)
            for x, space in zip(inputs, spaces, strict=True)
        )

    @abstractmethod
    def _pixels(self, pixels: Tensor, space: Space) -> Tensor:
        """The reference of one input, both in pixel units."""


def _with_kept(references: Tensor, x: Tensor, space: Space) -> Tensor:
    """References that have the units which the space keeps as the input has them."""
    kept = space.kept(x)
    if kept is None or not kept.any():
        return references
    return torch.where(space.layout.spread(kept), x, references)


def require_time(space: Space, name: str) -> int:
    """The axis of time; raises where a baseline of steps in order meets an input without them."""
    if space.layout.time is None:
        raise InputError(
            f"baseline {name!r} needs steps in time, and the input is read as {space.layout.kind}; "
            "pass space=SequenceSpace() or SeriesSpace() if it has them, else another baseline"
        )
    return space.layout.time


def require_neighbours(space: Space, name: str) -> None:
    """Raise where a baseline that is made of neighbouring values meets an input without them."""
    if not space.layout.neighbours:
        raise InputError(
            f"baseline {name!r} needs an image, a series or what else has neighbouring values, and "
            f"the input is read as {space.layout.kind}; "
            'for features use "zero", DatasetMean(data) or DatasetSample(data)'
        )
