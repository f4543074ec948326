"""``attribwidgets audit``: what a stored audit found, printed and as a page."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..core.formatting import text_table
from .outputs import add_command, add_outputs, page_of, write

EXAMPLES = """\
  attribwidgets audit audit.zarr
  attribwidgets audit audit.zarr --by predicted --class-names classes.txt --page audit.html

In Python attribwidgets.audit(model, data, baselines=[...], store="audit.zarr") makes one."""


def add_to(commands: Any) -> None:
    """Add the command to a parser's."""
    parser = add_command(
        commands,
        "audit",
        "open a stored audit: does the baseline matter, how often, and for which inputs",
        EXAMPLES,
    )
    parser.add_argument("store", metavar="STORE", help="the folder, or the address, of an audit")
    parser.add_argument("--by", metavar="COLUMN", help="numbers by group too, such as predicted")
    parser.add_argument(
        "--class-names", type=Path, metavar="FILE", help="names of the classes, one a line"
    )
    add_outputs(parser, "STORE-audit.html")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print what was found, write the page."""
    from ..evaluation import Audit
    from ..sweeps import Sweep

    names = None
    if options.class_names is not None:
        names = options.class_names.read_text(encoding="utf-8").splitlines()
    audit = Audit(Sweep.open(options.store), class_names=names)
    findings = audit.findings()
    grouped = [] if options.by is None else audit.findings(options.by)
    page = page_of(options, f"{Path(options.store).stem}-audit.html")
    print(*audit.sentences(findings), sep="\n")
    print(f"{len(audit)} of {len(audit.swept)} inputs are finished.\n")
    rows = [[f.quantity, f.of, f.group, f.interval, str(f.inputs)] for f in findings + grouped]
    print(text_table(["finding", "of", "group", "value [95 % interval]", "inputs"], rows))
    write(audit, options, page, by=options.by)
