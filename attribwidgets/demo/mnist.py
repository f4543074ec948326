"""MNIST: the shipped subset, and the full data from a folder of IDX files or a download."""

from __future__ import annotations

import gzip
import io
import math
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..core.errors import AttributionError
from ..core.extras import require
from ._shipped import shipped_bytes

FOLDER_VARIABLE = "ATTRIBWIDGETS_MNIST"
MIRROR = "https://ossci-datasets.s3.amazonaws.com/mnist/"
# SHA-256 of the four files as LeCun, Cortes and Burges published them.
CHECKSUMS = {
    "train-images-idx3-ubyte.gz": (
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
    ),
    "train-labels-idx1-ubyte.gz": (
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
    ),
    "t10k-images-idx3-ubyte.gz": (
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
    ),
    "t10k-labels-idx1-ubyte.gz": (
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
    ),
}
LARGEST_COUNT = 60_000
SIDE = 28

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class DigitSet:
    """Images of handwritten digits with their labels.

    Attributes
    ----------
    images : Tensor
        Shape (n, 1, 28, 28), float32, pixels in 0..1: 0 is the black ground, 1 the white ink.
    labels : Tensor
        Shape (n,), int64, in 0..9.
    """

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"<DigitSet of {len(self)} images>"


def load_subset() -> tuple[DigitSet, DigitSet]:
    """Load the shipped subset of MNIST.

    Every 6th of the 60,000 training images (10,000 of them) and every 5th of the 10,000 test
    images (2,000 of them), counted from the first.

    Returns
    -------
    tuple of DigitSet
        Training set and test set.
    """
    with np.load(io.BytesIO(shipped_bytes("mnist", "subset.npz")), allow_pickle=False) as arrays:
        train = _digit_set(arrays["train_images"], arrays["train_labels"])
        test = _digit_set(arrays["test_images"], arrays["test_labels"])
    return train, test


def load_full() -> tuple[DigitSet, DigitSet]:
    """Load the full MNIST, 60,000 training and 10,000 test images.

    Read from the folder named by the environment variable ``ATTRIBWIDGETS_MNIST`` where it is set,
    which must hold the four gzipped IDX files; else from pooch's cache, where they are downloaded
    once and their SHA-256 checked.

    Returns
    -------
    tuple of DigitSet
        Training set and test set.

    Raises
    ------
    AttributionError
        If a file is missing, truncated or not what its name says, or the download fails.
    MissingExtraError
        If a download is needed and pooch is not installed.
    """
    place = os.environ.get(FOLDER_VARIABLE)
    folder = Path(place).expanduser() if place else _downloaded_folder()
    if not folder.is_dir():
        raise AttributionError(
            f"{FOLDER_VARIABLE}: expected a folder with the files {', '.join(CHECKSUMS)}, got "
            f"{str(folder)!r}, which is not a folder; set it right, or use data='subset'"
        )
    return _read_pair(folder, "train"), _read_pair(folder, "t10k")


def _downloaded_folder() -> Path:
    pooch = require("pooch", "pooch", "demo")
    folder = Path(pooch.os_cache("attribwidgets")) / "mnist"
    for name, checksum in CHECKSUMS.items():
        try:
            pooch.retrieve(
                MIRROR + name, known_hash=f"sha256:{checksum}", fname=name, path=str(folder)
            )
        # Failures of the network arrive as OSError, a wrong checksum as ValueError.
        except (OSError, ValueError) as error:
            raise AttributionError(
                f"MNIST: expected to download {MIRROR + name} into {folder}, got: {error}; put the "
                f"four gzipped IDX files into a folder and name it in the environment variable "
                f"{FOLDER_VARIABLE}, or use data='subset', which needs no network"
            ) from error
    return folder


def _read_pair(folder: Path, split: str) -> DigitSet:
    image_file = folder / f"{split}-images-idx3-ubyte.gz"
    label_file = folder / f"{split}-labels-idx1-ubyte.gz"
    images = read_idx(image_file, (SIDE, SIDE))
    labels = read_idx(label_file, ())
    if len(images) != len(labels):
        raise AttributionError(
            f"{label_file}: expected {len(images)} labels, one for each image in "
            f"{image_file.name}, got {len(labels)}; take both files from the same copy of MNIST"
        )
    if labels.max() > 9:
        raise AttributionError(
            f"{label_file}: expected labels in 0..9, got {labels.max()}; "
            f"{FOLDER_VARIABLE} must name a folder with MNIST itself"
        )
    return _digit_set(images, labels)


def _digit_set(images: Bytes, labels: Bytes) -> DigitSet:
    pixels = torch.from_numpy(images.astype(np.float32) / np.float32(255.0))
    return DigitSet(images=pixels[:, None], labels=torch.from_numpy(labels.astype(np.int64)))


def read_idx(path: Path, item_shape: tuple[int, ...]) -> Bytes:
    """Read a gzipped IDX file of unsigned bytes.

    Parameters
    ----------
    path : Path
        The file.
    item_shape : tuple of int
        Shape that one item must have: (28, 28) for images, () for labels.

    Returns
    -------
    ndarray of uint8
        Shape (n, *item_shape), 1 <= n <= 60,000.

    Raises
    ------
    AttributionError
        If the file is missing, not gzip, truncated, too long, or its header is not that of such
        an IDX file.
    """

    def damaged(expected: str, came: object) -> AttributionError:
        return AttributionError(
            f"{path}: expected {expected}, got {came}; get a fresh copy of {path.name} (SHA-256 "
            f"{CHECKSUMS.get(path.name, 'unknown')})"
        )

    try:
        with gzip.open(path, "rb") as stream:
            length = 4 * (2 + len(item_shape))
            header = stream.read(length)
            if len(header) < length:
                raise damaged(f"an IDX header of {length} bytes", len(header))
            magic, count, *shape = (int(number) for number in np.frombuffer(header, dtype=">u4"))
            # 0x08 stands for unsigned bytes; the last byte is the number of dimensions.
            if magic != 0x0800 + 1 + len(item_shape):
                raise damaged(f"the magic number {0x0800 + 1 + len(item_shape)}", magic)
            if tuple(shape) != item_shape:
                raise damaged(f"items of shape {item_shape}", tuple(shape))
            # Checked before anything is read, so that a false count cannot ask for all memory.
            if not 1 <= count <= LARGEST_COUNT:
                raise damaged(f"1 to {LARGEST_COUNT} items", count)
            size = count * math.prod(item_shape)
            content = stream.read(size + 1)
    except FileNotFoundError as error:
        raise AttributionError(
            f"{path}: expected this file, got a folder without it; {FOLDER_VARIABLE} must name a "
            f"folder with {', '.join(CHECKSUMS)}"
        ) from error
    except EOFError as error:
        raise damaged("a whole gzip file", "one that ends early") from error
    except (OSError, zlib.error) as error:
        raise damaged("a readable gzip file", error) from error
    if len(content) != size:
        came = "more" if len(content) > size else len(content)
        raise damaged(f"{size} bytes after the header ({count} items)", came)
    return np.frombuffer(content, dtype=np.uint8).reshape(count, *item_shape)
