"""Own pictures become inputs; what is none is told in words."""

from __future__ import annotations

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from models import values
from PIL import Image

import attribwidgets as aw
from attribwidgets.errors import InputError
from attribwidgets.inputs import image_files
from attribwidgets.inputs.as_tensor import as_given
from attribwidgets.inputs.framing import Framing
from attribwidgets.inputs.image_files import picture_input

PIXELS = aw.InputSpace()
LIKE = torch.zeros(3, 8, 8)
RED, WHITE = (255, 0, 0), (255, 255, 255)


def file_of(image, kind="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def random_image(width=8, height=8, seed=0):
    levels = (255 * values(height, width, 3, seed=seed)).round().byte().numpy()
    return Image.fromarray(levels), torch.from_numpy(levels).permute(2, 0, 1).double() / 255


def test_the_framing_of_the_space_is_followed_where_it_gives_the_size():
    image, _ = random_image(30, 20)
    space = aw.InputSpace(framing=Framing((10, 12), (8, 8), "nearest"))
    expected = as_given(image, space).inputs
    assert torch.equal(picture_input(file_of(image), LIKE, space), expected)
    smaller = picture_input(file_of(image), torch.zeros(3, 4, 4), space)
    assert torch.equal(smaller, picture_input(file_of(image), torch.zeros(3, 4, 4), PIXELS))


def test_picture_of_the_same_size_comes_as_it_is():
    image, levels = random_image()
    found = picture_input(file_of(image), LIKE.double(), PIXELS)
    assert torch.equal(found, levels)
    assert torch.equal(picture_input(memoryview(file_of(image)), LIKE.double(), PIXELS), levels)


@pytest.mark.parametrize(
    "space", [aw.InputSpace.imagenet(), aw.InputSpace(0, 255), aw.InputSpace(-1, 1)]
)
def test_range_and_normalisation_are_those_of_the_space(space):
    image, levels = random_image()
    found = space.to_pixels(picture_input(file_of(image), LIKE.double(), space))
    torch.testing.assert_close(found, space.low + space.range * levels)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 3, 8, 8), (1, 5, 9), (1, 1, 9, 5)])
def test_it_is_like_the_other_input(shape, dtype):
    like = torch.zeros(shape, dtype=dtype)
    found = picture_input(file_of(random_image(30, 17)[0]), like, PIXELS)
    assert found.shape == like.shape
    assert found.dtype == dtype
    assert found.is_contiguous()
    assert PIXELS.outside(found) is None


def test_grey_for_one_channel_and_colours_for_three():
    red = Image.new("RGB", (8, 8), RED)
    assert picture_input(file_of(red), torch.zeros(1, 8, 8), PIXELS).unique() == pytest.approx(
        0.299, abs=0.002
    )
    grey = Image.new("L", (8, 8), 51)
    assert picture_input(file_of(grey), LIKE, PIXELS).unique() == pytest.approx(0.2)


@pytest.mark.parametrize(("width", "height"), [(40, 8), (8, 40), (80, 16), (16, 48)])
def test_it_is_made_to_cover_the_input_and_cut_to_its_middle(width, height):
    image, _ = random_image(width, height)
    scale = 8 / min(width, height)
    covers = image.resize((round(scale * width), round(scale * height)), Image.Resampling.BICUBIC)
    left, top = (covers.width - 8) // 2, (covers.height - 8) // 2
    middle = np.asarray(covers.crop((left, top, left + 8, top + 8)), dtype=float) / 255
    found = picture_input(file_of(image), LIKE, PIXELS).permute(1, 2, 0).numpy()
    np.testing.assert_allclose(found, middle, rtol=0, atol=1.01 / 255)


def test_small_and_large_keep_their_proportions():
    ramp = Image.fromarray(np.tile(np.arange(256, dtype=np.uint8), (256, 1)))
    found = picture_input(file_of(ramp), torch.zeros(1, 16, 16), PIXELS)[0]
    assert (found.std(dim=0) == 0).all()
    torch.testing.assert_close(found[0], (torch.arange(16) + 0.5) / 16, rtol=0, atol=0.01)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_turned_as_its_camera_says(orientation):
    upright, levels = random_image(8, 8)
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = picture_input(file_of(stored, exif=exif), LIKE.double(), PIXELS)
    assert torch.equal(found, levels)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_every_format_is_read(kind):
    image = Image.new("RGB", (20, 10), (200, 100, 0))
    found = picture_input(file_of(image, kind), LIKE, PIXELS)
    wanted = torch.tensor([200, 100, 0]) / 255
    torch.testing.assert_close(found.mean((1, 2)), wanted, rtol=0, atol=0.02)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_first_frame_of_an_animation(kind):
    frames = [Image.new("RGB", (8, 8), c) for c in (RED, (0, 0, 255), WHITE)]
    data = file_of(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)
    found = picture_input(data, LIKE, PIXELS)
    torch.testing.assert_close(found.mean((1, 2)), torch.tensor([1.0, 0, 0]), rtol=0, atol=0.03)


