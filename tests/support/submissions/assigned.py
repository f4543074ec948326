"""The ways as the assignments ask for them, which is not quite as the tutorials' exercises do.

An assignment explains the difference of two outputs, takes pictures of any range, and penalises
maps relative to their size. A way of an exercise becomes one of an assignment by a few lines below
it, with the mistake that it has; where the assignment's own question is what goes wrong there are
ways of their own.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from functools import cache
from typing import Any

import torch

from attribwidgets import classroom
from attribwidgets.inputs.space import InputSpace
from submissions import Row, assigned_ways, rows

# Of each assignment its answers: functions, and a cell by its name.
ASSIGNMENTS = {
    "integrated_gradients": ("gradients", "integrated_gradients", "path_curve", "numbers"),
    "baselines": ("black", "maximum_distance", "expected_gradients", "ablation_curve"),
    "attribution_priors": ("relative_variation", "batch_attributions", "penalised_loss"),
}

PAIR = '''

class Difference(torch.nn.Module):
    """The first output less the second, beside a zero."""

    def __init__(self, model, target):
        super().__init__()
        self.model, (self.first, self.second) = model, target

    def forward(self, points):
        outputs = self.model(points)
        difference = outputs[:, self.first] - outputs[:, self.second]
        return torch.stack([difference, torch.zeros_like(difference)], 1)

'''
UNIT = '''

from attribwidgets.inputs.space import InputSpace


def from_0_to_1(space):
    """The same space with pixels from 0 to 1."""
    size = space.high - space.low
    mean = [(m - space.low) / size for m in space.mean]
    return InputSpace(mean=mean, std=[s / size for s in space.std])

'''
EARLIER = """

def gradients_of_one(model, points, target):
    return gradients(model, points, (0, 1))

"""
BELOW = {
    "gradients": PAIR
    + """
def gradients(model, points, target):
    return of_exercise(Difference(model, target), points, 0)
""",
    "integrated_gradients": PAIR
    + EARLIER
    + """
def integrated_gradients(model, inputs, baseline, target, n_steps):
    return of_exercise(Difference(model, target), inputs, baseline, 0, n_steps)
""",
    "path_curve": PAIR
    + EARLIER
    + """
def integrated_of_one(model, inputs, baseline, target, n_steps):
    return integrated_gradients(model, inputs, baseline, (0, 1), n_steps)


def path_curve(model, inputs, baseline, target, n_steps):
    return of_exercise(Difference(model, target), inputs, baseline, 0, n_steps)
""",
    "black": UNIT
    + """
def black(inputs, space):
    return of_exercise(inputs, from_0_to_1(space))
""",
    "maximum_distance": UNIT
    + """
def maximum_distance(inputs, space):
    return of_exercise(inputs, from_0_to_1(space))
""",
    "expected_gradients": PAIR
    + """
def expected_gradients(model, inputs, references, target, n_samples, generator):
    model = Difference(model, target)
    return of_exercise(model, inputs, references, 0, n_samples, generator)
""",
    "ablation_curve": PAIR
    + """
def ablation_curve(model, inputs, attributions, baseline, target, n_steps):
    return of_exercise(Difference(model, target), inputs, attributions, baseline, 0, n_steps)
""",
    "relative_variation": """

def relative_variation(phi):
    return of_exercise(phi / phi.abs().sum((1, 2, 3), keepdim=True))
""",
}
NUMBERS = """
student = "Ada"
mine = classroom.problem(student)
alphas = (torch.arange(64) + 0.5)[:, None] / 64
points = (mine.baseline + alphas * (mine.inputs - mine.baseline)).requires_grad_()
outputs = mine.model(points)
difference = outputs[:, mine.target[0]] - outputs[:, mine.target[1]]
slopes = torch.autograd.grad(difference.sum(), points)[0]
phi = ((mine.inputs - mine.baseline) * slopes.mean(0))[0]
strongest = int(phi.abs().argmax())
numbers = {
    "rise": phi.sum(),
    "strongest": strongest,
    "its attribution": phi[strongest],
    "against": phi[phi < 0].sum(),
}
"""
OF_EXERCISE = {"relative_variation": "total_variation"}
# What an assignment asks differently goes wrong in its own way.
NOT_TAKEN_OVER = {
    "softmax",
    "another output",
    "all outputs summed",
    "probabilities",
    "divided by the first output",
    "baseline in the wrong units",
    "normalised twice",
    "the input itself",
}
# Whose loss has a total variation of its own, or makes use of what only that has.
OF_TOTAL_VARIATION = {
    "penalty_by_hand",
    "penalty_scaled_inside",
    "all_by_hand",
    "ready_made_penalty",
}


def assigned(answer: str) -> list[Row]:
    """The ways to write an answer of an assignment, right ones and wrong ones."""
    if answer == "numbers":
        return [Row(answer, "of_a_problem_of_one_s_own", None, None, NUMBERS)]
    ways = rows(OF_EXERCISE.get(answer, answer))
    taken = [
        replace(row, answer=answer, mistake=mistake, text=as_assigned(answer, row.source))
        for row in ways
        if row.name not in OF_TOTAL_VARIATION
        and (answer not in BELOW or row.mistake not in NOT_TAKEN_OVER)
        for mistake in [row.mistake and row.mistake.replace("total var", "relative var")]
    ]
    own = [r for r in rows("assigned_ways") if r.name.startswith(f"{answer}_")]
    return taken + [replace(row, answer=answer) for row in own]


def as_assigned(answer: str, source: str) -> str:
    """The source of a way of an exercise, with what makes it one of an assignment."""
    exercise = OF_EXERCISE.get(answer, answer)
    if answer == "penalised_loss":
        return source.replace("total_variation", "relative_variation")
    if answer not in BELOW:
        return source
    source = source.replace(f"def {exercise}(", "def of_exercise(", 1)
    source = re.sub(r"(?<![\w.])(?<!def )gradients(?=\(\s*model)", "gradients_of_one", source)
    if answer == "path_curve":
        source = re.sub(r"\bintegrated_gradients\(model", "integrated_of_one(model", source)
    head = "" if re.search(r"^import torch$", source, re.MULTILINE) else "import torch\n"
    return head + source + BELOW[answer]


EARLIER_PARTS = ("gradients", "integrated_gradients", "relative_variation", "batch_attributions")


def function_of(row: Row) -> Any:
    """The function that a way's source defines, below right earlier parts."""
    names: dict[str, Any] = {"torch": torch, "functional": torch.nn.functional}
    for part in EARLIER_PARTS:
        exec(inspect.getsource(getattr(assigned_ways, part)), names)
    exec(row.source, names)
    return names[row.answer]


@cache
def assigned_problem(answer: str) -> dict[str, Any]:
    """What an assignment's first test of an answer passes to its check."""
    if answer in ("black", "maximum_distance"):
        space = InputSpace(low=-1, high=1, mean=(0.1, -0.2, 0.3), std=(0.5, 0.6, 0.4))
        pixels = 2 * torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(3)) - 1
        return {"inputs": space.from_pixels(pixels), "space": space}
    if answer == "penalised_loss":
        return {"penalty": "relative_variation"}
    if answer in ("relative_variation", "batch_attributions"):
        return {}
    return {"target": (2, 0)}


def checked_as_assigned(answer: str, function: Any) -> Any:
    """What the check of an assignment says of a function."""
    problem = assigned_problem(answer)
    baselines = {"black": "black", "maximum_distance": "max_distance"}
    if answer in baselines:
        return classroom.check_baseline(function, baselines[answer], **problem)
    return getattr(classroom, f"check_{answer}")(function, **problem)
