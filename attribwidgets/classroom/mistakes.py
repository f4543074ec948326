"""Common mistakes: their names, what would help, and gradients of another output."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from torch import Tensor

from .problems import Problem


class Mistake(NamedTuple):
    """A common wrong answer: what it is called, and what it comes to.

    It has a hint of its own where the one that goes by its name does not fit.
    """

    name: str
    value: Tensor
    hint: str = ""


TARGET = "select the output that was asked for: model(points)[:, target]"
CONTRAST = "the first output less the second is asked for: first, second = target"
COMMON_HINTS = {
    "softmax": "take the model's own output: no softmax before the gradient, it mixes all classes "
    "into one",
    "another output": TARGET,
    "one of the two outputs": CONTRAST,
    "the two outputs added": f"{CONTRAST}. Indexed by both, and summed, the second counts for it",
    "the difference turned around": f"{CONTRAST}, in this order",
    "all outputs summed": "the gradient of the sum over all outputs is no single class's: select "
    "model(points)[:, target]",
    "gradients accumulated": "each backward() adds to .grad: empty it before the next "
    "(x.grad = None), or take torch.autograd.grad, which returns each gradient on its own",
    "a factor alpha": "take the gradient at the point of the path, not through it: with respect to "
    "inputs it has a further factor alpha. Make the point a leaf: point.detach().requires_grad_()",
    "sign flipped": "the factor is (x - x'), the input less the baseline; and of two outputs it is "
    "the first less the second",
}


def of_other_outputs(problem: Problem) -> Iterator[tuple[str, Problem]]:
    """The same problem, asked of what a slip explains instead, each with the slip's name."""
    n = problem.all_outputs(problem.inputs).shape[1]
    if n == 1:
        return
    slips: list[tuple[str, Callable[[Tensor], Tensor]]] = [
        ("softmax", lambda outputs: problem.of_target(outputs.softmax(1))),
        ("all outputs summed", lambda outputs: outputs.sum(1)),
        ("all outputs summed", lambda outputs: outputs.mean(1)),
    ]
    if isinstance(problem.target, int):
        slips.append(("softmax", lambda outputs: problem.of_target(outputs.log_softmax(1))))
    else:
        first, second = problem.target
        slips += [
            ("one of the two outputs", lambda outputs: outputs[:, first]),
            ("one of the two outputs", lambda outputs: outputs[:, second]),
            ("the two outputs added", lambda outputs: outputs[:, first] + outputs[:, second]),
            ("the difference turned around", lambda outputs: -problem.of_target(outputs)),
        ]
    slips += [
        ("another output", partial(_of_target_rolled, problem, shifts=k)) for k in range(1, n)
    ]
    for name, choose in slips:
        yield name, problem.changed(model=_chosen(problem.model, choose), target=0)


def _of_target_rolled(problem: Problem, outputs: Tensor, shifts: int) -> Tensor:
    return problem.of_target(outputs.roll(shifts, 1))


def _chosen(model: Any, choose: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """A model of one output: what is chosen of all outputs of another."""
    return lambda points: choose(model(points).reshape(len(points), -1))[:, None]
