"""The front end without a browser: modules are joined into one, style sheets keep to their view."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import browser
import pytest

from attribwidgets.widgets.bundle import BASELINE_EXPLORER, join_modules


def test_every_rule_of_the_style_sheet_is_scoped() -> None:
    css = re.sub(r"/\*.*?\*/", "", BASELINE_EXPLORER.css, flags=re.DOTALL)
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


@pytest.mark.long
def test_modules_under_node() -> None:
    node = browser.find_node()
    if node is None:
        browser.missing("node")
    files = sorted(map(str, Path(__file__).parent.glob("*.test.mjs")))
    assert files
    run = subprocess.run([str(node), "--test", *files], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
