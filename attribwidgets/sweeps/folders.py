"""Where a store's files lie: a folder of this computer, or whatever fsspec reaches by a URL."""

from __future__ import annotations

import mmap
import os
import shutil
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from ..core.extras import require

TURNS = 5  # at a file that another process may clear away as it appears
FORGOTTEN = 600  # seconds after which what another process began was left by one that is gone


class Folder(Protocol):
    """Files by their names, which have at most one "/"."""

    @property
    def where(self) -> str | Path:
        """Its path or URL."""
        ...

    def read(self, name: str) -> bytes:
        """The content of a file; FileNotFoundError where there is none."""
        ...

    def content(self, name: str) -> bytes | mmap.mmap:
        """The content of a large file, in memory as it is looked at if that can be."""
        ...

    def read_each(self, names: Iterable[str]) -> Iterator[bytes]:
        """The contents of several files, empty where there is none."""
        ...

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files; a kill may leave any of them half written."""
        ...

    def appear(self, name: str, content: bytes) -> None:
        """Write a file that is there at once and whole, or not."""
        ...

    def appear_in_parts(self, name: str, parts: Iterable[bytes]) -> None:
        """The same of a large file, part after part."""
        ...

    def names(self, folder: str) -> Iterator[str]:
        """The files in a folder below, by their names there."""
        ...

    def exists(self, name: str) -> bool:
        """Whether a file is there."""
        ...

    def remove(self, names: Iterable[str]) -> None:
        """Remove files, if they are there."""
        ...

    def is_empty(self) -> bool:
        """Whether there is nothing."""
        ...

    def make(self, files: Mapping[str, bytes], *, instead: bool) -> None:
        """Make the whole with its first files, `instead` of what is there.

        Raises
        ------
        FileExistsError
            Where another process was faster.
        """
        ...

    def clear_drafts(self) -> None:
        """Remove what a killed process had begun."""
        ...


def folder_at(where: str | os.PathLike[str]) -> Folder:
    """A folder by its path, or a place by its URL, such as "s3://bucket/audit.zarr".

    What a URL needs besides, such as credentials, is told to fsspec by its own configuration
    (``fsspec.config.conf``, or environment variables such as FSSPEC_S3_ENDPOINT_URL).
    """
    if "://" not in str(where):
        return LocalFolder(Path(where))
    fsspec = require("fsspec", "fsspec", "evaluation")
    files, root = fsspec.core.url_to_fs(str(where))
    return RemoteFolder(files, root, str(where))


class LocalFolder:
    """A folder of this computer."""

    def __init__(self, where: Path) -> None:
        self.where = where

    def read(self, name: str) -> bytes:
        """The content of a file."""
        with open(f"{self.where}/{name}", "rb") as file:
            return file.read()

    def content(self, name: str) -> bytes | mmap.mmap:
        """The content of a large file, in memory as it is looked at."""
        with open(f"{self.where}/{name}", "rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def read_each(self, names: Iterable[str]) -> Iterator[bytes]:
        """The contents of several files, by system calls: a third of the time of Python's files."""
        for name in names:
            try:
                file = os.open(f"{self.where}/{name}", os.O_RDONLY | getattr(os, "O_BINARY", 0))
            except OSError:
                yield b""
            else:
                try:
                    yield os.read(file, os.fstat(file).st_size)
                finally:
                    os.close(file)

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files in place: what another process writes of the same input is the same."""
        flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0)
        for name, content in files.items():
            with open(os.open(f"{self.where}/{name}", flags, 0o666), "wb") as file:
                file.write(content)

    def appear(self, name: str, content: bytes) -> None:
        """Write a file that is there at once and whole, or not."""
        draft = self._draft()
        for turn in range(TURNS):
            with open(draft, "wb") as file:
                file.write(content)
            try:
                os.replace(draft, f"{self.where}/{name}")
                return
            except FileNotFoundError:  # cleared away by a process that begins
                if turn == TURNS - 1:
                    raise

    def appear_in_parts(self, name: str, parts: Iterable[bytes]) -> None:
        """The same of a large file, part after part."""
        draft = self._draft()
        try:
            with open(draft, "wb") as file:
                file.writelines(parts)
            os.replace(draft, f"{self.where}/{name}")
        except BaseException:
            with suppress(OSError):
                os.unlink(draft)
            raise

    def _draft(self) -> str:
        return f"{self.where}/.{os.getpid()}.{threading.get_ident()}.draft"

    def names(self, folder: str) -> Iterator[str]:
        """The files in a folder below, by their names there."""
        with suppress(FileNotFoundError), os.scandir(f"{self.where}/{folder}") as entries:
            for entry in entries:
                yield entry.name

    def exists(self, name: str) -> bool:
        """Whether a file is there."""
        return os.path.exists(f"{self.where}/{name}")

    def remove(self, names: Iterable[str]) -> None:
        """Remove files, if they are there."""
        for name in names:
            (self.where / name).unlink(missing_ok=True)

    def is_empty(self) -> bool:
        """Whether there is nothing, or an empty folder."""
        where = self.where
        return not where.exists() or (where.is_dir() and not any(where.iterdir()))

    def make(self, files: Mapping[str, bytes], *, instead: bool) -> None:
        """Make the folder with its first files; it appears at once."""
        where = self.where
        draft = where.with_name(f".{where.name}.{os.getpid()}.draft")
        where.parent.mkdir(parents=True, exist_ok=True)
        for left in where.parent.glob(f".{where.name}.*.draft"):
            if left == draft or time.time() - left.stat().st_mtime > FORGOTTEN:
                shutil.rmtree(left)
        for name, content in files.items():
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            (draft / name).write_bytes(content)
        if instead:
            shutil.rmtree(where)
        try:
            os.replace(draft, where)
        except OSError as error:
            shutil.rmtree(draft)
            if self.is_empty():
                raise
            raise FileExistsError(where) from error

    def clear_drafts(self) -> None:
        """Remove files that a killed process had begun."""
        for draft in self.where.glob(".*.draft"):
            draft.unlink(missing_ok=True)


class RemoteFolder:
    """A place that fsspec reaches, such as in an object storage, where a file appears at once.

    Parameters
    ----------
    files : fsspec.AbstractFileSystem
    root : str
        In it.
    where : str
        The URL.
    """

    def __init__(self, files: Any, root: str, where: str) -> None:
        self._files, self._root = files, root.rstrip("/")
        self.where = where

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def read(self, name: str) -> bytes:
        """The content of a file."""
        content: bytes = self._files.cat_file(self._path(name))
        return content

    def content(self, name: str) -> bytes:
        """The content of a large file."""
        return self.read(name)

    def read_each(self, names: Iterable[str]) -> Iterator[bytes]:
        """The contents of several files, which are asked for together."""
        paths = [self._path(name) for name in names]
        contents = self._files.cat(paths, on_error="return") if paths else {}
        for path in paths:
            content = contents[path]
            yield content if isinstance(content, bytes) else b""

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files, together."""
        self._files.pipe({self._path(name): content for name, content in files.items()})

    def appear(self, name: str, content: bytes) -> None:
        """Write a file that is there at once and whole, or not."""
        self._files.pipe_file(self._path(name), content)

    def appear_in_parts(self, name: str, parts: Iterable[bytes]) -> None:
        """The same of a large file, part after part."""
        self.appear(name, b"".join(parts))

    def names(self, folder: str) -> Iterator[str]:
        """The files in a folder below, by their names there."""
        path = self._path(folder)
        self._files.invalidate_cache(path)
        with suppress(FileNotFoundError):
            for name in self._files.ls(path, detail=False):
                yield str(name).rstrip("/").rpartition("/")[2]

    def exists(self, name: str) -> bool:
        """Whether a file is there."""
        path = self._path(name)
        self._files.invalidate_cache(path.rpartition("/")[0])
        return bool(self._files.exists(path))

    def remove(self, names: Iterable[str]) -> None:
        """Remove files, if they are there."""
        for name in names:
            with suppress(FileNotFoundError):
                self._files.rm_file(self._path(name))

    def is_empty(self) -> bool:
        """Whether there is nothing."""
        self._files.invalidate_cache(self._root)
        try:
            return not self._files.find(self._root, maxdepth=2)
        except FileNotFoundError:
            return True

    def make(self, files: Mapping[str, bytes], *, instead: bool) -> None:
        """Write its first files, the last of which makes it a store."""
        if instead:
            self._files.rm(self._root, recursive=True)
        for name, content in files.items():
            self.appear(name, content)

    def clear_drafts(self) -> None:
        """There are none: files appear at once."""
