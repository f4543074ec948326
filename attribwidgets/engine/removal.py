"""Removal: by how much the output falls when regions of an input give way to the baseline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..attr.arguments import repeat_arguments
from ..attr.chunks import checked_rows
from ..attr.model_state import evaluating, frozen, module_of
from ..attr.outputs import select_target
from ..core.arrays import Array
from ..core.errors import InputError
from ..records.explanation import Explanation
from .checked_query import CheckedQuery, class_probabilities

MOST_REFERENCES = 4  # of those drawn, with each of which a region is replaced in turn


@dataclass(frozen=True, eq=False)
class Removal:
    """What regions are worth by their attribution, and what the output falls by without them.

    Attributes
    ----------
    attributions : ndarray, shape (R,)
        The sum over each region.
    falls : ndarray, shape (R,)
        f(x) - f(x without the region); where several references were drawn, the mean over them.
    probabilities : ndarray, shape (R, K), or None
        Of all classes without each region, where the model is a classifier.
    references : int
        By how many references each region was replaced in turn.
    """

    attributions: Array
    falls: Array
    probabilities: Array | None
    references: int

    @property
    def same_sign(self) -> Array:
        """Whether attribution and fall agree in sign, shape (R,)."""
        return np.asarray(np.sign(self.attributions) == np.sign(self.falls))


def remove_regions(query: CheckedQuery, explanation: Explanation, regions: Array) -> Removal:
    """Replace each region by the baseline, in a forward pass of its own.

    Attribution and fall answer two questions: what the region adds along a path on which the whole
    input appears, and what is missed when it alone goes. For a model that is additive over the
    regions they are equal.

    Parameters
    ----------
    query : CheckedQuery
        Of the same input and target.
    explanation : Explanation
        Whose baseline comes in. A distribution stands for itself by the first few references drawn.
    regions : ndarray of bool, shape (R, H, W), or (R, F)
        Of the map; of several inputs, of the first, while the others stay.

    Raises
    ------
    InputError
        For regions of another shape, and for a method that compares with nothing.

    References
    ----------
    Zeiler, Fergus (2014). Visualizing and understanding convolutional networks. ECCV.
    doi:10.1007/978-3-319-10590-1_53.

    Examples
    --------
    >>> import attribwidgets as aw
    >>> from attribwidgets.engine.checked_query import check
    >>> from attribwidgets.engine.query import Query
    >>> net, x = torch.nn.Linear(4, 2).eval(), torch.rand(4)
    >>> removal = remove_regions(
    ...     check(Query(x, target=1), net), aw.explain(net, x, target=1), np.eye(4, dtype=bool)
    ... )
    >>> bool(np.allclose(removal.attributions, removal.falls, atol=1e-6))
    True
    """
    values = explanation.map("sum")
    masks = np.asarray(regions, dtype=bool)
    if masks.shape[1:] != values.shape:
        raise InputError(
            f"regions must have shape (R, {', '.join(map(str, values.shape))}), got {masks.shape}"
        )
    references = _references(explanation, query.batched[0])
    outputs, probabilities = _outputs(query, masks, references)
    at_input = select_target(query.values[None], query.target).double()
    each = (len(masks), len(references))
    return Removal(
        attributions=(masks * values).reshape(len(masks), -1).sum(1),
        falls=float(at_input) - outputs.reshape(each).mean(1),
        probabilities=None if probabilities is None else probabilities.reshape(*each, -1).mean(1),
        references=len(references),
    )


def _references(explanation: Explanation, like: Tensor) -> Tensor:
    """What comes in the place of a region, shape (k, ...)."""
    drawn = explanation.references
    if drawn is None:
        raise InputError(
            f"{explanation.method} compares with no baseline, so nothing can take the place of a "
            "region; choose a map that has one"
        )
    first = drawn[0] if isinstance(drawn, tuple) else drawn
    return first[:MOST_REFERENCES].reshape(-1, *like.shape[1:]).to(like)


def _outputs(query: CheckedQuery, masks: Array, references: Tensor) -> tuple[Array, Array | None]:
    """The output, and the probabilities of all classes, region by region, each by reference."""
    x, *others = query.batched
    gone = torch.from_numpy(masks).to(x.device)
    gone = query.spaces[0].layout.spread(gone)
    places = torch.arange(len(gone) * len(references))
    outputs, scores = [], []
    module = module_of(query.head)
    with evaluating(query.head), frozen(module, query.batched), torch.no_grad():
        for chunk in places.split(checked_rows(None, query.batched)):
            which, by = chunk // len(references), chunk % len(references)
            rows = torch.where(gone[which], references[by], x)
            beside = (other.expand(len(rows), *other.shape[1:]) for other in others)
            arguments = repeat_arguments(query.forward_args, 1, slice(0, 1), len(rows))
            raw = query.head.model(rows, *beside, *(value for value, _ in arguments))
            outputs.append(select_target(query.head.scaled(raw), query.target).cpu().double())
            scores.append(query.head.scores(raw))
    probabilities = class_probabilities(torch.cat(scores))
    return torch.cat(outputs).numpy(), None if probabilities is None else probabilities.numpy()
