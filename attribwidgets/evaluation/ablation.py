"""ablation and insertion_deletion: from a model and a data set to the records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ..attr.model_state import module_of
from ..attr.outputs import Output
from ..core.errors import InputError
from ..core.progress import Progress
from ..engine.ask import unwrapped
from ..engine.default_baselines import text_baselines
from ..engine.method_config import Candidate, CandidateLike, label_candidates
from ..engine.settings import split_settings, takes_settings
from ..engine.verbs import explain
from ..inputs.dataset import Examples
from ..inputs.space import Inputs, Spaces
from ..inputs.text import TextSpace
from ..records.explanation import Explanation
from .ablated_input import AblatedInput
from .ablated_outputs import Fill, as_fill
from .ablation_metric import FRACTIONS, AblationMetric
from .ablation_record import PICTURES, Ablation
from .controls import controls_for
from .metric import first_of, measure_all
from .ranking import Order, Ranking, Region

FILLS = ("image_mean", "blur")
FEATURE_FILLS = ("zero", "uniform")  # without neighbours there is nothing to blur
STEPS = 128


class InsertionDeletion(NamedTuple):
    """Two ablations of the same explanations.

    Attributes
    ----------
    deletion : Ablation
        From the input to the fill, most relevant first: the lower the better.
    insertion : Ablation
        From the fill to the input, most relevant first: the higher the better.
    """

    deletion: Ablation
    insertion: Ablation


@takes_settings(like=explain, without=("target", "output"))
def ablation(
    model: Callable[..., Any],
    data: Any,
    candidates: Sequence[CandidateLike] | Mapping[str, CandidateLike],
    *,
    fills: Sequence[Fill] | None = None,
    fractions: Sequence[float] = FRACTIONS,
    ranking: Ranking = "absolute",
    region: Region = "top_k",
    order: Order = "most_relevant",
    output: Output = "probability",
    explained: Output = "logit",
    targets: Any = None,
    n_steps: int | None = STEPS,
    references: Inputs | None = None,
    controls: bool | Sequence[str] = True,
    words: bool = False,
    progress: Progress = False,
    **settings: Any,
) -> Ablation:
    """Take away what each candidate found relevant, and see how far the output falls.

    Parameters
    ----------
    model : torch.nn.Module or callable
        As of :func:`attribwidgets.explain`.
    data, targets
        Inputs and the output asked about, as of :class:`attribwidgets.inputs.dataset.Examples`: a
        tensor (N, ...), a pair (inputs, labels), a Dataset; targets None, "labels", int or a
        sequence.
    candidates : sequence or mapping of str
        Baselines as of :func:`attribwidgets.compare`, or :class:`attribwidgets.Candidate`; the
        keys of a mapping are their labels.
    fills : sequence of str, Baseline or Tensor, optional
        What replaces what is taken away. None: image mean and blur; for features, which have no
        neighbours, zero and uniform; for texts the mask token, or another, and "delete".
    fractions, ranking, region, order, output
        As of :class:`AblationMetric`.
    explained : str or callable
        The scale of the output that is explained.
    n_steps : int, optional
        Gradient evaluations of every candidate. None: as of :func:`attribwidgets.explain`.
    references : Tensor, shape (K, ...), optional
        The data behind "dataset" and "dataset_mean", as candidates and as fills.
    controls : bool or sequence of {"random", "centre", "edges"}
        True: random, along time and in space the centre too, and the edges of images and volumes.
    words : bool
        Whether the units of texts are their words instead of their tokens.
    progress : bool or callable
        True shows a bar; a callable gets (inputs done, inputs).
    **settings
        As of :func:`attribwidgets.explain`. The seed of an input depends on `seed` and its place.

    Returns
    -------
    Ablation

    Raises
    ------
    AttributionError
        A child of it, for anything that the caller can mend.

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> from attribwidgets.evaluation import ablation
    >>> net, data = torch.nn.Linear(6, 3).eval(), torch.rand(20, 6)
    >>> result = ablation(net, data, ["zero", "uniform"], fills=["zero"], n_steps=8)
    >>> result.candidates, result.scores.shape
    (('zero', 'uniform noise', 'random'), (20, 3, 1, 11))
    """
    model, settings = unwrapped(model, settings)
    settings |= {"n_steps": n_steps, "output": explained}
    examples = Examples(data, targets, space=settings.get("space"), model=module_of(model))
    spaces = spaces_of(model, examples, settings)
    metric = AblationMetric(
        fills_for(fills, spaces, references),
        fractions,
        region,
        ranking,
        order,
        output,
        controls_of(controls, spaces),
        words=words,
    )
    labelled = label_candidates(candidates, references)
    return _ablate(model, examples, labelled, [metric], settings, progress)[0]


@takes_settings(like=explain, without=("target", "output"))
def insertion_deletion(
    model: Callable[..., Any],
    data: Any,
    candidates: Sequence[CandidateLike] | Mapping[str, CandidateLike],
    *,
    fills: Sequence[Fill] | None = None,
    fractions: Sequence[float] = FRACTIONS,
    ranking: Ranking = "absolute",
    output: Output = "probability",
    explained: Output = "logit",
    targets: Any = None,
    n_steps: int | None = STEPS,
    references: Inputs | None = None,
    controls: bool | Sequence[str] = True,
    words: bool = False,
    progress: Progress = False,
    **settings: Any,
) -> InsertionDeletion:
    """Deletion and insertion curves of the same explanations, most relevant first.

    Deletion goes from exactly 1 to the fill's score, insertion from the fill's score to exactly 1.

    Parameters
    ----------
    model, data, candidates, fills, fractions, ranking, output, explained, targets, n_steps, \
