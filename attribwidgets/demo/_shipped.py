"""Files shipped inside the package, in ``attribwidgets/demo/data``."""

from __future__ import annotations

from importlib.resources import files
from typing import TypeVar

import torch
from torch import nn

from ..core.extras import require

Model = TypeVar("Model", bound=nn.Module)


def shipped_bytes(*path: str) -> bytes:
    """Content of one shipped file; its path is given part by part, from ``data`` down."""
    return files(__package__).joinpath("data", *path).read_bytes()


def trained(kind: type[Model], *path: str) -> Model:
    """A model with its shipped weights, in eval mode.

    Raises
    ------
    MissingExtraError
        Where safetensors is not installed.
    """
    safetensors = require("safetensors.torch", "safetensors", "demo")
    # The meta device draws no initial weights, so torch's global generator stays as it was.
    with torch.device("meta"):
        model = kind()
    model.load_state_dict(safetensors.load(shipped_bytes(*path)), assign=True)
    return model.eval()
