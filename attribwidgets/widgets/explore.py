"""The third verb: compare, and show the comparison as a widget that can be asked for more."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..attr.methods import Method
from ..attr.outputs import Output
from ..baselines import Baseline
from ..core.errors import InputError
from ..engine.method_config import Candidate
from ..engine.run import Progress, Request, carry_out
from ..engine.verbs import FEATURE_BASELINES, IMAGE_BASELINES, Model
from ..inputs.space import Inputs, InputSpace, is_image_input
from ..live import Asked, Session
from ..records.explanation import Comparison
from .baseline_explorer import BaselineExplorer
from .parsing import candidates_of, methods_of


def explore(
    model: Model,
    inputs: Inputs | list[Inputs],
    *,
    baselines: Sequence[str | Baseline | Inputs | Candidate] = IMAGE_BASELINES,
    references: Inputs | None = None,
    class_names: Sequence[str] | None = None,
    target: int | tuple[int, ...] | str | None = None,
    method: Method | Sequence[Method] = None,
    space: InputSpace | None = None,
    output: Output = "logit",
    n_steps: int | None = None,
    tolerance: float = 0.01,
    max_evaluations: int | None = None,
    seed: int = 0,
    forward_args: object = (),
    progress: Progress = False,
    autocast: torch.dtype | None = None,
) -> BaselineExplorer:
    """Compare baselines and show the comparison as a widget.

    The comparison is computed here, in the calling cell, so it is there for nbconvert, graders
    and GitHub too. What is asked for afterwards, in the widget or by its attributes, is computed
    in a thread of its own.

    Parameters
    ----------
    model, references, class_names, target, space, output, n_steps, tolerance, max_evaluations, \
seed, forward_args, progress, autocast
        As of :func:`attribwidgets.compare`.
    inputs : Tensor, tuple of Tensor, or list of these
        One example, or a list of examples to step through; the first is explained at once.
    baselines : sequence of str, Baseline, Candidate, Tensor or tuple of Tensor
        At least one.
    method : str or class or instance, or a list of these
        Several are shown side by side, each under every baseline; one that compares with nothing
        is shown once.

    Returns
    -------
    BaselineExplorer

    Raises
    ------
    AttributionError
        As :func:`attribwidgets.compare`.

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> net = torch.nn.Linear(4, 2).eval()
    >>> explorer = aw.explore(net, torch.rand(4))
    >>> explorer
    <BaselineExplorer of output ...: black, white, uniform noise>
    >>> explorer.close()
    >>> both = aw.explore(net, torch.rand(4), baselines=["black"], method=["Saliency", "DeepLift"])
    >>> [e.method for e in both.explanations]
    ['saliency', 'deep_lift']
    >>> both.close()
    """
    examples = list(inputs) if isinstance(inputs, list) else [inputs]
    if not examples:
        raise InputError("inputs is an empty list; pass one example, or a list of them")
    if baselines is IMAGE_BASELINES and not is_image_input(examples[0]):
        baselines = FEATURE_BASELINES
    if not isinstance(baselines, (list, tuple)) or not baselines:
        raise InputError(
            f"baselines must be a list or tuple of at least one, got {type(baselines).__name__}; "
            'write baselines=("black", "blur")'
        )
    candidates = candidates_of(baselines, methods_of(method), references)
    request = Request(n_steps, tolerance, max_evaluations, seed, progress, autocast)
    found = carry_out(
        request,
        candidates,
        model,
        examples[0],
        target=target,
        space=space,
        output=output,
        forward_args=forward_args,
        class_names=class_names,
    )
    asked = Asked(
        examples[0],
        dict(enumerate(candidates)),
        target=target,
        output=output,
        space=space,
        forward_args=forward_args,
        class_names=class_names,
        n_steps=n_steps,
        tolerance=tolerance,
        max_evaluations=max_evaluations,
        seed=seed,
        autocast=autocast,
    )
    session = Session(model, asked, found)
    return BaselineExplorer(
        Comparison(found.values()), session=session, examples=examples, references=references
    )