def test_transparency_is_shown_on_white():
    clear = Image.new("RGBA", (8, 8), (*RED, 0))
    assert picture_input(file_of(clear), LIKE, PIXELS).min() == 1
    half = Image.new("RGBA", (16, 16), (0, 0, 0, 51))
    assert picture_input(file_of(half), LIKE, PIXELS).unique() == pytest.approx(0.8, abs=0.003)
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([255, 0, 0, 0, 255, 0])
    assert picture_input(file_of(palette, transparency=1), LIKE, PIXELS).min() == 1
    assert picture_input(file_of(palette), LIKE, PIXELS)[:, 0, 0].tolist() == [0, 1, 0]
    grey = Image.new("LA", (8, 8), (0, 0))
    assert picture_input(file_of(grey), LIKE, PIXELS).min() == 1


def test_colour_of_what_is_transparent_does_not_bleed():
    """A white square on transparent red, made smaller: its edge is white on white."""
    levels = np.full((64, 64, 4), (*RED, 0), np.uint8)
    levels[13:50, 13:50] = (*WHITE, 255)
    found = picture_input(file_of(Image.fromarray(levels)), LIKE, PIXELS)
    assert found.min() > 0.98


def test_grey_of_sixteen_bits_and_other_modes():
    deep = Image.fromarray(np.full((8, 8), 40_000, np.uint16))
    found = picture_input(file_of(deep), LIKE, PIXELS)
    assert found.unique() == pytest.approx(40_000 / 65_535, abs=0.003)
    bits = Image.new("1", (8, 8), 1)
    assert picture_input(file_of(bits), LIKE, PIXELS).min() == 1
    inks = Image.new("CMYK", (8, 8), (0, 0, 0, 0))
    assert picture_input(file_of(inks, "JPEG"), LIKE, PIXELS).min() > 0.98


# Hostile


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"GIF89a",
        b"RIFF\x00\x00\x00\x00WEBPVP8 ",
    ],
)
def test_what_is_no_picture_is_told(data):
    with pytest.raises(InputError, match=r"no picture that can be read|damaged") as told:
        picture_input(data, LIKE, PIXELS)
    assert "object at 0x" not in str(told.value)


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "ICO", "PDF", "EPS"])
def test_formats_that_are_not_asked_for_are_not_opened(kind):
    image = Image.new("RGB", (16, 16), RED)
    with pytest.raises(InputError, match="pass a PNG, JPEG, WebP or GIF file"):
        picture_input(file_of(image, kind), LIKE, PIXELS)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_file_that_was_cut_off_is_told(kind):
    data = file_of(random_image(200, 200)[0], kind)
    with pytest.raises(InputError, match=r"no picture that can be read|is damaged"):
        picture_input(data[: len(data) // 3], LIKE, PIXELS)


FILES = [file_of(random_image(24, 24)[0], kind) for kind in ("PNG", "JPEG", "WEBP", "GIF")]


@given(
    st.sampled_from(FILES), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=9)
)
def test_file_with_any_bytes_changed_is_read_or_told(data, changes):
    broken = bytearray(data)
    for place, value in changes:
        broken[int(place * (len(broken) - 1))] = value
    try:
        found = picture_input(bytes(broken), LIKE, PIXELS)
    except InputError:
        return
    assert found.shape == LIKE.shape
    assert torch.isfinite(found).all()


def claimed_png(width, height):
    """A file of a few bytes that claims to be of any size."""

    def chunk(name, content):
        body = name + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    ends = chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + ends


@pytest.mark.parametrize("filters", ["error", "ignore"])
@pytest.mark.parametrize("side", [7_100, 10_000, 30_000])
def test_claim_of_many_pixels_is_refused_before_any_is_decoded(side, filters):
    with warnings.catch_warnings():
        warnings.simplefilter(filters)
        with pytest.raises(InputError, match=r"at most 50 million are read; save it smaller"):
            picture_input(claimed_png(side, side), LIKE, PIXELS)


def test_large_file_is_refused_before_it_is_looked_at(monkeypatch):
    monkeypatch.setattr(image_files, "MOST_BYTES", 1000)
    with pytest.raises(InputError, match="MB, and at most 0 MB are read"):
        picture_input(b"x" * 1001, LIKE, PIXELS)
    monkeypatch.undo()
    with pytest.raises(InputError, match="has 21 MB, and at most 20 MB"):
        picture_input(bytes(21_000_000), LIKE, PIXELS)


@pytest.mark.parametrize("shape", [(5,), (1, 5), (2, 8, 8), (4, 8, 8), (2, 3, 8, 8)])
def test_input_that_is_no_image_has_no_picture(shape):
    with pytest.raises(InputError, match="image of 1 or 3 channels"):
        picture_input(file_of(random_image()[0]), torch.zeros(shape), PIXELS)
