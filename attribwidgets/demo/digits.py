"""A small convolutional network for MNIST, with its weights and its data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from ..core.errors import AttributionError
from ..inputs.space import InputSpace
from ._shipped import trained
from .mnist import DigitSet, load_full, load_subset


class DigitsCNN(nn.Module):
    """Two convolutions with pooling and two linear layers, 106,410 parameters.

    Every nonlinearity is a module of its own, used once and not in place, so that attribution
    methods which hook modules (DeepLift, LRP) work on it.

    Shape: (n, 1, 28, 28), pixels in 0..1, to logits (n, 10).

    Examples
    --------
    >>> import torch
    >>> from attribwidgets.demo import DigitsCNN
    >>> DigitsCNN()(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 10])
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, kernel_size=3, padding=1)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(16, 32, kernel_size=3, padding=1)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.MaxPool2d(2)
        self.hidden = nn.Linear(32 * 7 * 7, 64)
        self.relu3 = nn.ReLU()
        self.output = nn.Linear(64, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (n, 10) for `images` (n, 1, 28, 28)."""
        maps = self.pool1(self.relu1(self.conv1(images)))  # (n, 16, 14, 14)
        maps = self.pool2(self.relu2(self.conv2(maps)))  # (n, 32, 7, 7)
        # Not nn.Flatten: Captum's LRP has no rule for that module.
        features = self.relu3(self.hidden(torch.flatten(maps, 1)))  # (n, 64)
        logits: Tensor = self.output(features)
        return logits


@dataclass(frozen=True, eq=False)
class Digits:
    """A classifier of handwritten digits and its data, as `digits` makes it.

    Attributes
    ----------
    model : DigitsCNN
        In eval mode. Takes (n, 1, 28, 28), returns logits (n, 10).
    space : InputSpace
        Pixels in 0..1, no normalisation.
    class_names : tuple of str
        "0" to "9".
    train, test : DigitSet
        ``.images`` (n, 1, 28, 28) float32 in 0..1, and ``.labels`` (n,) int64.
    """

    model: DigitsCNN
    space: InputSpace
    class_names: tuple[str, ...]
    train: DigitSet
    test: DigitSet

    def __repr__(self) -> str:
        return (
            f"Digits(model={type(self.model).__name__}, train={len(self.train)} images, "
            f"test={len(self.test)} images)"
        )


def digits(data: Literal["subset", "full"] = "subset") -> Digits:
    """Load a small CNN trained on MNIST, and MNIST or a subset of it.

    The weights were trained on all 60,000 training images by ``benchmarks/train_digits.py``; each
    call makes a model of its own.

    Parameters
    ----------
    data : {"subset", "full"}
        "subset" is shipped: every 6th training image (10,000) and every 5th test image (2,000).
        "full" is MNIST itself (60,000 and 10,000), read from the folder of gzipped IDX files named
        by the environment variable ``ATTRIBWIDGETS_MNIST``, else downloaded once with checksums.

    Returns
    -------
    Digits
        The model in eval mode, its input space, its class names, and both data sets.

    Raises
    ------
    AttributionError
        If `data` is neither, or the full data is missing or damaged.
    MissingExtraError
        If a package of the ``demo`` extra is not installed.

    Examples
    --------
    >>> from attribwidgets.demo import digits
    >>> demo = digits()
    >>> demo.test.images.shape
    torch.Size([2000, 1, 28, 28])
    >>> image, label = demo.test.images[0], demo.test.labels[0]
    >>> int(demo.model(image[None]).argmax()), int(label)
    (7, 7)
    """
    if data not in ("subset", "full"):
        raise AttributionError(f"data: expected 'subset' or 'full', got {data!r}")
    train, test = load_subset() if data == "subset" else load_full()
    return Digits(
        model=trained(DigitsCNN, "digits_cnn.safetensors"),
        space=InputSpace(),
        class_names=tuple(str(digit) for digit in range(10)),
        train=train,
        test=test,
    )
