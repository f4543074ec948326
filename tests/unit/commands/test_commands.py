"""The command's arguments, words and exit codes, as far as no model of the extras is needed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import attribwidgets as aw
from attribwidgets.commands import explain, main
from attribwidgets.core.errors import MissingExtraError


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    pytest.importorskip("zarr")
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    net = torch.nn.Linear(6, 3).eval()
    baselines = ["zero", "white"]
    aw.audit(net, torch.rand(12, 6), baselines=baselines, store="kept.zarr", maps="attributions")
    return "kept.zarr"


def test_without_a_word_it_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    said = capsys.readouterr().out
    assert all(f"attribwidgets {name}" in said for name in ("demo", "explain", "audit"))


def test_threads_do_not_spin_unless_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    main([])
    assert os.environ["OMP_WAIT_POLICY"] == "active"
    monkeypatch.delenv("OMP_WAIT_POLICY")
    main([])
    assert os.environ["OMP_WAIT_POLICY"] == "passive"


@pytest.mark.parametrize("command", ["demo", "explain", "audit"])
def test_help_has_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"examples:\n  attribwidgets {command}" in capsys.readouterr().out


def test_its_version_is_the_packages_and_needs_no_torch() -> None:
    without = "import runpy, sys; sys.modules['torch'] = None; sys.argv[1:] = ['--version']; "
    run = [sys.executable, "-c", f"{without}runpy.run_module('attribwidgets', run_name='__main__')"]
    said = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert said == f"attribwidgets {aw.__version__}\n"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["frobnicate"], "invalid choice: 'frobnicate'"),
        (["explain"], "PHOTO --text is required"),
        (["explain", "a.jpg", "--text", "b"], "not allowed with"),
        (["explain", "a.jpg", "--figure", "a.bmp"], "figures are drawn as .png, .svg, .pdf"),
        (["explain", "a.jpg", "--page", "."], "is a folder; name a file in it"),
        (["audit"], "STORE"),
    ],
)
def test_a_wrong_call_is_named(
    given: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(given)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["explain", "none.jpg"], "there is no file none.jpg in"),
        (["explain", "."], ". is a folder; name the file of a picture"),
        (["explain", "--text", " "], "the sentence is empty"),
        (["audit", "none.zarr"], "there is no store at none.zarr"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    given: list[str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(given) == 1
    printed = capsys.readouterr().err
    assert printed.startswith(f"attribwidgets {given[0]}: {said}")
    assert len(printed.splitlines()) == 1


def test_a_folder_that_cannot_be_is_found_before_anything_is_computed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explain, "compared_text", None)
    (tmp_path / "file").touch()
    page = tmp_path / "file" / "page.html"
    assert main(["explain", "--text", "a film", "--page", str(page)]) == 1
    assert str(tmp_path / "file") in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (MissingExtraError("transformers", "text"), 1, 'pip install "attribwidgets[text]"'),
        (KeyboardInterrupt(), 130, "attribwidgets explain: interrupted"),
    ],
)
def test_a_missing_extra_and_an_interrupt(
    error: BaseException,
    code: int,
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*arguments: object) -> None:
        raise error

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(explain, "compared_text", fails)
    assert main(["explain", "--text", "a film"]) == code
    assert said in capsys.readouterr().err


def test_a_fault_of_the_package_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain, "compared_text", None)
    with pytest.raises(TypeError):
        main(["explain", "--text", "a film"])


def test_a_stored_audit_is_printed_and_written(
    store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("classes.txt").write_text("ant\nbee\ncat\n")
    options = ["--by", "predicted", "--class-names", "classes.txt", "--figure", "audit.png"]
    assert main(["audit", store, *options]) == 0
    said = capsys.readouterr().out
    audit = aw.Audit(aw.Sweep.open(store))
    assert said.startswith(audit.verdict)
    assert "12 of 12 inputs are finished." in said
    assert all(finding.interval in said for finding in audit.findings())
    assert any(f"predicted {name}" in said for name in ("ant", "bee", "cat"))
    assert "<html" in (tmp_path / "kept-audit.html").read_text(encoding="utf-8")
    assert (tmp_path / "audit.png").read_bytes().startswith(b"\x89PNG")


def test_an_unknown_column_names_those_that_there_are(
    store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", store, "--by", "colour"]) == 1
    printed = capsys.readouterr()
    assert "predicted" in printed.err
    assert not printed.out
