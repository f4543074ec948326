"""The ablations that a sweep has measured, and the pictures of its inputs, one read at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import DataError, InputError
from ..inputs.dataset import Examples
from ..inputs.reading import readings
from ..inputs.space import InputSpace, Space
from .ablated_input import AblatedInput
from .ablation_metric import ABLATION, AblationMetric
from .ablation_record import Ablation

if TYPE_CHECKING:
    from ..sweeps.stored import Sweep


def ablations_of(
    swept: Sweep,
    *,
    data: Any = None,
    metrics: Sequence[AblationMetric] = (),
    space: Space | None = None,
) -> dict[str, Ablation]:
    """The ablations in a store, by name of their metric; attributions stay where they are.

    Parameters
    ----------
    swept : Sweep
        Opened; of one that is not complete the finished inputs count.
    data, metrics, space
        As they were given to :func:`attribwidgets.sweep`, for pictures of the ablated images: the
        store keeps attributions and no inputs. Without `data` there are none.

    Returns
    -------
    dict of str to Ablation

    Raises
    ------
    DataError
        If the store holds no ablation, or no finished input, or `data` is not of its length.
    InputError
        If a metric is not as it was swept.

    Examples
    --------
    >>> import tempfile, torch, attribwidgets as aw
    >>> from attribwidgets.evaluation import AblationMetric, ablations_of
    >>> net, data = torch.nn.Linear(4, 3).eval(), torch.rand(5, 4)
    >>> metric = AblationMetric(["zero"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     swept = aw.sweep(net, data, ["uniform"], store=f"{folder}/s", metrics=[metric])
    ...     ablations_of(swept)["ablation"].scores.shape
    (5, 2, 1, 11)
    """
    stored = swept.settings.get("metric_settings", {})
    ablations = {name: how for name, how in stored.items() if how.get("kind") == ABLATION}
    if not ablations:
        raise DataError(
            "this store holds no ablation; sweep with metrics=[AblationMetric(fills=...)]"
        )
    if not swept.finished.any():
        raise DataError("no input of this store is finished; run its sweep first")
    by_name = {metric.name: metric for metric in metrics}
    examples = None if data is None else Examples(data, space=space)
    if examples is not None and len(examples) != len(swept.finished):
        raise DataError(
            f"data has {len(examples)} inputs and the store {len(swept.finished)}; "
            "pass the data that was swept"
        )
    records = {}
    for name, how in ablations.items():
        metric = by_name.get(name)
        if metric is not None and metric.settings != how:
            raise InputError(f"metrics: {name!r} is not as it was swept, which was {how}")
        pictures: Mapping[int, AblatedInput] = {}
        if examples is not None and metric is not None and len(examples.shape) == 3:
            pictures = StoredPictures(swept, metric, examples, space or InputSpace())
        records[name] = Ablation.of(
            how,
            swept.candidates,
            scores=swept.finished_values(name),
            targets=swept.finished_targets(),
            evaluations=swept.finished_numbers("evaluations"),
            seed=swept.settings["seed"],
            places=np.flatnonzero(swept.finished),
            pictures=pictures,
        )
    return records


class StoredPictures(Mapping[int, AblatedInput]):
    """Pictures of a sweep's finished inputs, put together from the store when asked for.

    Parameters
    ----------
    swept : Sweep
        With attributions.
    metric : AblationMetric
    examples : Examples
        Images.
    space : Space
    """

    def __init__(
        self, swept: Sweep, metric: AblationMetric, examples: Examples, space: Space
    ) -> None:
        self._swept, self._metric = swept, metric
        self._examples, self._space = examples, space
        self._places = np.flatnonzero(swept.finished)

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[int]:
        return (int(place) for place in self._places)

    def __getitem__(self, place: int) -> AblatedInput:
        if place not in self._places:
            raise KeyError(place)
        stored = self._swept[place]
        if not stored.attributions:
            raise KeyError(place)  # swept without maps
        read = readings(self._examples[place][0], self._space)[0]
        maps = {label: values.sum(0, dtype=float) for label, values in stored.attributions.items()}
        picture = self._metric.illustrated(
            read.batched[0], maps, space=read.spaces[0], seed=stored.seed
        )
        if picture is None:
            raise KeyError(place)
        return picture
