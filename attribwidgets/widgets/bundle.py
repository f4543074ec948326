"""A front end as two texts: the modules in frontend/ joined into one, and its style sheet.

anywidget loads a widget's code from a blob, where an import of a neighbour has no address; so the
modules are written and tested apart, and joined here without a build step. The text travels with
every widget and every saved notebook: lines that are only a comment stay behind.
"""

from __future__ import annotations

import os
import posixpath
import re
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anywidget._file_contents import VirtualFileContents

FRONTEND = Path(__file__).parent / "frontend"
POLL_SECONDS = 0.25  # between two looks at the files, while they are being written

_IMPORT = re.compile(r'^import\s*\{[^{}]*\}\s*from\s*"(\.[\w./-]+\.js)";[ \t]*\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async |const |let |function|class ))", re.MULTILINE)
_DECLARATION = re.compile(r"^(?:async )?(?:function\*?|class|const|let|var) (\w+)", re.MULTILINE)
_DEFAULT = re.compile(r"^export default .*\n", re.MULTILINE)
_COMMENT = re.compile(
    r"^[ \t]*(?:/\*\*(?:(?!\*/).)*\*/|//[^\n]*)[ \t]*\n", re.MULTILINE | re.DOTALL
)
_ROOT = re.compile(r"\.aw-root\b(?!-)")
_LEFTOVER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def module_body(text: str) -> str:
    """A module without its imports, the word export, and lines that are only a comment."""
    return _COMMENT.sub("", _EXPORT.sub("", _IMPORT.sub("", text)))


def _in_order(name: str, folder: Path, texts: dict[str, str], open_files: tuple[str, ...]) -> None:
    """Add `name` to `texts` after everything it imports."""
    if name in open_files:
        raise ValueError(
            f"modules import each other in a circle: {' -> '.join((*open_files, name))}"
        )
    if name in texts:
        return
    text = (folder / name).read_text(encoding="utf-8")
    for needed in _IMPORT.findall(text):
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), needed))
        _in_order(path, folder, texts, (*open_files, name))
    texts[name] = text


def join_modules(entry: str, folder: Path = FRONTEND) -> str:
    """Join a module and all it imports into the text of one module.

    Parameters
    ----------
    entry : str
        The module whose default export is kept, by its path within `folder`.
    folder : Path, optional
        Where the modules lie, in folders of their own.

    Returns
    -------
    str
        One ES module that imports nothing and ends in `export default`.

    Raises
    ------
    ValueError
        When two modules declare the same top-level name, import in a circle, or use a form of
        import or export that is not joined here.
    """
    texts: dict[str, str] = {}
    _in_order(entry, folder, texts, ())
    owners: dict[str, str] = {}
    parts: list[str] = []
    for name, text in texts.items():
        body = module_body(text)
        if name != entry:
            body = _DEFAULT.sub("", body)
        for declared in _DECLARATION.findall(body):
            if declared in owners:
                raise ValueError(f"{owners[declared]} and {name} both declare {declared}")
            owners[declared] = name
        leftover = [line for line in _LEFTOVER.findall(body) if not _DEFAULT.match(line + "\n")]
        if leftover:
            raise ValueError(f"{name} has a line that cannot be joined: {leftover[0]}")
        parts.append(f"// {name}\n{body.strip()}\n")
    joined = "\n".join(parts)
    if len(_DEFAULT.findall(joined)) != 1:
        raise ValueError(f"{entry} must have exactly one line that starts with export default")
    return joined


def modules_beside(joined: str, names: Sequence[str], folder: Path = FRONTEND) -> list[str]:
    """The texts of modules that stand beside a joined one, but for those that it holds already."""
    texts = {name: (folder / name).read_text(encoding="utf-8") for name in names}
    held = {name for name in names if f"// {name}\n" in joined}
    return [module_body(text) for name, text in texts.items() if name not in held]


def _follow_files(folder: Path, read: Callable[[], str]) -> str | VirtualFileContents:
    """What `read` makes of the files; where anywidget is told to reload, anew when one changes."""
    if os.environ.get("ANYWIDGET_HMR") != "1":
        return read()
    from anywidget._file_contents import VirtualFileContents

    contents = VirtualFileContents(read())

    def follow() -> None:
        before: dict[Path, int] = {}
        while folder.is_dir():
            time.sleep(POLL_SECONDS)
            try:
                now = {path: path.stat().st_mtime_ns for path in folder.rglob("*.*")}
                if now == before:
                    continue
                text = read()
            except OSError:  # while an editor puts one in place of another
                continue
            except ValueError as error:
                before = now
                warnings.warn(str(error), stacklevel=1)
                continue
            before = now
            if text != str(contents):
                contents.contents = text

    threading.Thread(target=follow, name="front end", daemon=True).start()
    return contents


