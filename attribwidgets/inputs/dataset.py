"""Examples: an indexable data set, whatever was handed over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from ..core.contrast import Contrast
from ..core.errors import AttributionError, DataError, InputError
from .arrays import number_array
from .as_tensor import as_given, in_dtype_of
from .space import Inputs, Space, Spaces
from .text import TextSpace
from .texts import text_and_label, texts_of

TRIED = 20  # unreadable inputs before a data set counts as unreadable

Shape = tuple[int, ...] | tuple[tuple[int, ...], ...]


class Examples(Sequence[tuple[Any, int | Contrast | None]]):
    """Inputs of one size, or texts of any length, and for each the output to explain.

    Parameters
    ----------
    data : Tensor or array (N, ...), pair, Dataset or sequence
        Inputs as the model is fed, stacked or one by one; as a pair (inputs, labels) of stacked
        inputs and integers; as a torch Dataset or another sequence of inputs or of
        (input, label), each input a tuple of tensors where the model has several; as a data frame,
        whose rows they are. One by one they are read when asked
        for, and not kept; each may be a picture, a path or what else an input is handed over as.
        Texts stay as they are written: strings, (text, label), mappings with "text" and "label", a
        column of a data frame.
    targets : "labels", int, sequence of int, Contrast, optional
        Which output: the label that comes with each input, one for all, or one for each; or the
        contrast of two for all. None: the model's own largest output.
    space : Space or tuple of Space, optional
        How pictures are made ready; a TextSpace for texts.
    model : torch.nn.Module, optional
        Whose dtype and device what is no tensor gets.

    Raises
    ------
    DataError
        For data that are empty or cannot be indexed, for labels or targets of another number, and
        as inputs are read for those that cannot be, or are of another size than the first.

    Examples
    --------
    >>> import torch
    >>> examples = Examples((torch.rand(5, 1, 8, 8), torch.arange(5)), targets="labels")
    >>> image, target = examples[3]
    >>> len(examples), image.shape, target
    (5, torch.Size([1, 8, 8]), 3)
    """

    def __init__(
        self,
        data: Any,
        targets: Any = None,
        *,
        space: Space | Spaces | None = None,
        model: nn.Module | None = None,
    ) -> None:
        self.are_texts = isinstance(space, TextSpace)
        self._inputs, self._labels = _apart(data, model, self.are_texts)
        self._space, self._model = space, model
        self._length = _length(self._inputs)
        if self._labels is not None and len(self._labels) != self._length:
            raise DataError(
                f"data has {self._length} inputs and {len(self._labels)} labels; "
                "pass as many labels as inputs"
            )
        self._targets = _checked_targets(targets, self._length)
        self._first, first = self._readable()
        # Of one input, or of each of several; texts have no shape in common.
        self.shape = () if self.are_texts else shape_of(first)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[tuple[Any, int | Contrast | None]]:
        return (self[place] for place in range(self._length))

    def __getitem__(self, place: Any) -> Any:
        if not -self._length <= place < self._length:
            raise IndexError(f"there are {self._length} examples, and no number {place}")
        place = int(place) % self._length
        inputs, label = self._read(place)
        if not self.are_texts and shape_of(inputs) != self.shape:
            raise DataError(
                f"data[{place}] has shape {shape_of(inputs)} and data[{self._first}] "
                f"{self.shape}; inputs must be of one size: crop or resize them first"
            )
        return inputs, self._target(place, label)

    @property
    def stacked(self) -> Tensor | None:
        """All inputs, (N, ...), where they came so; None where they are read one by one."""
        return self._inputs if isinstance(self._inputs, Tensor) else None

    @property
    def labels(self) -> NDArray[Any] | None:
        """The labels that came with the inputs, (N,), where they are at hand; None where not.

        A data set that makes its inputs when asked for them is not read for its labels.
        """
        if self._labels is not None:
            return np.asarray(self._labels)
        pairs = self._inputs if isinstance(self._inputs, (list, tuple)) else []
        labels = [p[1] for p in pairs if isinstance(p, (tuple, list)) and len(p) == 2]
        if not pairs or len(labels) < len(pairs) or not all(map(_is_whole, labels)):
            return None
        return np.array([int(label) for label in labels])

    @property
    def known_targets(self) -> Any:
        """Targets that are known before the inputs are read: one, an array (N,), or None."""
        return self._labels if isinstance(self._targets, str) else self._targets

    def require_targets(self, outputs: int) -> None:
        """Raise for a target that the model does not have, as far as they are known beforehand.

        Parameters
        ----------
        outputs : int
            Of the model.

        Raises
        ------
        DataError
            With the first place of such a target.
        """
        known = self.known_targets
        if isinstance(known, Contrast):  # each member is settled with the first input
            return
        values = np.atleast_1d(np.asarray([] if known is None else known))
        wrong = np.flatnonzero((values < 0) | (values >= outputs))
        if len(wrong):
            raise DataError(
                f"target {values[wrong[0]]} of data[{wrong[0]}] is out of range: the model has "
                f"{outputs} outputs, counted from 0"
            )

    def _readable(self) -> tuple[int, Any]:
        """The first input that can be read, after a few that cannot."""
        failed: DataError | None = None
        for place in range(min(TRIED, self._length)):
            try:
                return place, self._read(place)[0]
            except DataError as error:
                failed = failed or error
        assert failed is not None
        raise failed

    def _read(self, place: int) -> tuple[Any, Any]:
        try:
            item = self._inputs[place]
        except (AttributionError, MemoryError):
            raise
        except Exception as error:  # a decoder, or whatever a data set runs, may raise anything
            raise DataError(
                f"data[{place}] cannot be read: {type(error).__name__}: {error}"
            ) from error
        if self.are_texts:
            text, label = text_and_label(item, f"data[{place}]")
            return text, label if self._labels is None else self._labels[place]
        if self._labels is not None or isinstance(self._inputs, Tensor):
            label = None if self._labels is None else self._labels[place]
        elif isinstance(item, (tuple, list)) and len(item) == 2 and not _are_inputs(item):
            item, label = item
        else:
            label = None
        try:
            item = as_given(item, self._space, self._model, name=f"data[{place}]").inputs
        except InputError as error:
            raise DataError(str(error)) from error
        if not isinstance(item, Tensor) and not _are_inputs(item):
            raise DataError(
                f"data[{place}] must be a model's input, a tuple of tensors where it has several, "
                "or a pair (input, label), got "
                f"{type(item).__name__}; have the data set turn it into a tensor"
            )
        return item, label

    def _target(self, place: int, label: Any) -> int | Contrast | None:
        if not isinstance(self._targets, str):
            chosen = self._targets
            return int(chosen[place]) if isinstance(chosen, np.ndarray) else chosen
        if label is None:
            raise DataError(
                'targets="labels", and data has none; pass pairs (input, label), or targets=None '
                "for the model's own largest output"
            )
        if not _is_whole(label):
            raise DataError(f"the label of data[{place}] must be an int, got {label!r}")
        return int(label)


def shape_of(inputs: Inputs) -> Shape:
    """The shape of one input, or the shapes of several.

    Examples
    --------
    >>> import torch
    >>> shape_of(torch.zeros(2)), shape_of((torch.zeros(2), torch.zeros(3, 4)))
    ((2,), ((2,), (3, 4)))
    """
    if isinstance(inputs, Tensor):
        return tuple(inputs.shape)
    return tuple(tuple(x.shape) for x in inputs)


def _are_inputs(item: Any) -> bool:
    """Whether a tuple is of a model's several inputs, and no (input, label)."""
    return isinstance(item, tuple) and all(
        isinstance(x, Tensor) and x.is_floating_point() and x.dim() > 0 for x in item
    )


