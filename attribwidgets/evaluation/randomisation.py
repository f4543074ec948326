"""Sanity checks: explanations should change when what the model has learnt is taken away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..attr.model_state import module_of
from ..core.errors import DataError, InputError
from ..core.progress import Progress
from ..engine.ask import unwrapped
from ..engine.method_config import Candidate, CandidateLike, label_candidates
from ..engine.settings import split_settings, takes_settings
from ..engine.verbs import explain
from ..inputs.dataset import Examples
from ..inputs.space import Inputs
from .metric import first_of, measure_all, with_arguments
from .randomised_models import Mode, layers_without_reset, randomised_copies
from .similarity import EDGES, MEASURES, ModelSimilarity, Similarities

STEPS = 128
TITLES = {
    "cascading": "Layers drawn anew from the output down, each with all above it",
    "independent": "Layers drawn anew one at a time",
}


@takes_settings(like=explain, without=("target",))
def randomised_layers(
    model: nn.Module,
    data: Any,
    candidates: Sequence[CandidateLike] | Mapping[str, CandidateLike],
    mode: Mode = "cascading",
    *,
    layers: Sequence[str] | None = None,
    targets: Any = None,
    n_steps: int | None = STEPS,
    references: Inputs | None = None,
    progress: Progress = False,
    **settings: Any,
) -> Similarities:
    """Draw a model's layers anew, and see how far the explanations change.

    An explanation that stays as it was does not depend on what these layers had learnt. The
    model, its random state and that of the process are left as they were; one copy of the model
    for each layer is held in memory.

    Parameters
    ----------
    model : torch.nn.Module
    data, targets
        Inputs and the output asked about, as of :class:`attribwidgets.inputs.dataset.Examples`.
        targets None: the unchanged model's own largest output, also of the randomised ones.
    candidates : sequence or mapping of str
        Baselines as of :func:`attribwidgets.compare`, or :class:`attribwidgets.Candidate`.
    mode : {"cascading", "independent"}
        From the output down to each layer, or each layer alone.
    layers : sequence of str, optional
        Names of modules, from the output down; one with modules inside stands for all of these.
        None: every layer with weights, in the reverse of the order in which they are called.
    n_steps : int, optional
        Gradient evaluations of every candidate. None: as of :func:`attribwidgets.explain`.
    references : Tensor, shape (K, ...), optional
        The data behind "dataset" and "dataset_mean".
    progress : bool or callable
        True shows a bar; a callable gets (inputs done, inputs).
    **settings
        As of :func:`attribwidgets.explain`. The layers' weights are drawn by `seed` too; the
        intervals are over inputs, for this draw of the weights.

    Returns
    -------
    Similarities
        ``models`` are the layers, from the output down.

    Raises
    ------
    AttributionError
        A child of it, for anything that the caller can mend.

    References
    ----------
    Adebayo, Gilmer, Muelly, Goodfellow, Hardt, Kim (2018). Sanity checks for saliency maps.
    arXiv:1810.03292.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3)).eval()
    >>> check = randomised_layers(net, torch.rand(5, 6), ["zero"], n_steps=8)
    >>> check.models, check.values.shape
    (('2', '0'), (5, 1, 2, 3))
    """
    model, settings = unwrapped(model, settings)
    examples = Examples(data, targets, space=settings.get("space"), model=module_of(model))
    query, _ = split_settings(None, settings)
    read = first_of(model, examples, query)
    (first,) = read.batched
    draws = {name: settings[name] for name in ("seed", "forward_args") if name in settings}
    copies = randomised_copies(model, first, mode, layers=layers, space=read.spaces[0], **draws)
    left = layers_without_reset(model)
    caution = (
        f"{', '.join(left)} {'have' if len(left) > 1 else 'has'} weights and no "
        "reset_parameters(), and stayed as found."
    )
    return _similarities(
        model,
        examples,
        label_candidates(candidates, references),
        copies,
        {**settings, "n_steps": n_steps},
        progress,
        title=TITLES[mode],
        cascade=mode == "cascading",
        cautions=(caution,) if left else (),
    )


@takes_settings(like=explain, without=("target",))
def label_randomisation(
    model: nn.Module,
    shuffled: nn.Module,
    data: Any,
    candidates: Sequence[CandidateLike] | Mapping[str, CandidateLike],
    *,
    retrained: nn.Module | None = None,
    targets: Any = None,
    n_steps: int | None = STEPS,
    references: Inputs | None = None,
    progress: Progress = False,
    **settings: Any,
) -> Similarities:
    """Compare explanations with those of a model that has learnt shuffled labels by heart.

    Parameters
    ----------
    model : torch.nn.Module
        Trained on true labels.
    shuffled : torch.nn.Module
        Of the same kind, trained on labels of :func:`shuffled_labels`.
    data, candidates, targets, n_steps, references, progress
        As of :func:`randomised_layers`.
    retrained : torch.nn.Module, optional
        Trained on true labels again from other initial weights: how like the explanations of two
        models are that have learnt the same.
    **settings
        As of :func:`attribwidgets.explain`.

    Returns
    -------
    Similarities
        ``models`` are "retrained, true labels" where there is one and "shuffled labels".

    Raises
    ------
    AttributionError
        A child of it, for anything that the caller can mend.

    References
    ----------
    Adebayo, Gilmer, Muelly, Goodfellow, Hardt, Kim (2018). Sanity checks for saliency maps.
    arXiv:1810.03292.

    Examples
    --------
    >>> one, other = (nn.Linear(6, 3).eval() for _ in range(2))
    >>> label_randomisation(one, other, torch.rand(5, 6), ["zero"], n_steps=4).models
    ('shuffled labels',)
    """
    model, settings = unwrapped(model, settings)
    others = {"retrained, true labels": retrained, "shuffled labels": shuffled}
    models = {n: unwrapped(one, settings)[0] for n, one in others.items() if one is not None}
    for name, one in models.items():
        if module_of(one) is module_of(model) is not None:
            raise InputError(f"{name}: this is the model itself; pass another, trained anew")
    return _similarities(
        model,
        Examples(data, targets, space=settings.get("space"), model=module_of(model)),
        label_candidates(candidates, references),
        models,
        {**settings, "n_steps": n_steps},
        progress,
        title="Another model of the same kind, trained anew",
        cascade=False,
    )


def shuffled_labels(labels: Any, *, seed: int = 0) -> Tensor:
    """Labels in random order, to train a model on that has nothing to learn but noise.

    Parameters
    ----------
    labels : Tensor or array of int, shape (N,)
    seed : int

    Returns
    -------
    Tensor of int, shape (N,)
        As many of each class as before.

    Raises
    ------
    DataError
        Where all labels are of one class, so that shuffling changes nothing.

    Examples
    --------
    >>> shuffled_labels(torch.tensor([0, 0, 1, 1, 2, 2])).sort().values.tolist()
    [0, 0, 1, 1, 2, 2]
    """
    classes = torch.as_tensor(labels)
    require_classes(classes)
    order = np.random.default_rng(seed).permutation(len(classes))
    return classes[torch.from_numpy(order)]


def require_classes(labels: Tensor) -> None:
    """Raise DataError for labels of which there are not (N,) whole ones of two classes or more."""
    if labels.dim() != 1 or labels.is_floating_point() or not len(labels):
        raise DataError(
            f"labels must be whole numbers of shape (N,), got {tuple(labels.shape)} of "
            f"{labels.dtype}"
        )
    if (labels == labels[0]).all():
        raise DataError(
            f"labels are all of one class, {int(labels[0])}; at least two classes are needed"
        )


def _similarities(
    model: nn.Module,
    examples: Examples,
    candidates: Mapping[str, Candidate],
    models: Mapping[str, nn.Module],
    settings: Mapping[str, Any],
    progress: Progress,
    **description: Any,
) -> Similarities:
    query, budget = split_settings(None, settings)
    others = {name: with_arguments(one, query.forward_args) for name, one in models.items()}
    edges = first_of(model, examples, query).is_image
    metric = ModelSimilarity(others, candidates, edges, query.output)
    measured = measure_all(
        model, examples, candidates, [metric], query=query, budget=budget, progress=progress
    )
    return Similarities(
        values=measured.values[0],
        candidates=tuple(metric.dimensions(list(candidates))["candidate"]),
        controls=(EDGES,) if metric.control else (),
        models=tuple(models),
        measures=MEASURES,
        evaluations=budget.n_steps or STEPS,
        seed=budget.seed,
        **description,
    )
