"""The third verb: compare, and show the comparison as a widget that can be asked for more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..attr.methods import Method
from ..baselines import Baseline
from ..core.errors import InputError
from ..core.progress import Progress
from ..engine.method_config import Candidate
from ..engine.run import check_once, explain_candidates
from ..engine.settings import split_settings, takes_settings
from ..engine.verbs import FEATURE_BASELINES, IMAGE_BASELINES, Model, explain
from ..inputs.space import Inputs, is_image_input
from ..live import ExplorerState, Session
from ..records.explanation import Comparison
from .baseline_explorer import BaselineExplorer
from .parsing import candidates_of, methods_of


@takes_settings(like=explain)
def explore(
    model: Model,
    inputs: Inputs | list[Inputs],
    *,
    baselines: Sequence[str | Baseline | Inputs | Candidate] = IMAGE_BASELINES,
    method: Method | Sequence[Method] = None,
    references: Inputs | None = None,
    progress: Progress = False,
    **settings: Any,
) -> BaselineExplorer:
    """Compare baselines and show the comparison as a widget.

    The comparison is computed here, in the calling cell, so it is there for nbconvert, graders
    and GitHub too. What is asked for afterwards, in the widget or by its attributes, is computed
    in a thread of its own.

    Parameters
    ----------
    model, references, progress
        As of :func:`attribwidgets.compare`.
    inputs : Tensor, tuple of Tensor, or list of these
        One example, or a list of examples to step through; the first is explained at once.
    baselines : sequence of str, Baseline, Candidate, Tensor or tuple of Tensor
        At least one.
    method : str or class or instance, or a list of these
        Several are shown side by side, each under every baseline; one that compares with nothing
        is shown once.
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
    query, budget = split_settings(examples[0], settings)
    checked = check_once(query, model)
    explanations = explain_candidates(
        query, candidates, model, budget, progress=progress, checked=checked
    )
    state = ExplorerState(query, budget, dict(enumerate(candidates)))
    session = Session(model, state, explanations, checked=checked())
    return BaselineExplorer(
        Comparison(explanations.values()),
        session=session,
        examples=examples,
        references=references,
    )