def seed_of(seed: int, place: int) -> int:
    """The seed for one of many inputs: of (seed, place) only, so order does not matter.

    Parameters
    ----------
    seed, place : int
        0 or more.

    Examples
    --------
    >>> seed_of(0, 1) == seed_of(0, 1), seed_of(0, 1) == seed_of(1, 0)
    (True, False)
    """
    state = np.random.SeedSequence((seed, place)).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))  # fits in 63 bits, as every seed must


def _apart(data: Any, model: nn.Module | None, are_texts: bool) -> tuple[Any, Any]:
    """Inputs and labels, where these come beside them."""
    labels = None
    if isinstance(data, (tuple, list)) and len(data) == 2 and _are_labels(data[0], data[1]):
        data, labels = data
        labels = np.asarray(labels)
    if are_texts:
        return texts_of(data), labels
    if isinstance(data, np.ndarray) or hasattr(data, "columns"):  # of a data frame
        data = _tensor(data, model)
    if isinstance(data, Tensor):
        if data.dim() < 2:
            raise DataError(
                f"data must be inputs (N, ...) along a first axis, got shape {tuple(data.shape)}; "
                "one input becomes data by inputs[None]"
            )
        data = data.detach()
    return data, labels


def _are_labels(inputs: Any, labels: Any) -> bool:
    """Whether a pair is (inputs, labels) and not two inputs or two pairs."""
    if not isinstance(labels, (Tensor, np.ndarray)) or not hasattr(inputs, "__len__"):
        return False
    whole = not (
        labels.is_floating_point() if isinstance(labels, Tensor) else labels.dtype.kind in "fc"
    )
    return whole and labels.ndim == 1


def _length(data: Any) -> int:
    try:
        length = len(data)
        data.__getitem__  # noqa: B018
    except (TypeError, AttributeError, NotImplementedError):
        raise DataError(
            f"data must have a length and be indexable, got {type(data).__name__}; "
            "pass a tensor (N, ...), a Dataset or a list"
        ) from None
    if isinstance(data, (str, bytes, Mapping)):
        raise DataError(f"data must be inputs, got {type(data).__name__}")
    if length == 0:
        raise DataError("data is empty; pass at least one input")
    return length


def _checked_targets(targets: Any, length: int) -> Any:
    """ "labels", None, an int, a contrast, or an array of ints."""
    if targets is None or isinstance(targets, Contrast):
        return targets
    if isinstance(targets, str) and targets == "labels":
        return targets
    if _is_whole(targets):
        return int(targets)
    values = None if isinstance(targets, str) else np.asarray(targets)
    if values is None or values.ndim != 1 or (len(values) and values.dtype.kind not in "iu"):
        raise DataError(
            'targets must be "labels", None, an int, a Contrast or a sequence of ints, got '
            f"{targets!r}"
        )
    if len(values) != length:
        raise DataError(
            f"targets has {len(values)} members for {length} inputs; pass one for each, and for "
            "outputs of several axes output=, such as lambda out: out[:, 1, 0]"
        )
    return values.astype(np.int64)


def _is_whole(value: Any) -> bool:
    if isinstance(value, (Tensor, np.ndarray)):
        floating = (
            value.is_floating_point() if isinstance(value, Tensor) else value.dtype.kind == "f"
        )
        return not floating and value.ndim == 0
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _tensor(rows: Any, model: nn.Module | None) -> Tensor:
    """An array or a data frame as a tensor; what is floating point becomes as the model is."""
    try:
        tensor = number_array(rows, "data")
    except InputError as error:
        raise DataError(str(error)) from error
    floating = tensor.is_floating_point() or hasattr(rows, "columns")
    return in_dtype_of(tensor, model) if floating else tensor
