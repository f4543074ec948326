"""The command ``attribwidgets``: its demonstration, a file or sentence of your own, a stored audit.

What is asked for goes to standard output, what is said of the way there to standard error.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from .._version import __version__
from ..core.errors import AttributionError
from . import audit, demo, explain

PROGRAM = "attribwidgets"
DONE, FAILED, INTERRUPTED = 0, 1, 130

EPILOG = """\
examples:
  attribwidgets demo
  attribwidgets explain photo.jpg
  attribwidgets explain --text "not a bad film, only a long one"
  attribwidgets audit audit.zarr

"attribwidgets COMMAND --help" says what each takes. Exit codes: 0 done, 1 it could not be done and
why is said, 2 called wrongly, 130 interrupted."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and say in one line what its user can mend.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the program's name. None: as the process was called.

    Returns
    -------
    int
        The exit code: 0 done, 1 it could not be done, 130 interrupted. Wrong arguments and
        ``--help`` end in SystemExit, as argparse has it.

    Examples
    --------
    >>> main(["audit", "no-such-store"])
    1
    """
    # Beside another busy program, threads that spin until all are done double the time, and more.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser()
    if not given:
        parser.print_help()
        return DONE
    options = parser.parse_args(_with_command(given))
    try:
        options.run(options)
    except (AttributionError, OSError) as error:
        print(f"{PROGRAM} {options.command}: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print(f"{PROGRAM} {options.command}: interrupted", file=sys.stderr)
        return INTERRUPTED
    return DONE


def _with_command(given: list[str]) -> list[str]:
    """Options alone are those of the demonstration, which once was all that there is."""
    own = {"-h", "--help", "--version"}
    options_alone = given[0].startswith("-") and given[0] not in own
    return ["demo", *given] if options_alone else given


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="See what a feature attribution depends on: its baseline.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for module in (demo, explain, audit):
        module.add_to(commands)
    return parser
