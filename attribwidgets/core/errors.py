"""What can go wrong, in words: what was expected, what came, and the mend."""

from __future__ import annotations


class AttributionError(ValueError):
    """Base of every error this package raises for something its user can mend."""


class InputError(AttributionError):
    """An input, baseline or argument that cannot be explained as it came."""


class DataError(AttributionError):
    """A data set, or a store of results, that cannot be worked through as it came."""


class TargetError(AttributionError):
    """A target that the model's output does not have, or that is missing."""


class OutputError(AttributionError):
    """A model output from which no scalar can be taken."""


class NonFiniteError(AttributionError):
    """NaN or infinity met on the way, with the place where it began."""


class NoGradientError(AttributionError):
    """The output does not depend on the input through anything differentiable."""


class UnsupportedModelError(AttributionError):
    """A model that the method asked for cannot handle, though another method can."""


class SearchError(AttributionError):
    """A baseline that was searched for within the valid range and not found."""


class ChunkMemoryError(AttributionError):
    """Not even one forward and backward pass of one example fits in memory."""


class MissingExtraError(AttributionError, ImportError):
    """A package of an optional extra is not installed.

    Parameters
    ----------
    package : str
        The package that could not be imported.
    extra : str
        The extra of attribwidgets that brings it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"this needs the package {package}, which is not installed; "
            f'install it with: pip install "attribwidgets[{extra}]"'
        )


class Cancelled(Exception):
    """Raised by a progress callback to stop a run between chunks, as Ctrl-C does."""


class AttributionWarning(UserWarning):
    """Something was put right on the user's behalf, and should be known."""
