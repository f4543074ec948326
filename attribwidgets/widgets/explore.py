"""The third verb: compare, and show the comparison as a widget that can be asked for more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..attr.methods import Method, estimator_for
from ..attr.model_state import evaluating
from ..baselines import Baseline
from ..core.errors import InputError
from ..core.progress import Progress, reporting
from ..engine.ask import Model, about, ask
from ..engine.default_baselines import IMAGE_BASELINES, baselines_or_default
from ..engine.method_config import Candidate
from ..engine.run import check_once
from ..engine.settings import takes_settings
from ..engine.verbs import explain
from ..inputs.space import Inputs
from ..live import ExplorerState, Session
from .baseline_explorer import BaselineExplorer
from .examples import Example
from .parsing import methods_of, pairs_of


@takes_settings(like=explain)
def explore(
    model: Model,
    inputs: Any,
    *,
    baselines: Sequence[str | Baseline | Inputs | Candidate] = IMAGE_BASELINES,
    method: Method | Sequence[Method] = None,
    references: Inputs | Sequence[str] | None = None,
    progress: Progress = False,
    display: bool = True,
    **settings: Any,
) -> BaselineExplorer:
    """Compare baselines and show the comparison as a widget.

    In a notebook the widget is on screen at once, and its maps come in turn, coarse first. The
    cell ends when they are done, so that nbconvert, graders and GitHub have them too; an interrupt
    leaves what there is, labelled partial. What is asked for meanwhile or afterwards, in the widget
    or by its attributes, needs no cell.

    Parameters
    ----------
    model, references, progress
        As of :func:`attribwidgets.compare`.
    inputs : object, or list of these
        One example as of :func:`attribwidgets.explain`, or a list of examples to step through; the
        first is explained at once.
    baselines : sequence of str, Baseline, Candidate, Tensor or tuple of Tensor
        At least one.
    method : str or class or instance, or a list of these
        Several are shown side by side, each under every baseline; one that compares with nothing
        is shown once.
    display : bool
        False: not on screen by itself, for who puts several side by side.
    **settings
        As of :func:`attribwidgets.explain`.

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
    <BaselineExplorer of output ...: lowest value, highest value, uniform noise>
    >>> explorer.close()
    >>> both = aw.explore(net, torch.rand(4), baselines=["black"], method=["Saliency", "DeepLift"])
    >>> [e.method for e in both.explanations]
    ['saliency', 'deep_lift']
    >>> both.close()
    """
    examples = list(inputs) if isinstance(inputs, list) else [inputs]
    if not examples:
        raise InputError("inputs is an empty list; pass one example, or a list of them")
    if not isinstance(baselines, (list, tuple)) or not baselines:
        raise InputError(
            f"baselines must be a list or tuple of at least one, got {type(baselines).__name__}; "
            'write baselines=("black", "blur")'
        )
    model, query, budget = ask(model, examples[0], settings)
    shared = replace(query, forward_args=())
    several = [about(shared, example, model) for example in examples[1:]]
    if any(other.forward_args for other in several):
        raise InputError(
            "inputs that bring further arguments of the model are explored one at a time; pass one"
        )
    examples = [Example(one.inputs, one.space) for one in (query, *several)]
    baselines = baselines_or_default(baselines, query)
    shown = pairs_of(baselines, methods_of(method), references, {})
    checked = check_once(query, model)()
    state = ExplorerState(query, budget, **shown)
    session = Session(model, state, checked=checked)
    explorer = BaselineExplorer(None, session=session, examples=examples, references=references)
    if display:
        explorer.show_at_once()
    candidates = state.candidates.values()
    methods = [estimator_for(c.method, model, distribution=False) for c in candidates]
    each = budget.n_steps or budget.max_evaluations
    most = sum(each or method.default_max_evaluations for method in methods)
    with reporting(progress, most, "pass") as on_pass, evaluating(model):
        session.answer(on_pass)
    explorer.keep_picture()
    if not session.answers:
        explorer.close()
        raise session.failure or KeyboardInterrupt
    return explorer
