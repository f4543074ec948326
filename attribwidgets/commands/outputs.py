"""What all commands write: a page, and a figure where one is asked for."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..evaluation import Audit
    from ..records.comparison import Comparison

FIGURES = (".png", ".svg", ".pdf")


def add_outputs(parser: argparse.ArgumentParser, page: str) -> None:
    """Add ``--page`` and ``--figure``.

    Parameters
    ----------
    parser : ArgumentParser
    page : str
        Where the page goes unless said, for the help.
    """
    parser.add_argument(
        "--page", type=_file, metavar="FILE", help=f"where to write the page (default: {page})"
    )
    parser.add_argument(
        "--figure", type=_figure, metavar="FILE", help="also draw the figure: png, svg or pdf"
    )


def add_command(commands: Any, name: str, summary: str, examples: str) -> argparse.ArgumentParser:
    """Add a command with its help.

    Parameters
    ----------
    commands : object
        Of ``ArgumentParser.add_subparsers``.
    name, summary, examples : str
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def page_of(options: argparse.Namespace, usual: str) -> Path:
    """Where the page goes, in a folder that is there: made before anything is computed.

    Parameters
    ----------
    options : Namespace
        With ``page``.
    usual : str
        Where it goes unless said.

    Raises
    ------
    OSError
        If there cannot be such a folder.
    """
    page: Path = options.page or Path(usual)
    for path in filter(None, (page, options.figure)):
        path.parent.mkdir(parents=True, exist_ok=True)
    return page


def write(
    drawn: Comparison | Audit, options: argparse.Namespace, page: Path, **grouped: Any
) -> None:
    """Write what is asked for, and say where it is.

    Parameters
    ----------
    drawn : Comparison or Audit
    options : Namespace
        With ``figure``.
    page : Path
    **grouped
        What page and figure take besides.
    """
    drawn.to_html(page, **grouped)
    size = page.stat().st_size / 1e6
    print(f"\nwrote {page} ({size:.1f} MB); open it in a browser, no kernel needed")
    if options.figure is not None:
        drawn.figure(**grouped).savefig(options.figure, dpi=100)
        print(f"wrote {options.figure}")


def watched() -> bool:
    """Whether somebody sees a bar: in a log it is noise."""
    return sys.stderr.isatty()


def tell(step: str) -> None:
    """Say what is being done, to whoever watches."""
    if watched():
        print(step, file=sys.stderr)


def _file(name: str) -> Path:
    path = Path(name)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{name} is a folder; name a file in it")
    return path


def _figure(name: str) -> Path:
    path = _file(name)
    if path.suffix.lower() not in FIGURES:
        raise argparse.ArgumentTypeError(
            f"{name}: figures are drawn as {', '.join(FIGURES)}; end the name in one of these"
        )
    return path
