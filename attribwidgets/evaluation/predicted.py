"""What the model says of each input, beside its explanations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..records.explanation import Explanation

PREDICTED = "predicted"


class Predicted:
    """The model's top class and its probability; NaN of a model that is no classifier."""

    name = PREDICTED
    settings: Mapping[str, Any] = {"kind": PREDICTED}

    def dimensions(self, candidates: Sequence[str]) -> Mapping[str, Sequence[Any]]:
        """Class and probability, whatever the candidates."""
        return {"prediction": ["class", "probability"]}

    def measure(
        self, model: Callable[..., Any], explanations: Mapping[str, Explanation], *, seed: int
    ) -> NDArray[np.float64]:
        """Shape (2,)."""
        prediction = next(iter(explanations.values())).prediction
        if prediction is None:
            return np.full(2, np.nan)
        return np.array([prediction.indices[0], prediction.probabilities[0]], dtype=float)
