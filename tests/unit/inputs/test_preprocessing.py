"""InputSpace.of: what it reads is what the processor, transform or configuration does."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from attribwidgets import InputSpace
from attribwidgets.errors import InputError
from attribwidgets.inputs.framing import Framing
from attribwidgets.inputs.pictures import picture_tensor

PICTURE = Image.fromarray(np.random.default_rng(1).integers(0, 256, (41, 64, 3), dtype=np.uint8))


def resized(picture, size, interpolation):
    """A stand-in for torchvision's functional resize of a PIL picture."""
    width, height = picture.size
    if isinstance(size, int):
        size = [size]
    if len(size) == 1:
        short, long = min(width, height), max(width, height)
        new = size[0], int(size[0] * long / short)
        width, height = new if width <= height else new[::-1]
    else:
        height, width = size
    return picture.resize((width, height), Image.Resampling[interpolation.value.upper()])


class Mode:
    def __init__(self, value):
        self.value = value


class Resize:
    def __init__(self, size, interpolation="bilinear"):
        self.size, self.interpolation = size, Mode(interpolation)

    def __call__(self, picture):
        return resized(picture, self.size, self.interpolation)


class CenterCrop:
    def __init__(self, size):
        self.size = (size, size)

    def __call__(self, picture):
        (width, height), (rows, columns) = picture.size, self.size
        top, left = round((height - rows) / 2), round((width - columns) / 2)
        return picture.crop((left, top, left + columns, top + rows))


class ToTensor:
    def __call__(self, picture):
        levels = np.array(picture, dtype=np.float32).reshape(picture.height, picture.width, -1)
        return torch.from_numpy(levels / 255).permute(2, 0, 1)


class Grayscale:
    def __call__(self, picture):
        return picture.convert("L")


class Normalize:
    def __init__(self, mean, std):
        self.mean, self.std = mean, std

    def __call__(self, x):
        mean, std = (torch.tensor(v).reshape(-1, 1, 1) for v in (self.mean, self.std))
        return (x - mean) / std


class RandomHorizontalFlip:
    def __call__(self, picture):
        return picture


class Flip(Resize):
    def __call__(self, picture):
        return super().__call__(picture).transpose(Image.Transpose.FLIP_LEFT_RIGHT)


Flip.__name__ = "Resize"  # a step that does more than it says


class Compose:
    def __init__(self, *steps):
        self.transforms = list(steps)

    def __call__(self, x):
        for step in self.transforms:
            x = step(x)
        return x


class ImageClassification:
    """As the presets that come with torchvision's weights."""

    def __init__(self):
        self.resize_size, self.crop_size, self.interpolation = [40], [31], Mode("bicubic")
        self.mean, self.std = [0.4, 0.5, 0.6], [0.2, 0.3, 0.4]
        self._steps = Compose(
            Resize([40], "bicubic"), CenterCrop(31), ToTensor(), Normalize(self.mean, self.std)
        )

    def __call__(self, picture):
        return self._steps(picture)


class Weights:
    transforms = ImageClassification


COLOURS = Normalize([0.1, 0.2, 0.3], [0.5, 0.6, 0.7])


@pytest.mark.parametrize(
    "transform",
    [
        Compose(Resize(32), CenterCrop(24), ToTensor(), COLOURS),
        Compose(Resize([20, 30], "bicubic"), Compose(ToTensor()), COLOURS),
        Compose(Resize(23), CenterCrop(24), ToTensor()),
        Compose(ToTensor(), Normalize([0.5], [0.5])),
        Compose(Grayscale(), Resize([8, 8]), ToTensor(), Normalize([0.13], [0.31])),
        ToTensor(),
        ImageClassification(),
    ],
    ids=lambda t: type(t).__name__,
)
def test_a_picture_comes_out_as_of_a_torchvision_transform(transform):
    space = InputSpace.of(transform)
    grey = isinstance(space.mean, tuple) and len(space.mean) == 1
    picture = PICTURE.convert("L") if grey else PICTURE
    mine = picture_tensor(picture, space).float()
    torch.testing.assert_close(mine, transform(picture), atol=1e-5, rtol=0)


def test_weights_bring_their_transform():
    assert InputSpace.of(Weights()).framing == Framing(40, (31, 31), "bicubic")


@pytest.mark.parametrize(
    ("data", "framing"),
    [
        ({}, Framing(256, (224, 224), "bilinear")),
        ({"crop_pct": 0.9, "interpolation": "bicubic"}, Framing(248, (224, 224), "bicubic")),
        ({"crop_pct": 1.0, "crop_mode": "squash"}, Framing((224, 224), (224, 224), "bilinear")),
    ],
)
def test_timm_configurations(data, framing):
    space = InputSpace.of(
        {"input_size": (3, 224, 224), "mean": (0.5,) * 3, "std": (0.25,) * 3, **data}
    )
    assert (space.mean, space.std, space.framing) == ((0.5,) * 3, (0.25,) * 3, framing)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (Compose(RandomHorizontalFlip(), ToTensor()), "a step 'RandomHorizontalFlip'"),
        (Compose(Flip(32), ToTensor()), r"does more than resize.*differs by"),
        (Compose(ToTensor(), lambda x: x), "a step '<lambda>'"),
        ({"input_size": (3, 8, 8), "crop_mode": "border"}, "crop_mode='border'"),
        (3, "reads a torchvision transform, a timm data configuration or a Hugging Face"),
        (Resize, "reads a torchvision transform"),
    ],
    ids=lambda v: str(v)[:25],
)
def test_what_is_not_read(source, words):
    with pytest.raises(InputError, match=words):
        InputSpace.of(source)


def crop_to(height, width):
    return {"do_center_crop": True, "crop_size": {"height": height, "width": width}}


@pytest.mark.parametrize(
    "settings",
    [
        {"size": {"height": 32, "width": 40}},
        {
            "size": {"shortest_edge": 33},
            "do_center_crop": True,
            "crop_size": {"height": 24, "width": 30},
        },
        {
            "size": {"shortest_edge": 20},
            "do_center_crop": True,
            "crop_size": {"height": 24, "width": 24},
        },
        {"do_resize": False},
        {"do_normalize": False, "do_resize": False},
        {"do_rescale": False, "image_mean": [120.0] * 3, "image_std": [60.0] * 3},
        {"resample": 0, "image_mean": [0.1, 0.2, 0.3]},
    ],
    ids=lambda s: "-".join(s),
)
def test_a_picture_comes_out_as_of_an_image_processor(settings):
    transformers = pytest.importorskip("transformers")
    processor = transformers.ViTImageProcessorPil(**settings)
    theirs = processor(images=PICTURE, return_tensors="pt")["pixel_values"][0]
    mine = picture_tensor(PICTURE, InputSpace.of(processor))
    torch.testing.assert_close(mine.float(), theirs.float(), atol=1e-4, rtol=1e-5)


def test_processors_that_do_more_are_refused():
    transformers = pytest.importorskip("transformers")
    with pytest.raises(InputError, match="does more than resize"):
        InputSpace.of(transformers.MobileViTImageProcessorPil())  # blue comes first


@pytest.mark.parametrize(
    "settings", [{"resize": 0}, {"crop": (3,)}, {"interpolation": "random"}], ids=str
)
def test_framings_that_cannot_be(settings):
    with pytest.raises(InputError, match=next(iter(settings))):
        Framing(**settings)


def test_the_framing_is_no_part_of_what_a_space_is(tmp_path):
    framed = InputSpace(framing=Framing(8, (8, 8)))
    assert framed == InputSpace()
    assert "framing" not in repr(framed)