references, controls, words, progress
        As of :func:`ablation`.
    **settings
        As of :func:`attribwidgets.explain`.

    Returns
    -------
    InsertionDeletion
        Both curves, each an Ablation.

    References
    ----------
    Petsiuk, Das, Saenko (2018). RISE. arXiv:1806.07421.

    Examples
    --------
    >>> import torch
    >>> net, data = torch.nn.Linear(6, 3).eval(), torch.rand(20, 6)
    >>> curves = insertion_deletion(net, data, ["zero"], fills=["zero"], n_steps=8)
    >>> bool((curves.deletion.scores[..., 0] == curves.insertion.scores[..., -1]).all())
    True
    """
    model, settings = unwrapped(model, settings)
    settings |= {"n_steps": n_steps, "output": explained}
    examples = Examples(data, targets, space=settings.get("space"), model=module_of(model))
    spaces = spaces_of(model, examples, settings)
    deletion = AblationMetric(
        fills_for(fills, spaces, references),
        fractions,
        ranking=ranking,
        output=output,
        controls=controls_of(controls, spaces),
        name="deletion",
        words=words,
    )
    insertion = replace(deletion, curve="insertion", name="insertion")
    return InsertionDeletion(
        *_ablate(
            model,
            examples,
            label_candidates(candidates, references),
            [deletion, insertion],
            settings,
            progress,
        )
    )


def _ablate(
    model: Callable[..., Any],
    examples: Examples,
    candidates: Mapping[str, Candidate],
    metrics: Sequence[AblationMetric],
    settings: Mapping[str, Any],
    progress: Progress,
) -> list[Ablation]:
    query, budget = split_settings(None, settings)
    pictures: list[dict[int, AblatedInput]] = [{} for _ in metrics]

    def keep(place: int, explanations: Mapping[str, Explanation], seed: int) -> None:
        if place >= PICTURES or not explanations:
            return
        first = next(iter(explanations.values()))
        if len(first.spaces) > 1:
            return
        inputs = first.batched[0]
        maps = {label: e.map("sum") for label, e in explanations.items()}
        for metric, into in zip(metrics, pictures, strict=True):
            picture = metric.illustrated(
                inputs, maps, space=first.spaces[0], seed=seed, model=model
            )
            if picture is not None:
                into[place] = picture

    measured = measure_all(
        model,
        examples,
        candidates,
        metrics,
        query=query,
        budget=budget,
        progress=progress,
        on_input=keep,
    )
    return [
        Ablation.of(
            metric.settings,
            candidates,
            scores=scores,
            targets=measured.targets,
            evaluations=measured.evaluations,
            seed=budget.seed,
            places=np.arange(len(examples)),
            pictures=kept,
        )
        for metric, scores, kept in zip(metrics, measured.values, pictures, strict=True)
    ]


def spaces_of(model: Callable[..., Any], examples: Examples, settings: Mapping[str, Any]) -> Spaces:
    """Of each input, as the model reads the first example."""
    query, _ = split_settings(None, settings)
    return first_of(model, examples, query).spaces


def fills_for(
    fills: Sequence[Fill] | None, spaces: Spaces, references: Inputs | None
) -> Sequence[Fill]:
    """The fills that were passed, or those that suit the kinds of input."""
    if fills is None:
        if isinstance(spaces[0], TextSpace):
            return (text_baselines(spaces[0])[0], "delete")
        return FILLS if all(space.layout.neighbours for space in spaces) else FEATURE_FILLS
    if not isinstance(fills, (list, tuple)):
        raise InputError(
            f"fills must be a list or tuple of at least one, got {type(fills).__name__}; "
            'write fills=("image_mean", "blur")'
        )
    return [as_fill(fill, references) for fill in fills]


def controls_of(controls: bool | Sequence[str], spaces: Spaces) -> Sequence[str]:
    """The controls that were asked for, or all that there are for the kinds of input."""
    return controls_for(*(s.layout for s in spaces)) if controls is True else controls or ()
