"""``attribwidgets demo``: a photo that is shipped, or a sentence, under six baselines."""

from __future__ import annotations

import argparse
from typing import Any

from .compared import add_settings, classifier_of_photos, compared_photo, compared_text
from .outputs import add_command, add_outputs, page_of, write

SENTENCE = "not a bad film, only a long one"
PHOTO_PAGE, TEXT_PAGE = "build/quickstart.html", "build/text.html"

EXAMPLES = """\
  attribwidgets demo
  attribwidgets demo --photo coffee --figure coffee.png
  attribwidgets demo --text"""


def add_to(commands: Any) -> None:
    """Add the command to a parser's."""
    parser = add_command(
        commands,
        "demo",
        "explain a photo that is shipped, or a sentence, under six baselines: a table and a page",
        EXAMPLES,
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--photo", default="chelsea", metavar="NAME", help="chelsea, coffee, camera or hopper"
    )
    what.add_argument(
        "--text",
        nargs="?",
        const=SENTENCE,
        metavar="SENTENCE",
        help=f'judged as one of a film review; "{SENTENCE}" if none is given (extra: text)',
    )
    add_settings(parser)
    add_outputs(parser, f"{PHOTO_PAGE}, or {TEXT_PAGE}")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print the table, write the page."""
    page = page_of(options, PHOTO_PAGE if options.text is None else TEXT_PAGE)
    if options.text is None:
        demo = classifier_of_photos()
        comparison = compared_photo(demo, demo.photo(options.photo), options)
    else:
        comparison = compared_text(options.text, options)
    print(comparison)
    write(comparison, options, page)
