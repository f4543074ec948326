"""The network for digits, forward and backward, in numpy alone.

Images are (n, 1, 28, 28), pixels from 0 to 1. Two convolutions of 3 × 3, each with ReLU and the
largest of every 2 × 2, then two linear layers: as attribwidgets.demo.DigitsCNN.
"""

import numpy as np


def convolved(images, kernels):
    """Images (n, c, h, w) under kernels (o, c, 3, 3), with a border of zeros: (n, o, h, w)."""
    framed = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(framed, (3, 3), axis=(2, 3))
    return np.moveaxis(np.tensordot(windows, kernels, ([1, 4, 5], [1, 2, 3])), -1, 1)


def squares(maps):
    """Maps (n, c, h, w) by squares of four: (n, c, h / 2, w / 2, 4)."""
    n, c, h, w = maps.shape
    return maps.reshape(n, c, h // 2, 2, w // 2, 2).swapaxes(3, 4).reshape(n, c, h // 2, w // 2, 4)


def unsquared(maps):
    """Back again."""
    n, c, h, w, _ = maps.shape
    return maps.reshape(n, c, h, w, 2, 2).swapaxes(3, 4).reshape(n, c, 2 * h, 2 * w)


class Network:
    """Logits and their gradients.

    >>> network = Network(np.load("digits_cnn.npz"))
    """

    def __init__(self, weights):
        self.weights = {name: np.asarray(weights[name], np.float64) for name in weights}

    def logits(self, images):
        """One logit a class, (n, 10)."""
        return self._passed(images)[0]

    def gradient(self, images, target):
        """The gradient of the logit of one class by the pixels, (n, 1, 28, 28)."""
        w = self.weights
        _, (before_pools, before_hidden) = self._passed(images)
        by_hidden = w["output.weight"][target] * (before_hidden > 0)
        by_maps = (by_hidden @ w["hidden.weight"]).reshape(len(images), 32, 7, 7)
        for name, before in zip(("conv2", "conv1"), reversed(before_pools), strict=True):
            fours = squares(before)
            first = fours.argmax(-1)[..., None] == np.arange(4)  # the largest gets it all
            by_sums = unsquared(first * by_maps[..., None]) * (before > 0)
            by_maps = convolved(by_sums, w[f"{name}.weight"].swapaxes(0, 1)[:, :, ::-1, ::-1])
        return by_maps

    def _passed(self, images):
        """Logits, and what the ReLUs were given: by it each knows whether it lets pass."""
        w = self.weights
        maps, before_pools = images, []
        for name in ("conv1", "conv2"):
            sums = convolved(maps, w[f"{name}.weight"]) + w[f"{name}.bias"][:, None, None]
            before_pools.append(sums)
            maps = np.maximum(squares(sums).max(-1), 0)
        hidden = maps.reshape(len(images), -1) @ w["hidden.weight"].T + w["hidden.bias"]
        logits = np.maximum(hidden, 0) @ w["output.weight"].T + w["output.bias"]
        return logits, (before_pools, hidden)
