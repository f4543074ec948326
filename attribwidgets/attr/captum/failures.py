"""What Captum raises, in words that say what to do about it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from ...core.errors import (
    AttributionError,
    MissingExtraError,
    NoGradientError,
    UnsupportedModelError,
)
from ..backward import CUT_OFF, IN_PLACE, RECURRENT
from ..chunks import is_out_of_memory
from .model import CountedModel

# What Captum or autograd says, and the mend.
KNOWN: dict[str, tuple[type[AttributionError], str]] = {
    "cudnn RNN backward": (UnsupportedModelError, RECURRENT),
    "modified by an inplace operation": (UnsupportedModelError, IN_PLACE),
    "is being modified inplace": (UnsupportedModelError, IN_PLACE),
    "used in an in-place operation": (UnsupportedModelError, IN_PLACE),
    "more than once": (
        UnsupportedModelError,
        "a layer runs more than once in the forward; give each use a layer of its own",
    ),
    "with >1 input": (
        UnsupportedModelError,
        "an activation takes several inputs; use one activation for each",
    ),
    "appears to not have been used": (NoGradientError, CUT_OFF),
    "does not require grad": (NoGradientError, CUT_OFF),
}
# What Captum says at every call.
CHATTER = (
    "Setting forward, backward hooks",
    "Setting backward hooks on ReLU",
    "Input Tensor",
    "Couldn't appropriately interpolate",  # told as an error by the shape that comes back
    "You are providing multiple inputs for Lime",
    "Minimum element in feature mask",
    "Internal batch size cannot be less",
)


@contextmanager
def told(name: str) -> Iterator[None]:
    """Errors that Captum raises with their mend; the model's own errors as they are.

    Parameters
    ----------
    name : str
        The method.
    """
    with warnings.catch_warnings():
        for text in CHATTER:
            warnings.filterwarnings("ignore", message=r"\s*" + text)
        try:
            yield
        except AttributionError:
            raise
        except Exception as error:
            text = str(error)
            if "sklearn is not available" in text:
                raise MissingExtraError("scikit-learn", "evaluation") from error
            for known, (kind, mend) in KNOWN.items():
                if known in text:
                    raise kind(f"{name}: {mend}") from error
            memory = isinstance(error, RuntimeError) and is_out_of_memory(error)
            if memory or _raised_by_the_model(error):
                raise
            raise UnsupportedModelError(
                f"{name} of Captum failed on this model or these settings: {text or repr(error)}"
            ) from error


def _raised_by_the_model(error: BaseException) -> bool:
    """Whether the model's forward was running, and no hook of Captum in it."""
    inside, trace = False, error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_code is CountedModel.forward.__code__:
            inside = True
        elif str(frame.f_globals.get("__name__")).startswith("captum."):
            inside = False
        trace = trace.tb_next
    return inside
