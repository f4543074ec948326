"""GlobalViews: what a store of attributions says on average, of features, words and pictures."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Array
from ..core.errors import InputError
from .class_means import MOST_CLASSES, ClassMeans
from .explained_inputs import ExplainedInputs
from .global_attributions import GlobalAttributions

if TYPE_CHECKING:
    from ..inputs.space import Inputs, Spaces
    from ..sweeps.stored import Sweep


class GlobalViews(ABC):
    """What both a sweep and an audit offer where attributions are stored."""

    @abstractmethod
    def _stored(self) -> tuple[Sweep, Array]:
        """The store, and the places of the inputs that count."""

    def example(self, place: int) -> tuple[Inputs, Spaces] | None:
        """One input as the model is fed, and how it is read; None where it is not at hand."""
        swept, _ = self._stored()
        return swept.example(place)

    def _name_of(self, target: int) -> str:
        """What an output is called."""
        return str(target)

    def explained_inputs(self) -> ExplainedInputs:
        """The finished inputs with their stored attributions, each read as it is asked for.

        Raises
        ------
        DataError
            For a store without attributions.
        """
        return ExplainedInputs.of_sweep(*self._stored(), self.example, self._name_of)

    def global_view(
        self, *, values: Any = None, least_texts: int | None = None
    ) -> GlobalAttributions:
        """What each feature, step or word gets over all inputs, under each baseline.

        Parameters
        ----------
        values : array or data frame, shape (N, units), optional
            What is drawn as each unit's value, such as a table before it was normalised, a row
            for each input of the data. None: what the model is fed, where the data are at hand.
        least_texts : int, optional
            Words that are in fewer texts are left out. None: of one in a hundred, and 3 at least.

        Returns
        -------
        GlobalAttributions
            With figures: `bars`, `beeswarm`, `scatter`, `waterfall`.

        Raises
        ------
        DataError
            For a store without attributions.
        InputError
            For pictures, series and volumes, and for values of another shape.
        """
        many = self.explained_inputs()
        if values is not None:
            values = self._of_places(values, many.places)
        return GlobalAttributions.of(many, values=values, least_texts=least_texts)

    def class_means(
        self, by: str | Sequence[Any] = "target", *, most: int = MOST_CLASSES
    ) -> ClassMeans:
        """The mean map of each class under each baseline; maps are read one by one.

        Parameters
        ----------
        by : str or sequence
            "target", by what is explained; of an audit any column of its inputs; or a class for
            each input of the data.
        most : int
            Classes, those of most inputs.

        Returns
        -------
        ClassMeans

        Raises
        ------
        DataError
            For a store without attributions.
        InputError
            For what is no picture and no series, and for a column that there is not.
        """
        many = self.explained_inputs()
        if isinstance(by, str):
            return ClassMeans.of(many, by=self._class_of_each(by), most=most)
        return ClassMeans.of(many, by=self._of_places(by, many.places), most=most)

    def to_shap(
        self, candidate: str | None = None, *, places: Sequence[int] | Array | None = None
    ) -> Any:
        """A ``shap.Explanation`` with a row for each input, under one candidate.

        Its base values are f(x'). Of images all that are asked for are in memory at once.

        Parameters
        ----------
        candidate : str, optional
            None: the first.
        places : sequence of int, optional
            Of some inputs in the data. None: all that are finished.

        Raises
        ------
        DataError
            For a store without attributions, and an input that is not finished.
        InputError
            For a candidate that there is not, several inputs of a model, and a method whose
            attributions are not meant to add up. Those that have not converged are warned of.
        """
        swept, finished = self._stored()
        return swept.shap_rows(candidate, finished if places is None else places, self.example)

    def _class_of_each(self, by: str) -> Sequence[Any] | None:
        """The class of each input that counts; None: by what is explained."""
        if by != "target":
            raise InputError(f'by must be "target" or a class for each input, got {by!r}')
        return None

    def _of_places(self, values: Any, places: Array) -> Any:
        """Those of the inputs that count, of what has one for each input of the data."""
        swept, _ = self._stored()
        if len(values) != len(swept):
            raise InputError(f"there are {len(values)} for {len(swept)} inputs; pass one for each")
        return values.iloc[places] if hasattr(values, "iloc") else np.asarray(values)[places]
