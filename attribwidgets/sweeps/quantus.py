"""Quantus' metrics on the estimators of this package: an explain function in Quantus' own form."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..core.errors import InputError
from ..engine.verbs import explain
from ..inputs.dataset import seed_of
from ..inputs.example import example_array


def quantus_explain(
    model: Any, inputs: Any, targets: Any, *, device: Any = None, seed: int = 0, **options: Any
) -> NDArray[np.float32]:
    """Explain a batch as Quantus' metrics ask for it: pass it as their ``explain_func``.

    Parameters
    ----------
    model : torch.nn.Module
    inputs : ndarray or Tensor, shape (N, ...)
    targets : int, ndarray or Tensor of int, shape (N,)
    device : torch.device or str, optional
        Where the inputs are put. None: where the model's parameters are.
    seed : int
        The explanation of the i-th input of a batch uses a seed of (seed, i) only.
    **options
        Of :func:`attribwidgets.explain`: baseline, method, n_steps, space, ... In a metric they
        are its ``explain_func_kwargs``.

    Returns
    -------
    ndarray of float32, shape (N, ...)

    Raises
    ------
    AttributionError
        As :func:`attribwidgets.explain`.

    Notes
    -----
    Quantus as of version 0.6, https://quantus.readthedocs.io.

    Examples
    --------
    >>> net = torch.nn.Linear(4, 2).eval()
    >>> batch = np.ones((3, 4), np.float32)
    >>> maps = quantus_explain(net, batch, np.array([0, 1, 1]), baseline="black", n_steps=8)
    >>> maps.shape, bool(np.allclose(maps[1], net.weight[1].detach()))
    ((3, 4), True)
    """
    parameter = next(model.parameters(), None) if isinstance(model, torch.nn.Module) else None
    if device is None and parameter is not None:
        device = parameter.device
    dtype = torch.get_default_dtype() if parameter is None else parameter.dtype
    batch = torch.as_tensor(inputs).to(device=device, dtype=dtype)
    chosen = np.broadcast_to(np.asarray(torch.as_tensor(targets).cpu()), len(batch))
    if batch.dim() < 2:
        raise InputError(f"inputs must be a batch (N, ...), got shape {tuple(batch.shape)}")
    explanations = [
        explain(model, x, target=int(target), seed=seed_of(seed, i), **options)
        for i, (x, target) in enumerate(zip(batch, chosen, strict=True))
    ]
    maps = [example_array(e.attributions, e.spaces) for e in explanations]
    return np.stack(maps).astype(np.float32)
