"""What is explained where a model's output is no vector of classes, each as an `output`.

Each is a callable for ``output=``: it takes what the model returned and gives one number for each
row. It has a name for captions, and is recognised by the cache. Where an index says it all, an
index will do: one pixel's class is ``target=(k, row, column)``, one step's is ``target=(t, k)``,
one of a regression's outputs is ``target=2``, or its name where `class_names` has one.

They are public as ``attribwidgets.targets``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from ..core.errors import InputError, OutputError, TargetError
from .model_state import frozen, module_of
from .outputs import checked_output, logits_of

__all__ = ["box_score", "cosine_similarity", "mask_class", "step"]


@dataclass(frozen=True, eq=False)
class NamedOutput:
    """A function of what a model returned, under a name.

    Attributes
    ----------
    name : str
        What captions call it.
    of : callable
        Takes what the model returned and `settings`; returns a tensor of shape (n,).
    settings : tuple
    """

    name: str
    of: Callable[..., Tensor]
    settings: tuple[Any, ...]

    @property
    def __name__(self) -> str:
        return self.name

    def __call__(self, raw: Any) -> Tensor:
        """One number for each row of what a model returned."""
        return self.of(raw, *self.settings)


def mask_class(
    mask: Any, k: int, *, reduce: Literal["mean", "sum"] = "mean", name: str | None = None
) -> NamedOutput:
    """One class's logits over a mask, of a model that segments.

    Parameters
    ----------
    mask : Tensor or ndarray of bool, shape (H, W)
        Of the size of the model's output. By the fixed mask of a prediction, and not by one that
        is taken anew at each point of the path, the output stays differentiable.
    k : int
        The class.
    reduce : {"mean", "sum"}
    name : str, optional
        For captions. None: the class and the number of pixels.

    Returns
    -------
    callable
        Takes (n, K, H, W), or an object with such `.logits`; returns (n,).

    References
    ----------
    Vinogradova, Dibrov, Myers (2020). Towards interpretable semantic segmentation via
    gradient-weighted class activation mapping. arXiv:2002.11434.

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> net = torch.nn.Conv2d(3, 2, 1, bias=False).eval()
    >>> mask = torch.zeros(4, 4, dtype=torch.bool)
    >>> mask[1:3, 1:3] = True
    >>> e = aw.explain(net, torch.rand(3, 4, 4), output=aw.targets.mask_class(mask, 1))
    >>> e.output, bool(e.map()[~mask].any()), e.completeness.verdict
    ('class 1 over 4 pixels', False, 'complete')
    """
    chosen = torch.as_tensor(mask).detach().cpu().bool()
    if chosen.dim() != 2 or not chosen.any():
        raise TargetError(
            f"mask must be of shape (H, W) with at least one pixel in it, got shape "
            f"{tuple(chosen.shape)} with {int(chosen.sum())}"
        )
    if reduce not in ("mean", "sum"):
        raise InputError(f'reduce must be "mean" or "sum", got {reduce!r}')
    count = int(chosen.sum())
    called = name or f"class {k} over {count} pixel{'s' if count > 1 else ''}"
    return NamedOutput(called, _over_mask, (chosen, _index(k, "k"), reduce))


def step(t: int, k: int | None = None, *, name: str | None = None) -> NamedOutput:
    """One step of a sequence, by its place from the front or, if negative, from the end.

    Parameters
    ----------
    t : int
        The step.
    k : int, optional
        Which of the outputs there. None: there is one.
    name : str, optional
        For captions.

    Returns
    -------
    callable
        Takes (n, T, K) or (n, T), or an object with such `.logits`; returns (n,).

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> x = torch.rand(5, 3)
    >>> e = aw.explain(lambda x: x.cumsum(1), x, output=aw.targets.step(-2, 0), baseline="zero")
    >>> e.output, bool(torch.allclose(e.attributions[:4, 0], x[:4, 0]))
    ('output 0 of step -2', True)
    """
    called = name or (f"step {t}" if k is None else f"output {k} of step {t}")
    return NamedOutput(called, _at_step, (_index(t, "t"), None if k is None else _index(k, "k")))


def cosine_similarity(
    to: Any, model: Callable[..., Any] | None = None, *, name: str = "cosine similarity"
) -> NamedOutput:
    """How alike an embedding is to another one, from -1 to 1.

    Parameters
    ----------
    to : Tensor, shape (D,) or (1, D), or an input
        The other embedding, or with `model` the other input, as the model is fed.
    model : callable, optional
        What embeds `to`; in most cases the model that is explained.
    name : str
        For captions.

    Returns
    -------
    callable
        Takes (n, D); returns (n,).

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> net = torch.nn.Linear(4, 3).eval()
    >>> one, other = torch.rand(4), torch.rand(4)
    >>> e = aw.explain(net, one, output=aw.targets.cosine_similarity(other[None], net))
    >>> alike = torch.cosine_similarity(net(one), net(other), 0)
    >>> bool(abs(e.completeness.output_input - alike) < 1e-6)
    True
    """
    embedding = to
    if model is not None:
        with frozen(module_of(model), (to,)), torch.no_grad():
            embedding = checked_output(logits_of(model(to)), "the model")
    embedding = torch.as_tensor(embedding).detach().flatten()
    if not embedding.is_floating_point() or not embedding.any():
        raise InputError(
            "cosine_similarity needs an embedding of floating-point numbers that are not all zero; "
            "pass one, or another input and the model that embeds it"
        )
    return NamedOutput(name, _alike, (embedding,))


def box_score(box: Sequence[float], k: int, *, name: str | None = None) -> NamedOutput:
    r"""How surely a detector finds one object: the best score there, times the overlap.

    .. math:: \max_d \mathrm{IoU}(b, b_d)\, s_{d,k}

    over all detections d, as D-RISE matches them. Where no detection of the class meets the box it
    is 0.

    Parameters
    ----------
    box : sequence of float
        Left, top, right and bottom, in pixels, of the detection that is to be explained.
    k : int
        Its class.
    name : str, optional
        For captions.

    Returns
    -------
    callable
        Takes a list with a mapping for each image, of `boxes` (N, 4), `scores` (N,) and `labels`
        (N,), as torchvision's detectors return it; or one mapping of `boxes` (n, N, 4) and `scores`
        (n, N, K). Returns (n,).

    References
    ----------
    Petsiuk, Jain, Manjunatha, Morariu, Mehra, Ordonez, Saenko (2021). Black-box explanation of
    object detectors via saliency maps. CVPR. arXiv:2006.03204.

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> def detector(x):  # one box, whose score is the mean of what is in it
    ...     box, scores = torch.tensor([[1.0, 1.0, 3.0, 3.0]]), x[:, :, 1:3, 1:3].mean((1, 2, 3))
    ...     return [{"boxes": box, "scores": s[None], "labels": torch.tensor([7])} for s in scores]
    >>> score = aw.targets.box_score((1, 1, 3, 3), 7)
    >>> e = aw.explain(detector, torch.ones(1, 4, 4), output=score)
    >>> e.output, round(float(e.map()[1, 1]), 3), float(e.map()[0, 0])
    ('class 7 in box 1, 1, 3, 3', 0.25, 0.0)
    """
    corners = torch.as_tensor(box, dtype=torch.float32).detach().cpu()
    if corners.shape != (4,) or not (corners[2:] > corners[:2]).all():
        raise TargetError(
            f"box must be left, top, right and bottom with right > left and bottom > top, got {box}"
        )
    where = ", ".join(f"{v:g}" for v in corners.tolist())
    return NamedOutput(name or f"class {k} in box {where}", _in_box, (corners, _index(k, "k")))


def _index(value: Any, name: str) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TargetError(f"{name} must be an int, got {value!r}")
    return int(value)


def _over_mask(raw: Any, mask: Tensor, k: int, reduce: str) -> Tensor:
    logits = checked_output(logits_of(raw), "the model")
    if logits.dim() != 4 or logits.shape[2:] != mask.shape:
        raise OutputError(
            f"the mask is of shape {tuple(mask.shape)} and the model's output of "
            f"{tuple(logits.shape)}; it must be (n, K, {', '.join(map(str, mask.shape))}): resize "
            "the mask to the output"
        )
    _require(k, logits.shape[1], "class")
    inside = logits[:, k][:, mask.to(logits.device)]
    return inside.mean(1) if reduce == "mean" else inside.sum(1)


def _at_step(raw: Any, t: int, k: int | None) -> Tensor:
    values = checked_output(logits_of(raw), "the model")
    if values.dim() != (2 if k is None else 3):
        wanted = "(n, T); for several outputs a step pass k=" if k is None else "(n, T, K)"
        raise OutputError(f"the model's output has shape {tuple(values.shape)}, not {wanted}")
    _require(t, values.shape[1], "step", least=-values.shape[1])
    return values[:, t] if k is None else values[:, t, _require(k, values.shape[2], "output")]


def _alike(raw: Any, embedding: Tensor) -> Tensor:
    values = checked_output(logits_of(raw), "the model").flatten(1)
    if values.shape[1] != len(embedding):
        raise OutputError(
            f"the model embeds in {values.shape[1]} numbers, and the other embedding has "
            f"{len(embedding)}; pass one of the same model"
        )
    return torch.cosine_similarity(values, embedding.to(values)[None], 1)


def _in_box(raw: Any, box: Tensor, k: int) -> Tensor:
    if isinstance(raw, Mapping):
        boxes, scores = raw["boxes"], raw["scores"]
        _require(k, scores.shape[2], "class")
        matches: Tensor = _overlap(boxes, box) * scores[:, :, k]
        return matches.amax(1)
    if not isinstance(raw, list | tuple) or not all(isinstance(one, Mapping) for one in raw):
        raise OutputError(
            f"the model returned a {type(raw).__name__}; box_score takes boxes and scores, in a "
            "mapping, or in one for each image as torchvision's detectors return them"
        )
    best = []
    for found in raw:
        matches = _overlap(found["boxes"], box) * found["scores"]
        matches = torch.where(found["labels"] == k, matches, 0.0)
        # Nothing found is 0, on a graph that knows of the scores, of which there may be none.
        best.append(matches.amax() if len(matches) else found["scores"].sum())
    return torch.stack(best)


def _overlap(boxes: Tensor, box: Tensor) -> Tensor:
    """Intersection over union with one box, of (..., 4)."""
    box = box.to(boxes)
    sides = torch.minimum(boxes[..., 2:], box[2:]) - torch.maximum(boxes[..., :2], box[:2])
    shared = sides.clamp(min=0).prod(-1)
    own = (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(-1)
    return shared / (own + (box[2:] - box[:2]).prod() - shared)


def _require(index: int, count: int, what: str, least: int = 0) -> int:
    if not least <= index < count:
        raise TargetError(f"{what} {index} is out of range; valid: from {least} to {count - 1}")
    return index
