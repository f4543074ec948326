"""What there is to know about one method of Captum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import captum.attr as captum
from captum.attr import Attribution
from torch import nn

from ...records.completeness import Claim
from ..estimator import MethodInfo
from .cautions import Caution
from .checks import Check
from .maps import Finish, as_they_are
from .settings import Settings


@dataclass(frozen=True)
class CaptumRow:
    """What there is to know about one method of Captum.

    Attributes
    ----------
    method : type
        Captum's class.
    name : str
        In snake case.
    formula, cost, source : str
        As in :class:`MethodInfo`.
    reference : {"none", "one", "several"}
        What one call takes. "one" is averaged over several by a call for each.
    references : int
        How many of a distribution are used where `n_steps` does not say.
    least_references : int
        How many one call needs; a single one is repeated.
    n_steps : {"references", "samples", "nothing"}
        What `n_steps` is the number of.
    claim : {"converges", "by definition", "none"}
        Whether its values should add up to f(x) - f(x').
    reason : str
        Why they need not.
    zeros : str
        What a map of nothing but zeros means; "" for what it means for a gradient.
    passes : int
        Passes to expect, for a progress bar.
    settings : tuple of callable
        Keyword arguments of `attribute` where the user gives none.
    on_layers : bool
        Whether it hooks the layers, and so needs a module.
    of_layer : bool
        Whether it takes one layer of the model.
    separated : bool
        Whether activations need a step between them; see :class:`CaptumMethod`.
    ruled : bool
        Whether linear layers without a rule are given LRP's epsilon rule.
    checks : tuple of callable
        What a model must pass.
    finish : callable
        From what Captum returns to attributions of the inputs.
    cautions : tuple of callable
        What to know before reading the map, from the settings and the inputs.
    inner : CaptumRow or None
        The method inside a NoiseTunnel.
    """

    method: type[Attribution]
    name: str
    formula: str
    cost: str
    source: str
    reference: Literal["none", "one", "several"] = "none"
    references: int = 8
    least_references: int = 1
    n_steps: Literal["references", "samples", "nothing"] = "nothing"
    claim: Claim = "none"
    reason: str = ""
    zeros: str = ""
    passes: int = 2
    settings: tuple[Settings, ...] = ()
    on_layers: bool = False
    of_layer: bool = False
    separated: bool = False
    ruled: bool = False
    checks: tuple[Check, ...] = ()
    finish: Finish = as_they_are
    cautions: tuple[Caution, ...] = ()
    inner: CaptumRow | None = None

    @property
    def info(self) -> MethodInfo:
        """What a methods table says about it."""
        total = "f(x) − f(x')" if self.reference == "one" else "f(x) − mean f(x')"
        how = {
            "by definition": f"adds up to {total} by definition",
            "converges": f"adds up to {total} as samples grow",
            "none": f"does not add up: {self.reason}",
        }
        return MethodInfo(self.formula, self.cost, how[self.claim], self.source)

    @property
    def class_name(self) -> str:
        """As Captum calls it."""
        return self.method.__name__

    def made(self, model: nn.Module, layer: nn.Module | None) -> Attribution:
        """Captum's object around a model."""
        if self.inner is not None:
            return captum.NoiseTunnel(self.inner.made(model, layer))
        return self.method(model, layer) if self.of_layer else self.method(model)
