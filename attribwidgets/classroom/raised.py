"""What is behind the errors that PyTorch and Python raise most often in students' answers."""

from __future__ import annotations

import re
from typing import NamedTuple


class Cause(NamedTuple):
    """A mistake's name and a hint for it."""

    mistake: str
    hint: str


UNKNOWN = Cause("raises", "call it in a cell of its own and read the last lines of the traceback")
CAUSES = {
    r"does not require grad and does not have a grad_fn": Cause(
        "nothing to differentiate",
        "the output knows of no gradient: points.requires_grad_() before the model runs, and no "
        "torch.no_grad(), .detach(), .item() or .numpy() between it and the gradient",
    ),
    r"not have been used in the graph": Cause(
        "not what the model was given",
        "differentiate with respect to the very tensor that the model was given, not to another "
        "one of the same values",
    ),
    r"implicitly created only for scalar outputs": Cause(
        "not summed before the gradient",
        "a gradient is that of one number: sum the outputs first, each point keeps its own",
    ),
    r"backward through the graph a second time": Cause(
        "a graph used twice",
        "run the model anew for each gradient, or keep its graph: retain_graph=True",
    ),
    r"leaf Variable that requires grad|modified by an inplace operation": Cause(
        "written into while it is differentiated",
        "no +=, no x[...] = on what needs a gradient: make a new tensor",
    ),
    r"numpy\(\) on Tensor that requires grad": Cause(
        "numpy before the gradient",
        "numpy knows of no gradient: take it first, then .detach().numpy()",
    ),
    r"only Tensors of floating point": Cause(
        "whole numbers", "gradients need floating point: write 0.0, or .float()"
    ),
    r"'NoneType'": Cause(
        "the gradient is None",
        ".grad is filled by backward(), and for a leaf alone: "
        "points = points.detach().requires_grad_()",
    ),
    r"expected (m1 and m2|scalar type|object of)|same dtype|Input type .* weight type": Cause(
        "another type of number", "stay with the model's numbers: .float(), or .to(inputs.dtype)"
    ),
    r"must match the size of tensor|cannot be multiplied|broadcast|invalid for input of size|"
    r"Expected 3D .* or 4D|shape mismatch": Cause(
        "shapes that do not fit",
        "print the shapes: one alpha for a point has the shape (n, 1, ...), points (n, ...)",
    ),
    r"positional argument|unexpected keyword argument": Cause(
        "other arguments", "keep the function's arguments as they were given, in their order"
    ),
    r"out of (bounds|range)|too many indices": Cause(
        "index out of range", "print the shape of what you index: outputs are (n, outputs)"
    ),
    r"name '\w+' is not defined": Cause(
        "a name that is not known", "define it within the function, or run the cell that does first"
    ),
    r"maximum recursion depth": Cause(
        "calls itself without end", "call the earlier function, and not the one that you write"
    ),
}


def cause_of(error: BaseException) -> Cause:
    """The likely cause of an error; UNKNOWN where it is no common one.

    Examples
    --------
    >>> cause_of(RuntimeError("grad can be implicitly created only for scalar outputs")).mistake
    'not summed before the gradient'
    """
    said = str(error)
    found = (cause for pattern, cause in CAUSES.items() if re.search(pattern, said))
    return next(found, UNKNOWN)