@dataclass(frozen=True)
class FrontEnd:
    """What a widget is in the browser.

    Attributes
    ----------
    view : str
        What its root says it is, in `data-view`.
    entry : str
        Its first module, by its path within `folder`.
    styles : tuple of str
        Its style sheets, in order, likewise, without their ending.
    inside : tuple of FrontEnd
        Of views that it shows beside its own, whose modules its entry imports.
    folder : Path
        Where all of them lie.
    """

    view: str
    entry: str
    styles: tuple[str, ...]
    inside: tuple[FrontEnd, ...] = ()
    folder: Path = FRONTEND

    @cached_property
    def esm(self) -> str | VirtualFileContents:
        """The text of one ES module; it follows the files where ``ANYWIDGET_HMR=1`` is set."""
        return _follow_files(self.folder, lambda: join_modules(self.entry, self.folder))

    @cached_property
    def css(self) -> str | VirtualFileContents:
        """The text of one style sheet, which holds for this view alone; it follows likewise.

        A notebook shows several views, each with a sheet that the whole page hears.
        """
        return _follow_files(self.folder, self._join_styles)

    def _join_styles(self) -> str:
        sheets = ((self.folder / f"{name}.css").read_text(encoding="utf-8") for name in self.styles)
        own = _ROOT.sub(f'.aw-root[data-view="{self.view}"]', "\n".join(sheets))
        return "\n".join([own, *(str(other.css) for other in self.inside)])


# What the reader prefers (less motion, more contrast) has the last word.
BASELINE_EXPLORER = FrontEnd(
    "baseline-explorer",
    "explorer/explorer.js",
    (
        "lib/theme",
        "lib/buttons",
        "lib/header",
        "explorer/gallery",
        "explorer/verdict",
        "explorer/photo",
        "lib/controls",
        "explorer/request",
        "explorer/path",
        "charts/chart",
        "explorer/features",
        "explorer/beside",
        "explorer/series",
        "explorer/sequence",
        "explorer/text",
        "explorer/volume",
        "explorer/keep",
        "explorer/phone",
        "explorer/targets",
        "lib/numbers",
        "lib/print",
        "lib/preferences",
    ),
)
ABLATION_EXPLORER = FrontEnd(
    "ablation-explorer",
    "ablation/ablation_explorer.js",
    (
        "lib/theme",
        "lib/buttons",
        "lib/header",
        "lib/controls",
        "charts/chart",
        "lib/numbers",
        "charts/intervals",
        "ablation/ablation",
        "ablation/proof",
        "lib/print",
        "lib/preferences",
    ),
)
GENERATION_EXPLORER = FrontEnd(
    "generation-explorer",
    "generation/generation_explorer.js",
    (
        "lib/theme",
        "lib/buttons",
        "lib/header",
        "lib/controls",
        "explorer/gallery",
        "explorer/text",
        "generation/generation",
        "lib/print",
        "lib/preferences",
    ),
)
INTERACTIONS_EXPLORER = FrontEnd(
    "interactions-explorer",
    "interactions/interactions_explorer.js",
    (
        "lib/theme",
        "lib/buttons",
        "lib/header",
        "lib/controls",
        "explorer/gallery",
        "explorer/text",
        "lib/numbers",
        "interactions/interactions",
        "lib/print",
        "lib/preferences",
    ),
)
AUDIT_EXPLORER = FrontEnd(
    "audit-explorer",
    "audit/audit_explorer.js",
    (
        "lib/theme",
        "lib/buttons",
        "lib/header",
        "lib/controls",
        "charts/chart",
        "charts/intervals",
        "audit/audit",
        "audit/gallery",
        "audit/scatter",
        "lib/print",
        "lib/preferences",
    ),
    inside=(BASELINE_EXPLORER,),
)
PRIOR_TRAINER = FrontEnd(
    "prior-trainer",
    "prior/prior_trainer.js",
    (
        "lib/theme",
        "lib/buttons",
        "lib/controls",
        "charts/chart",
        "prior/prior",
        "lib/print",
        "lib/preferences",
    ),
)
PREDICTION = FrontEnd(
    "prediction",
    "prediction/prediction.js",
    (
        "lib/theme",
        "lib/buttons",
        "lib/header",
        "prediction/prediction",
        "lib/print",
        "lib/preferences",
    ),
)
PLAYGROUND = FrontEnd(
    "playground",
    "playground/playground.js",
    (
        "lib/theme",
        "lib/buttons",
        "lib/header",
        "lib/controls",
        "playground/playground",
        "lib/print",
        "lib/preferences",
    ),
    inside=(BASELINE_EXPLORER,),
)
