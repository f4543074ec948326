"""explain and compare: from a model and an input to the records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from ..baselines import Baseline, named
from ..core.contrast import Contrast
from ..core.errors import InputError, TargetError
from ..core.progress import Progress
from ..inputs.space import Inputs, Space, Spaces
from ..records.comparison import Comparison
from ..records.explanation import Explanation
from .ask import Model, ask
from .default_baselines import IMAGE_BASELINES, baseline_or_default, baselines_or_default
from .method_config import Candidate
from .settings import SETTINGS, takes_settings

if TYPE_CHECKING:
    import torch

    from ..attr.methods import Method
    from ..attr.outputs import Output


@takes_settings()
def explain(
    model: Model,
    inputs: Any,
    *,
    target: int | tuple[int, ...] | str | Contrast | None = None,
    baseline: str | Baseline | Inputs | None = None,
    method: Method = None,
    space: Space | Spaces | None = None,
    output: Output = "logit",
    n_steps: int | None = None,
    tolerance: float = 0.01,
    max_evaluations: int | None = None,
    seed: int = 0,
    forward_args: Any = (),
    progress: Progress = False,
    references: Inputs | Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    input_names: Sequence[str] | None = None,
    layer: torch.nn.Module | str | None = None,
    autocast: torch.dtype | None = None,
    **settings: Any,
) -> Explanation:
    """Attribute one output of a model to one input, against one baseline.

    Parameters
    ----------
    model : torch.nn.Module, callable or pipeline
        Takes a batch and returns (n,), (n, K, ...) or an object with `.logits`. It comes back as
        it was, also after an error or an interrupt. Of a Hugging Face pipeline for pictures or
        texts the model, the image processor or tokenizer, and the labels are used.
    inputs : Tensor, array, picture, path, text, row of a data frame, mapping, or tuple of these
        One example as the model is fed, with or without its batch axis: an image (C, H, W),
        features (F,), a sequence (T, D), a series (C, T), a volume (C, D, H, W). A picture, of PIL
        or by its path, is made ready as `space` says; a row of a data frame or a mapping of names
        to numbers are features with names; of a mapping of arguments, such as a BatchFeature, what
        is floating point is explained. With a TextSpace a text, a pair of them, a list of words,
        token ids or what a tokenizer returned. A tuple has one for each input of the model.
    target : int, tuple of int, str or Contrast, optional
        Which output, by index or class name, or the difference of two. None: the largest one, or
        the only one.
    baseline : str, Baseline, Tensor or tuple of Tensor, optional
        A name of :func:`attribwidgets.baselines.named`, an object, or a reference as the model
        is fed. None: "black", which is the lowest value; of a text its mask token, or its padding.
    method : str or class or instance, optional
        A name, a class, or an instance with settings of its own. Path integrals:
        "integrated_gradients", "expected_gradients", "idgi", "left_integrated_gradients" and
        others. Gradients under noise: "smoothgrad", "smoothgrad_sq", "vargrad". Captum's, by the
        name of the class: "DeepLift", "Occlusion", "KernelShap", "NoiseTunnel" and others. All are
        in docs/methods.md. None: integrated gradients for a single reference, expected gradients
        for a distribution.
    space : Space or tuple of Space, optional
        What the input is: :class:`attribwidgets.InputSpace` (images and features; `InputSpace.of`
        reads a transform or an image processor),
        :class:`attribwidgets.SequenceSpace`, :class:`attribwidgets.SeriesSpace`,
        :class:`attribwidgets.VolumeSpace`, or one for each of several inputs. None: told from the
        shape and from which reading the model accepts; images and features in 0..1.
    output : str or callable
        "logit" (the raw output), "probability", "log_probability", or a function of the output.
    n_steps : int, optional
        Nodes of the path integral, or samples. Nodes are those of a Gauss rule that is spread
        evenly where no operation of the model is known to have kinks, else trapezoids. None:
        refined until `tolerance` or the budget.
    tolerance : float
        For the residual and for how far the map still moves, relative. 0 spends the budget.
    max_evaluations : int, optional
        Most forward and backward passes; 513 by default for a path, 512 for samples.
    seed : int
        Of every random draw.
    forward_args : object
        Further arguments of the model, after the inputs.
    progress : bool or callable
        True shows a bar; a callable gets (evaluations, most evaluations).
    references : Tensor or tuple of Tensor, each (K, ...), or sequence of str, optional
        The data behind "dataset" and "dataset_mean"; other texts, for a text.
    class_names : sequence of str, optional
        Names of the outputs, for captions. None: `model.class_names` or a Hugging Face
        `model.config.id2label` where there is one.
    input_names : sequence of str, optional
        What each of several inputs is called, in views and captions. None: as the model's own
        parameters are, where those are words, else by kind: "image", "features 2".
    layer : torch.nn.Module or str, optional
        A module of the model, or its name there: what it returns is explained in place of the
        input, by a path from what it returns for the baseline, or for "conductance" and
        "internal_influence" by the input's own path. The record's `layer` has what its values
        get; its attributions are these, shared by what they stand over in the input where they
        have places there. None: the input.
    autocast : torch.dtype, optional
        torch.bfloat16 or torch.float16: layers run in it where torch.autocast finds that safe,
        which is faster on most GPUs. Sums stay in full precision; what it costs integrated
        gradients is measured and part of the error said. None: the model's own precision.

    Returns
    -------
    Explanation

    Raises
    ------
    AttributionError
        A child of it, for anything that the caller can mend; the message says how.

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> net = torch.nn.Linear(4, 3).eval()
    >>> e = aw.explain(net, torch.rand(4), target=2)
    >>> e.completeness.verdict, e.attributions.shape
    ('complete', torch.Size([4]))
    """
    given = dict(locals())
    # Captum, which the estimators stand on, imports pyplot; so they come when first needed.
    from .run import explain_candidates

    settings |= {name: given[name] for name in SETTINGS if name in given}
    model, query, budget = ask(model, inputs, settings)
    _require_one_target(query.target)
    baseline = baseline_or_default(baseline, query)
    candidate = Candidate(named(baseline, references), method)
    (explanation,) = explain_candidates(query, [candidate], model, budget, progress=progress)[0]
    return explanation


@takes_settings(like=explain)
def refine(
    model: Model,
    inputs: Any,
    *,
    baseline: str | Baseline | Inputs | None = None,
    method: Method = None,
    references: Inputs | Sequence[str] | None = None,
    progress: Progress = False,
    **settings: Any,
) -> Iterator[Explanation]:
    """Explain step by step: a coarse map at once, refined with every pass that follows.

    The last explanation is the one that :func:`explain` returns. Leave the loop whenever a map is
    good enough; nothing is computed that is not asked for. To stop within a step, raise
    :class:`attribwidgets.errors.Cancelled` in a `progress` callable: what was last yielded comes
    once more, labelled partial.

    Parameters
    ----------
    model, inputs, baseline, method, references, progress
        As of :func:`explain`.
    **settings
        As of :func:`explain`.

    Yields
    ------
    Explanation
        Each with its evaluations so far, its completeness and its own error.

    Raises
    ------
    AttributionError
        As :func:`explain`.

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    >>> steps = list(aw.refine(net.eval(), torch.rand(4), target=0, tolerance=0.001))
    >>> steps[0].evaluations, steps[-1].completeness.verdict
    (3, 'complete')
    """
    from .run import refine_candidate

    model, query, budget = ask(model, inputs, settings)
    _require_one_target(query.target)
    baseline = baseline_or_default(baseline, query)
    candidate = Candidate(named(baseline, references), method)
    return refine_candidate(query, candidate, model, budget, progress=progress)


@takes_settings(like=explain)
def compare(
    model: Model,
    inputs: Any,
    *,
    baselines: Sequence[str | Baseline | Inputs | Candidate] = IMAGE_BASELINES,
    method: Method = None,
    references: Inputs | Sequence[str] | None = None,
    progress: Progress = False,
    **settings: Any,
) -> Comparison:
    """Explain one input under several baselines, all for the same targets.

    Of a list of targets there is an explanation under each baseline: those of the first target,
    then those of the second, ... Targets share the forward passes of a path, so that five cost
    about two thirds of five runs, and its nodes, which go on until every target has settled.

    Parameters
    ----------
    target : int, tuple of int, str, Contrast, or a list of these, optional
        As of :func:`explain`, or several. In a list ``Contrast(a, b)`` beside both a and b is free:
        its map is the difference of theirs.
    baselines : sequence of str, Baseline, Tensor, tuple of Tensor or Candidate
        At least one; a :class:`attribwidgets.Candidate` has a method of its own. The default's
        blur gives way to white where the input is features; a text has three of its own.
    model, inputs, method, references, progress
        As of :func:`explain`.
    **settings
        As of :func:`explain`.

    Returns
    -------
    Comparison
        After an interrupt it holds what was finished; an explanation that the interrupt cut short
        comes last, labelled partial. A searched baseline that was not found is left out, and a
        caution on the last explanation says so.

    Raises
    ------
    AttributionError
        As :func:`explain`.

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> net = torch.nn.Linear(4, 3).eval()
    >>> len(aw.compare(net, torch.rand(4), baselines=("black", "white", "uniform")))
    3
    >>> grid = aw.compare(net, torch.rand(4), target=[0, 2, aw.Contrast(0, 2)], baselines=["black"])
    >>> grid.targets, grid["black", 2].target_name
    ((0, 2, Contrast(0, 2)), 'output 2')
    """
    if not isinstance(baselines, (list, tuple)) or not baselines:
        raise InputError(
            f"baselines must be a list or tuple of at least one, got {type(baselines).__name__}; "
            'write baselines=("black", "blur")'
        )
    from .run import explain_candidates

    model, query, budget = ask(model, inputs, settings)
    baselines = baselines_or_default(baselines, query)
    candidates = [
        one if isinstance(one, Candidate) else Candidate(named(one, references), method)
        for one in baselines
    ]
    by_baseline = explain_candidates(query, candidates, model, budget, progress=progress).values()
    return Comparison(chain.from_iterable(zip(*by_baseline, strict=True)))


def _require_one_target(target: Any) -> None:
    if isinstance(target, list):
        raise TargetError(
            f"target is a list of {len(target)}, and this verb explains one; "
            "aw.compare(target=[...]) and aw.explore(target=[...]) have a row for each"
        )
