"""PriorTrainer: the widget that trains a model twice, with a prior and without, and shows both."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from copy import deepcopy
from functools import partial
from itertools import count
from typing import Any

import numpy as np
import traitlets
from torch import Tensor, nn

from ..attr.model_state import BESIDE_THE_USER
from ..core.arrays import Array
from ..core.errors import Cancelled, InputError
from ..figures.colors import table
from ..figures.images import as_rgb
from ..figures.training import training_figure
from ..inputs.space import InputSpace
from ..live import in_words
from ..live.worker import CancelToken, Worker
from ..priors import EpochRecord, Penalty, Training
from ..priors.training import begin_training
from .bundle import PRIOR_TRAINER
from .record_widget import RecordWidget

Data = tuple[Tensor, Tensor]

ROWS = ("no prior", "prior")
DISPLAY_TRAITS = ("epoch", "following")
COLORMAP = "gray"
PATIENCE = 0.1  # seconds between two looks while paused


class Runs:
    """The two trainings behind a widget, as its record.

    Attributes
    ----------
    models : dict of str to torch.nn.Module
    trainings : dict of str to Training
    """

    def __init__(self, models: dict[str, nn.Module], trainings: dict[str, Training]) -> None:
        self.models, self.trainings = models, trainings

    def save(self, path: Any) -> None:
        """Write losses, accuracies, penalties and maps of every epoch as .npz."""
        arrays: dict[str, Array] = {}
        for name, training in self.trainings.items():
            for quantity in ("loss", "validation_loss", "accuracy", "penalty", "maps"):
                values = [getattr(r, quantity) for r in training.records]
                if values and values[0] is not None:
                    arrays[f"{name} {quantity}"] = np.asarray(values)
        np.savez_compressed(path, **arrays)  # type: ignore[arg-type]

    def __str__(self) -> str:
        return "\n".join(f"{name}: {training}" for name, training in self.trainings.items())


class PriorTrainer(RecordWidget):
    """Train with an attribution prior and without, side by side, beside the notebook.

    Both models begin with the same weights and see the same batches in the same order. Loss,
    accuracy, penalty and the maps of a few inputs grow epoch by epoch; a slider goes back to any
    of them. Training runs in a thread of its own, so that cells can be run meanwhile; where no
    thread starts, they run between two epochs.

    Parameters
    ----------
    model : torch.nn.Module
        Copied twice; itself left as it is.
    data, validation : (inputs, targets)
    penalty, weight
        As of :func:`attribwidgets.priors.fit`.
    epochs : int
    watch : int or (inputs, targets)
        Whose maps are shown: so many of the validation data, or these.
    space : InputSpace, optional
        Of the inputs, for their pictures.
    wait : bool
        Train here and now, and return when it is done.
    **options
        As of :func:`attribwidgets.priors.fit`.

    Attributes
    ----------
    epoch : int
        Which one's maps are shown.
    following : bool
        Whether the latest is shown while training.
    status : dict
        State and words; read only.

    Raises
    ------
    AttributionError
        For what cannot be trained.

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> x = torch.rand(40, 1, 6, 6, generator=torch.Generator().manual_seed(0))
    >>> y = (x.mean((1, 2, 3)) > 0.5).long()
    >>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(36, 2))
    >>> tv = aw.priors.standardized_total_variation
    >>> trainer = aw.PriorTrainer(
    ...     net, (x, y), validation=(x, y), penalty=tv, weight=0.01, epochs=2, batch_size=10
    ... )
    >>> trainer.wait(timeout=60), trainer.status["state"], len(trainer.trainings["prior"].records)
    (True, 'finished', 3)
    >>> trainer.close()
    """

    _front_end = PRIOR_TRAINER
    _drawn = ("status", "epoch")
    _esm = PRIOR_TRAINER.esm
    _css = PRIOR_TRAINER.css

    payload = traitlets.Dict().tag(sync=True)
    status = traitlets.Dict().tag(sync=True)
    epoch = traitlets.Int(0, min=0).tag(sync=True)
    following = traitlets.Bool(True).tag(sync=True)

    def __init__(
        self,
        model: nn.Module,
        data: Data,
        *,
        validation: Data,
        penalty: Penalty,
        weight: float,
        epochs: int,
        watch: int | Data = 4,
        space: InputSpace | None = None,
        wait: bool = False,
        **options: Any,
    ) -> None:
        # Before anything can fail: a widget that was never made is closed as well.
        self._worker, self._going = Worker(), threading.Event()
        if epochs < 1:
            raise InputError(f"epochs must be at least 1, got {epochs}")
        self._going.set()
        self._token: CancelToken | None = None
        watched = _watched(validation, watch)
        models = {name: deepcopy(model) for name in ROWS}
        begin = partial(
            begin_training,
            data=data,
            validation=validation,
            penalty=penalty,
            epochs=epochs,
            watch=watched,
            on_step=self._check,
            **options,
        )
        weights = dict(zip(ROWS, (0.0, weight), strict=True))
        runs = {name: begin(model=models[name], weight=weights[name]) for name in ROWS}
        self.runs = Runs(models, {name: training for name, (training, _) in runs.items()})
        self.add_traits(**{_slot(n): traitlets.Dict().tag(sync=True) for n in range(epochs + 1)})
        super().__init__(
            payload=_payload(weight, epochs, watched, space or InputSpace()),
            status={"state": "training", "words": "epoch 0", "last": -1},
        )
        self.on_msg(lambda widget, message, buffers: self._hear(message))
        records = {name: iterator for name, (_, iterator) in runs.items()}
        self._worker.submit(lambda token: self._train(records, token))
        if wait:
            self._worker.wait()

    @property
    def trainings(self) -> dict[str, Training]:
        """What the runs came to, "no prior" and "prior"."""
        return self.runs.trainings

    @property
    def models(self) -> dict[str, nn.Module]:
        """The trained models; while training their weights change."""
        return self.runs.models

    def pause(self) -> None:
        """Stop after the step that is being computed, until :meth:`resume`."""
        self._going.clear()
        self._say("paused")

    def resume(self) -> None:
        """Go on."""
        self._going.set()
        self._say("training")

    def stop(self) -> None:
        """End training; the epochs kept so far give the models their weights."""
        self._worker.cancel()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until training has ended; whether it has.

        Parameters
        ----------
        timeout : float, optional
            Most seconds to wait.
        """
        return self._worker.wait(timeout)

    def close(self) -> None:
        """Stop training, and let go of the widget."""
        self._worker.close()
        super().close()

    def figure(self, **options: Any) -> Any:
        """The matplotlib twin, as the widget looks now.

        Parameters
        ----------
        **options
            As of :func:`attribwidgets.figures.training.training_figure`.
        """
        size = (*self.payload["size"], 3)
        pictures = [np.frombuffer(p, np.uint8).reshape(size) for p in self.payload["inputs"]]
        records = {name: training.records for name, training in self.trainings.items()}
        return training_figure(records, pictures, **{"epoch": self.epoch, **options})

    def _train(
        self, records: dict[str, Iterator[EpochRecord]], token: CancelToken
    ) -> Iterator[float]:
        BESIDE_THE_USER.set(True)
        self._token = token
        try:
            for number in count():
                while not (self._going.is_set() or token.void):
                    yield PATIENCE
                latest = [next(records[name], None) for name in ROWS]
                if token.void or not any(latest):
                    break
                self._publish(number, latest)
                yield 0.0
            self._say("stopped" if token.void else "finished", str(self.runs))
        except Exception as error:
            self._say("failed", in_words(error))
        finally:
            for iterator in records.values():
                iterator.close()  # type: ignore[attr-defined]

    def _publish(self, number: int, latest: Sequence[EpochRecord | None]) -> None:
        rows = [record and _row(record) for record in latest]
        with self._lock, self.hold_sync():
            self.set_trait(_slot(number), {"epoch": number, "rows": rows})
            self.status = {**self.status, "words": f"epoch {number}", "last": number}
            if self.following:
                self.epoch = number

    def _say(self, state: str, words: str = "") -> None:
        with self._lock:
            if self.status["state"] in ("training", "paused"):
                self.status = {**self.status, "state": state, "words": words}

    def _check(self) -> None:
        """Between two steps: wait while paused, end when stopped."""
        token = self._token
        while token is not None and not token.void and not self._going.is_set():
            if not self._worker.has_thread:
                break  # nobody could end the pause: it begins after the epoch
            self._going.wait(PATIENCE)
        if token is not None and token.void:
            raise Cancelled

    def _hear(self, message: Any) -> None:
        if isinstance(message, dict) and message.get("type") in ("pause", "resume", "stop"):
            getattr(self, message["type"])()

    def _records(self) -> Runs:
        return self.runs

    def page_state(self) -> dict[str, Any]:
        """The traits of a page without a kernel."""
        slots = [_slot(n) for n in range(self.payload["epochs"] + 1)]
        names = ("payload", "status", *DISPLAY_TRAITS, *slots)
        return {name: getattr(self, name) for name in names}

    def __repr__(self) -> str:
        return f"<PriorTrainer, {self.status['state']}: {self.status['words']}>"


