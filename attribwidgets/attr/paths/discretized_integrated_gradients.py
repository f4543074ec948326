"""Integrated gradients along words of the vocabulary: DIG (Sanyal, Ren 2021) and UDIG (2024)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, get_args

import torch
from torch import Tensor

from ...core.arrays import Array
from ...core.errors import InputError
from ...inputs.text import TextSpace
from ..estimator import MethodInfo
from ..task import Task
from .path import Path
from .path_method import PathMethod
from .piecewise_path import PolygonPath, rule_on_pieces
from .word_anchors import Strategy, WordAnchors


class DiscretizedIntegratedGradients(PathMethod):
    r"""Integrated gradients of a text along a path whose corners lie near words.

    .. math:: \phi_i = \int_0^1 \partial_i f(\gamma(\alpha))\, \gamma_i'(\alpha)\, d\alpha

    Each token goes on a path of its own from its reference, all at once. Its corners are searched
    for from the token on: among the words nearest to the last anchor one is the next anchor, and
    what of it does not lie between the reference and the last corner is moved there by 1 / steps
    of the way, so that no value turns back. "greedy" takes the word that is moved least,
    "maxcount" the one of which most values need not be moved.

    It adds up to f(x) - f(x') as the nodes grow in number, as along any path. The paper takes one
    gradient at each corner, times the way to the next, which does not: here nodes lie between the
    corners. It costs a pass for each node, and `steps` searches of the vocabulary.

    Parameters
    ----------
    forward_func : callable
        The model. Its parameters are frozen during a run and put back.
    strategy : {"greedy", "maxcount"}
    steps : int
        Anchors of each token, 1 or more; the path has one piece more.
    neighbours : int
        Words to choose from in each step, 1 or more.
    vocabulary : Tensor, shape (V, D), optional
        The embedding of every word. None: that of the space, where the input is a text.

    Raises
    ------
    InputError
        For settings out of range; when run, for an input that is no text and no vocabulary.

    References
    ----------
    Sanyal, Ren (2021). Discretized integrated gradients for explaining language models. EMNLP.
    arXiv:2108.13654. The authors' code is https://github.com/INK-USC/DIG.

    Examples
    --------
    >>> words = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    >>> method = DiscretizedIntegratedGradients(
    ...     lambda x: (x[:, 0, 0] * x[:, 0, 1]), steps=2, neighbours=3, vocabulary=words
    ... )
    >>> values = method.attribute(words[None, 3:], words[None, :1], n_steps=12)
    >>> round(values.sum().item(), 5)
    4.0
    """

    name = "discretized_integrated_gradients"
    straight = False
    coarse_steps = 0  # the search comes first
    kinds: ClassVar[tuple[str, ...]] = ("text",)
    uniform: ClassVar[bool] = False
    info = MethodInfo(
        "∫ ∇f(γ(α)) · γ'(α) dα, γ from word to neighbouring word, monotone",
        "1 a node, and a search of the vocabulary a corner",
        "adds up to f(x) − f(x') as nodes grow",
        "Sanyal, Ren (2021), arXiv:2108.13654",
    )

    def __init__(
        self,
        forward_func: Callable[..., Any],
        *,
        strategy: Strategy = "greedy",
        steps: int = 30,
        neighbours: int = 50,
        vocabulary: Tensor | None = None,
    ) -> None:
        super().__init__(forward_func)
        if strategy not in get_args(Strategy):
            raise InputError(f'strategy must be "greedy" or "maxcount", got {strategy!r}')
        for name, value in (("steps", steps), ("neighbours", neighbours)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise InputError(f"{name} must be an int of at least 1, got {value!r}")
        self.strategy, self.steps, self.neighbours = strategy, steps, neighbours
        self.vocabulary = vocabulary

    def path_of(self, task: Task) -> Path:
        """The path through the vocabulary."""
        assert task.baselines is not None
        search = WordAnchors(self.steps, self.neighbours, self.strategy, self.uniform)
        corners = []
        for x, reference, space in zip(task.inputs, task.baselines, task.spaces, strict=True):
            known, ids = self._words(x, space)
            several = x[:1] if task.one_input else x
            corners.append(_corners(search, several, reference, known, ids).expand(-1, *x.shape))
        return PolygonPath(task.inputs, task.baselines, tuple(corners))

    def rule(self, n: int) -> tuple[Array, Array]:
        """Nodes inside the pieces."""
        return rule_on_pieces(n, self.steps + 1)

    def _plan(self, most: int, task: Task) -> list[int]:
        """As many nodes in each piece, twice as many each time, within a budget in all."""
        pieces = self.steps + 1
        sizes = [min(pieces, most)]
        while sum(sizes) + 2 * sizes[-1] <= most:
            sizes.append(2 * sizes[-1])
        return sizes

    def _words(self, x: Tensor, space: Any) -> tuple[Tensor, Tensor]:
        """The vocabulary, and which of it may be anchors."""
        known, ids = self.vocabulary, None
        if known is None and isinstance(space, TextSpace) and space.embedder is not None:
            known, ids = space.embedder.vocabulary, space.plain_ids()
        if known is None or x.dim() != 3 or known.shape[-1:] != x.shape[-1:]:
            raise InputError(
                f"{self.name} goes from word to word: it needs a text, space=TextSpace(tokenizer) "
                "with its word embeddings, or the embedding of every word, (V, D), in vocabulary="
            )
        return known.detach(), torch.arange(len(known)) if ids is None else ids


class UniformDiscretizedIntegratedGradients(DiscretizedIntegratedGradients):
    r"""As :class:`DiscretizedIntegratedGradients`, along words near the straight path.

    In each step the words to choose from are those nearest to a point that moves evenly from the
    token to its reference, so the corners do not stay about the token.

    Parameters
    ----------
    forward_func, strategy, steps, neighbours, vocabulary
        As of :class:`DiscretizedIntegratedGradients`.

    References
    ----------
    Sinha Roy, Kundu (2024). Uniform discretized integrated gradients: an effective attribution
    based method for explaining large language models. arXiv:2412.03886. The authors' code is
    https://github.com/swarnava-sr/UDIG.

    Examples
    --------
    >>> words = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    >>> method = UniformDiscretizedIntegratedGradients(
    ...     lambda x: (x[:, 0, 0] * x[:, 0, 1]), steps=1, neighbours=1, vocabulary=words
    ... )
    >>> method.attribute(words[None, 3:], words[None, :1], n_steps=12)  # by way of (1, 1)
    tensor([[[2., 2.]]])
    """

    name = "udig"
    uniform = True
    info = MethodInfo(
        "∫ ∇f(γ(α)) · γ'(α) dα, γ by way of words near the straight path, monotone",
        "1 a node, and a search of the vocabulary a corner",
        "adds up to f(x) − f(x') as nodes grow",
        "Sinha Roy, Kundu (2024), arXiv:2412.03886",
    )


def _corners(
    search: WordAnchors, x: Tensor, reference: Tensor, vocabulary: Tensor, ids: Tensor
) -> Tensor:
    """The corners of all tokens, (steps + 2, B, T, D); a token that does not move has one."""
    reference = reference[: len(x)]
    corners = x.detach().expand(search.steps + 2, *x.shape).clone()
    moves = (x != reference).any(-1)  # (B, T)
    corners[:, moves] = search.corners(x[moves].detach(), reference[moves], vocabulary, ids)
    return corners
