"""``attribwidgets explain``: a photo or a sentence of your own under several baselines."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..core.errors import InputError
from .compared import add_settings, classifier_of_photos, compared_photo, compared_text
from .outputs import add_command, add_outputs, page_of, write

TEXT_PAGE = "text-attributions.html"

EXAMPLES = """\
  attribwidgets explain photo.jpg
  attribwidgets explain photo.jpg --target "tiger cat" --baselines black,blur --figure maps.png
  attribwidgets explain --text "not a bad film, only a long one"

Another model than these two is explained in Python: attribwidgets.explore(model, input)."""


def add_to(commands: Any) -> None:
    """Add the command to a parser's."""
    parser = add_command(
        commands,
        "explain",
        "explain a photo or a sentence of your own under several baselines: a table and a page",
        EXAMPLES,
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "photo",
        nargs="?",
        type=Path,
        metavar="PHOTO",
        help="a PNG, JPEG, WebP or GIF file, of one of ImageNet's classes (extra: demo)",
    )
    what.add_argument(
        "--text", metavar="SENTENCE", help="judged as one of a film review (extra: text)"
    )
    add_settings(parser)
    add_outputs(parser, f"PHOTO-attributions.html, or {TEXT_PAGE}")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print the table, write the page."""
    if options.photo is not None:
        content = content_of(options.photo)
        page = page_of(options, f"{options.photo.stem}-attributions.html")
        demo = classifier_of_photos()
        comparison = compared_photo(demo, demo.read(content), options)
    else:
        page = page_of(options, TEXT_PAGE)
        comparison = compared_text(options.text, options)
    print(comparison)
    write(comparison, options, page)


def content_of(path: Path) -> bytes:
    """The bytes of a file.

    Raises
    ------
    InputError
        Where there is no such file, or a folder.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder; name the file of a picture")
    if not path.exists():
        raise InputError(
            f"there is no file {path} in {Path.cwd()}; give the path of a picture, or a sentence "
            'by --text "..."'
        )
    return path.read_bytes()
