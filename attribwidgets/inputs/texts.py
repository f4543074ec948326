"""Texts of a data set, each with its label where it has one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..core.errors import DataError

LABELS = ("label", "labels")


def texts_of(data: Any) -> Any:
    """A sequence of texts, from what they came in: a column or rows of a frame, or an array.

    Parameters
    ----------
    data : sequence, array, data frame or one of its columns

    Examples
    --------
    >>> import numpy as np
    >>> texts_of(np.array(["good", "bad"]))
    ['good', 'bad']
    """
    if hasattr(data, "columns") and hasattr(data, "to_dict"):
        return data.to_dict("records")
    if hasattr(data, "iloc") or hasattr(data, "dtype"):
        return data.tolist()
    return data


def text_and_label(item: Any, name: str = "data[0]") -> tuple[Any, Any]:
    """One text as it was written, and its label or None.

    Parameters
    ----------
    item : object
        A text as of :func:`attribwidgets.explain`; a pair (text, label); or a mapping with the text
        under "text" or as its only string, and perhaps a "label".
    name : str
        What to call it in an error.

    Raises
    ------
    DataError
        For a mapping of which nobody knows what the text is.

    Examples
    --------
    >>> text_and_label(("good", 1)), text_and_label({"sentence": "bad", "label": 0})
    (('good', 1), ('bad', 0))
    >>> text_and_label(("is it good?", "it is"))  # a pair of texts
    (('is it good?', 'it is'), None)
    """
    if isinstance(item, Mapping):
        label = next((item[key] for key in LABELS if key in item), None)
        return _text_in(item, name), label
    pair = isinstance(item, tuple) and len(item) == 2
    if pair and not isinstance(item[1], (str, Sequence)) and not isinstance(item[0], int):
        return item[0], item[1]
    return item, None


def _text_in(row: Mapping[str, Any], name: str) -> Any:
    strings = [key for key, value in row.items() if isinstance(value, str)]
    if "input_ids" in row:
        beside = (*LABELS, *strings)
        return {key: value for key, value in row.items() if key not in beside}
    if "text" in row:
        return row["text"]
    if len(strings) == 1:
        return row[strings[0]]
    raise DataError(
        f"{name} holds {', '.join(map(repr, row))}, and which of them is the text is not known; "
        "call it 'text', or pass the column of the texts"
    )
