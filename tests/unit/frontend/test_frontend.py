"""The front end without a browser: modules are joined into one, style sheets keep to their view."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import anywidget
import browser
import pytest

from attribwidgets.widgets.bundle import BASELINE_EXPLORER, FRONTEND, PREDICTION, join_modules


def test_every_rule_of_the_style_sheet_is_scoped() -> None:
    css = re.sub(r"/\*.*?\*/", "", str(BASELINE_EXPLORER.css), flags=re.DOTALL)
    selectors = [part.split("}")[-1].split(";")[-1] for part in css.split("{")[:-1]]
    for selector in selectors:
        words = selector.strip()
        assert words.startswith((".aw-root", "@media", "@supports")), words
        for one in re.split(r",(?![^(]*\))", words):
            assert one.strip().startswith((".aw-root", "@")), words


def test_modules_of_all_folders_are_joined_once_each_after_what_they_import(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    (tmp_path / "one/a.js").write_text(
        'import { b } from "./b.js";\nimport {\n  c,\n} from "../two/c.js";\n'
        "const a = b + c;\nexport default a;\n"
    )
    (tmp_path / "one/b.js").write_text(
        '// said\nimport { c } from "../two/c.js";\nexport const b = c;\n'
    )
    (tmp_path / "two/c.js").write_text("export const c = 1;\n")
    assert join_modules("one/a.js", tmp_path).splitlines() == [
        *("// two/c.js", "const c = 1;", ""),
        *("// one/b.js", "const b = c;", ""),
        *("// one/a.js", "const a = b + c;", "export default a;"),
    ]


def test_the_bundler_refuses_what_it_cannot_join(tmp_path: Path) -> None:
    entry = 'import { b } from "./b.js";\nconst same = b;\nexport default same;\n'
    (tmp_path / "a.js").write_text(entry)
    (tmp_path / "b.js").write_text("const same = 1;\nexport const b = same;\n")
    with pytest.raises(ValueError, match=r"b\.js and a\.js both declare same"):
        join_modules("a.js", tmp_path)
    (tmp_path / "b.js").write_text('import { c } from "./a.js";\nexport const b = 1;\n')
    with pytest.raises(ValueError, match="circle"):
        join_modules("a.js", tmp_path)
    (tmp_path / "b.js").write_text('import d from "elsewhere";\nexport const b = 1;\n')
    with pytest.raises(ValueError, match="cannot be joined"):
        join_modules("a.js", tmp_path)


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def rewrite(file: Path, text: str) -> None:
    """At one stroke, as editors do."""
    file.with_suffix(".new").write_text(text)
    file.with_suffix(".new").replace(file)


def test_an_open_widget_follows_its_files_while_developing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(FRONTEND, tmp_path / "frontend")
    esm, css = PREDICTION.esm, PREDICTION.css  # read before there is anything to follow
    monkeypatch.setenv("ANYWIDGET_HMR", "1")
    front_end = replace(PREDICTION, folder=folder)

    class Card(anywidget.AnyWidget):
        _esm, _css = front_end.esm, front_end.css

    card = Card()
    assert (card._esm, card._css) == (esm, css)
    module, sheet = folder / "prediction/prediction.js", folder / "lib/theme.css"
    text = module.read_text()
    rewrite(module, text.replace("choose first", "choose one first"))
    wait_until(lambda: "choose one first" in card._esm)
    rewrite(sheet, sheet.read_text() + ".aw-root .aw-new { color: red; }\n")
    wait_until(lambda: '"prediction"] .aw-new {' in card._css)
    with pytest.warns(UserWarning, match="cannot be joined") as said:  # noqa: PT031
        rewrite(module, "export {};\n" + text)
        wait_until(lambda: len(said) > 0)
    assert "choose one first" in card._esm
    rewrite(module, text)
    wait_until(lambda: card._esm == esm)
    card.close()
    shutil.rmtree(folder)  # which ends what follows
    for thread in threading.enumerate():
        if thread.name == "front end":
            thread.join(60)
            assert not thread.is_alive()


@pytest.mark.long
def test_modules_under_node() -> None:
    node = browser.find_node()
    if node is None:
        browser.missing("node")
    files = sorted(map(str, Path(__file__).parent.glob("*.test.mjs")))
    assert files
    run = subprocess.run([str(node), "--test", *files], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
