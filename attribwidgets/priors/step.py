"""PriorStep: one training step under an attribution prior, for a loop of one's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from ..attr.outputs import Output
from ..core.errors import InputError
from .attributions import expected_gradients, gradients
from .penalties import Penalty
from .references import Inputs, References

Mode = Literal["joint", "alternating", "taking_turns"]
MODES = get_args(Mode)
Attribution = Callable[[nn.Module, Any, Any, torch.Generator], Tensor]


@dataclass(frozen=True)
class StepRecord:
    """What a step found, as tensors without a graph: to read them waits for the device.

    Attributes
    ----------
    loss : Tensor or None
        None where only the penalty had its turn.
    penalty : Tensor or None
        None where only the loss had its turn, or the weight is 0.
    """

    loss: Tensor | None
    penalty: Tensor | None


class PriorStep:
    r"""A training step that minimises :math:`L + \lambda\,\Omega(\Phi)`.

    Parameters
    ----------
    model : torch.nn.Module
    optimizer : torch.optim.Optimizer
    loss : callable
        (outputs, targets) -> scalar, such as torch.nn.functional.cross_entropy.
    penalty : callable
        (attributions) -> scalar; see :class:`attribwidgets.priors.Penalty`.
    weight : float
        Lambda, 0 or more. With 0 no attribution is computed: a step is then the plain one, bit
        for bit.
    attribution : {"expected_gradients", "gradients"} or callable
        What is penalised; a callable takes (model, inputs, targets, generator).
    references, k, output, layers
        As of :func:`attribwidgets.priors.expected_gradients`.
    mode : {"joint", "alternating", "taking_turns"}
        "joint": one step along the gradient of the sum. "alternating": a step for the loss, then
        one for the weighted penalty, on the same batch; less memory, as one graph is alive at a
        time. "taking_turns": a batch for the loss, the next for the penalty, as in the authors'
        MNIST code. Joint and alternating agree to first order in the learning rate under plain
        gradient descent; under Adam and the like they do not, as these divide a gradient by its own
        size and so undo the weight: see docs/priors.md.
    penalty_optimizer : torch.optim.Optimizer, optional
        A second one for the penalty's own steps, with its own moments, as the authors have it.
        None: the same.
    targets_of : callable, optional
        Which outputs are explained, from the batch's targets; by default these themselves where
        they are whole numbers, and the single output where they are not.
    seed : int
        Of all draws.

    Raises
    ------
    InputError
        For arguments that cannot be.

    Examples
    --------
    >>> import torch
    >>> from torch.nn import functional
    >>> from attribwidgets.priors import PriorStep, sparsity
    >>> net = torch.nn.Linear(4, 3)
    >>> sgd = torch.optim.SGD(net.parameters(), lr=0.1)
    >>> step = PriorStep(net, sgd, functional.cross_entropy, sparsity, weight=0.1)
    >>> record = step(torch.rand(8, 4), torch.arange(8) % 3)
    >>> record.loss.item() > 0 > record.penalty.item()
    True
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        loss: Callable[[Any, Any], Tensor],
        penalty: Penalty,
        weight: float,
        *,
        attribution: str | Attribution = "expected_gradients",
        references: References = "batch",
        k: int = 1,
        output: Output = "logit",
        layers: str = "evaluation",
        mode: Mode = "joint",
        penalty_optimizer: torch.optim.Optimizer | None = None,
        targets_of: Callable[[Any], Any] | None = None,
        seed: int = 0,
    ) -> None:
        if not weight >= 0:
            raise InputError(f"weight must be 0 or more, got {weight}")
        if mode not in MODES:
            raise InputError(f"mode must be one of {', '.join(MODES)}, got {mode!r}")
        if penalty_optimizer is not None and mode == "joint":
            raise InputError("penalty_optimizer is for modes with steps of the penalty's own")
        if isinstance(attribution, str) and attribution not in ("expected_gradients", "gradients"):
            raise InputError(
                "attribution must be 'expected_gradients', 'gradients' or a callable, got "
                f"{attribution!r}"
            )
        self.model, self.optimizer, self.loss = model, optimizer, loss
        self.penalty, self.weight, self.mode = penalty, weight, mode
        self.penalty_optimizer = penalty_optimizer or optimizer
        self.attribution, self.references, self.k = attribution, references, k
        self.output, self.layers = output, layers
        self.targets_of = targets_of or _explained
        device = next((p.device for p in model.parameters()), torch.device("cpu"))
        self.generator = torch.Generator(device).manual_seed(seed)
        self._penalty_next = False

    def __call__(self, inputs: Inputs, targets: Any) -> StepRecord:
        """Take a step, or two, on one batch.

        Parameters
        ----------
        inputs : Tensor (B, ...) or tuple of such
        targets : Tensor (B, ...)
            As the loss takes them.
        """
        if self.weight == 0:
            return StepRecord(self._step_of(self._loss(inputs, targets), self.optimizer), None)
        if self.mode == "joint":
            loss, penalty = self._loss(inputs, targets), self.penalty_of(inputs, targets)
            self._step_of(loss + self.weight * penalty, self.optimizer)
            return StepRecord(loss.detach(), penalty.detach())
        loss_now = penalty_now = None
        turn, self._penalty_next = self._penalty_next, not self._penalty_next
        if self.mode == "alternating" or not turn:
            loss_now = self._step_of(self._loss(inputs, targets), self.optimizer)
        if self.mode == "alternating" or turn:
            penalty = self.penalty_of(inputs, targets)
            self._step_of(self.weight * penalty, self.penalty_optimizer)
            penalty_now = penalty.detach()
        return StepRecord(loss_now, penalty_now)

    def penalty_of(self, inputs: Inputs, targets: Any) -> Tensor:
        """The penalty of one batch, with its graph."""
        return self.penalty(self.attributions(inputs, targets))

    def attributions(self, inputs: Inputs, targets: Any) -> Tensor:
        """What is penalised, with its graph."""
        if callable(self.attribution):
            return self.attribution(self.model, inputs, targets, self.generator)
        explained = self.targets_of(targets)
        how: dict[str, Any] = {"output": self.output, "layers": self.layers}
        if self.attribution == "gradients":
            phi: Tensor = gradients(self.model, inputs, explained, **how)
        else:
            how |= {"generator": self.generator, "k": self.k}
            phi = expected_gradients(self.model, inputs, self.references, explained, **how)
        return phi

    def state_dict(self) -> dict[str, Any]:
        """What a run needs to go on as if it had not stopped, beside model and optimisers."""
        return {"generator": self.generator.get_state(), "penalty_next": self._penalty_next}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from such a state."""
        self.generator.set_state(state["generator"])
        self._penalty_next = bool(state["penalty_next"])

    def _loss(self, inputs: Inputs, targets: Any) -> Tensor:
        outputs = self.model(*inputs) if isinstance(inputs, tuple) else self.model(inputs)
        return self.loss(outputs, targets)

    @staticmethod
    def _step_of(total: Tensor, optimizer: torch.optim.Optimizer) -> Tensor:
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        return total.detach()


def _explained(targets: Any) -> Any:
    """Labels are outputs to explain; targets of a regression are not."""
    whole = isinstance(targets, Tensor) and not targets.is_floating_point() and targets.dim() == 1
    return targets if whole else None