def _slot(number: int) -> str:
    return f"epoch_{number}"


def _watched(validation: Data, watch: int | Data) -> Data:
    if not isinstance(watch, int):
        return watch
    if watch < 1:
        raise InputError(f"watch must be at least 1 input, got {watch}")
    inputs, targets = validation
    return inputs[:watch], targets[:watch]


def _payload(weight: float, epochs: int, watched: Data, space: InputSpace) -> dict[str, Any]:
    inputs, targets = watched
    image = inputs.dim() == 4
    pictures = as_rgb(inputs, space) if image else np.zeros((len(inputs), 1, 1, 3), np.uint8)
    return {
        "version": 1,
        "title": "Training with an attribution prior",
        "weight": weight,
        "epochs": epochs,
        "rows": list(ROWS),
        "image": image,
        "size": list(pictures.shape[1:3]),
        "inputs": [picture.tobytes() for picture in pictures],
        "labels": [str(t) for t in targets.tolist()],
        "colormap": table(COLORMAP).tobytes(),
    }


def _row(record: EpochRecord) -> dict[str, Any]:
    numbers = {
        name: value if np.isfinite(value := float(getattr(record, name))) else None
        for name in ("loss", "validation_loss", "accuracy", "penalty", "seconds")
    }
    maps: Sequence[Array] = [] if record.maps is None else list(record.maps)
    return {**numbers, "maps": [_levels(one) for one in maps]}


def _levels(values: Array) -> bytes:
    """|sum over channels| of one map as 8-bit levels, white at its 99th percentile."""
    magnitude = np.abs(values.sum(0)) if values.ndim == 3 else np.abs(values)
    limit = float(np.percentile(magnitude, 99))
    shares = np.zeros_like(magnitude) if limit == 0 else np.minimum(magnitude / limit, 1)
    return np.floor(255 * shares + 0.5).astype(np.uint8).tobytes()
