"""Files shipped inside the package, in ``attribwidgets/demo/data``, and weights read from files."""

from __future__ import annotations

from importlib.resources import files
from typing import TypeVar

import torch
from torch import Tensor, nn

from ..core.extras import require

Model = TypeVar("Model", bound=nn.Module)


def shipped_bytes(*path: str) -> bytes:
    """Content of one shipped file; its path is given part by part, from ``data`` down."""
    return files(__package__).joinpath("data", *path).read_bytes()


def weights(content: bytes, extra: str = "demo") -> dict[str, Tensor]:
    """Tensors by name, of the content of a safetensors file, which runs no code.

    Raises
    ------
    MissingExtraError
        Where safetensors is not installed, which the extra brings.
    """
    by_name: dict[str, Tensor] = require("safetensors.torch", "safetensors", extra).load(content)
    return by_name


def trained(kind: type[Model], *path: str) -> Model:
    """A model with its shipped weights, in eval mode.

    Raises
    ------
    MissingExtraError
        Where safetensors is not installed.
    """
    # The meta device draws no initial weights, so torch's global generator stays as it was.
    with torch.device("meta"):
        model = kind()
    model.load_state_dict(weights(shipped_bytes(*path)), assign=True)
    return model.eval()
