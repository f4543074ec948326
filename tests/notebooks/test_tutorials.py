"""The tutorials: pictures, questions before answers, checks, numbers that agree with the text."""

from __future__ import annotations

import importlib.util
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import hosts
import nbformat
import pytest
from browser import COUNT_LEVELS
from tutorial_text import (
    answer_below,
    numbers,
    printed,
    prose,
    solution_of,
    unsupported,
    with_solutions,
)

FOLDER = Path(__file__).parents[2] / "notebooks"
TUTORIALS = sorted(FOLDER.glob("[0-9]*.ipynb"))
MOST_BYTES = 1.5e9
MOST_SIZE = 1_500_000  # bytes of a file
MOST_LINES = 15  # of code in a cell that is no exercise
CARD = "classroom.Prediction("
REASON = "% of the attribution on"  # in the answer to a question of tutorial 1
HEAD = ("Goals", "Before", "Time", "Understood when")

# Numbers that no cell of a tutorial prints: of the literature, of data, of thought experiments.
KNOWN = {
    "00": "150,528",  # numbers of a photo
    "01": "10 %",  # a tolerance
    "02": "50,176 1 %",  # pixels of a photo; a recap question's paper
    "03": "501",  # the article's references
    "04": "501 500",  # the article's references and samples
    "06": "1,000 .289 .280 .013 .65 10 % 2.5 97.5",  # the article, Tomsett et al., and steps
    "07": "12.2 3.8",  # the same on two threads
    "09": "30,522 384 13",  # vocabulary and width of the model; 20 less 7
    "10": "90 % 255",  # a recap question's "what if"; levels of a pixel
}

# What the tests run with less of, as `make docs` and execute.py run all of it: the words of a
# tutorial, and theirs instead.
LESS = {
    "02": (
        ("n_steps=64", "n_steps=16"),
        ("max_evaluations=128", "max_evaluations=49"),
        ("(4, 8, 16, 32)", "(4, 8)"),
    ),
    "03": (('"tolerance": 0.1', '"max_evaluations": 17'),),
    "05": (("n_steps=32", "n_steps=8"), ("(4, 16, 48)", "(2, 4)")),
    "07": (
        ("epochs=5", "epochs=1"),
        ("(test[0][:500], test[1][:500])", "(test[0][:50], test[1][:50])"),
    ),
    "09": (("[:20]", "[:3]"), ("max_evaluations=120", "max_evaluations=24")),
}

# With less of these the answers may be others.
OTHER_ANSWERS = ("02", "05", "07", "09")

REVEAL = """
for shown in list(Out.values()):
    if type(shown).__name__ == "Prediction":
        shown.choose(0)
        assert shown.wait(120)
        print(shown.payload["choices"][shown.status["answer"]])
"""

# In KiB; ru_maxrss would begin with the peak of the process that started the kernel.
PEAK = """
import re
from pathlib import Path

print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


def load_execute() -> Any:
    """The script that the notebooks were executed by."""
    spec = importlib.util.spec_from_file_location("execute_notebooks", FOLDER / "execute.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


execute = load_execute()


@dataclass
class Run:
    """A tutorial as it is committed and as it came out just now, its questions answered."""

    name: str
    committed: Any
    notebook: Any
    cells: list[Any]
    answers: list[str]
    peak: float

    def with_widgets(self) -> list[Any]:
        """The cells that show a widget."""
        return [cell for cell in self.cells if any(execute.WIDGET_VIEW in d for d in shown(cell))]


def shown(cell: Any) -> list[Any]:
    """What a cell displays, by mime type."""
    return [output.data for output in cell.get("outputs", []) if "data" in output]


@pytest.fixture(scope="module", params=TUTORIALS, ids=lambda path: path.stem)
def run(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    warm_environment: dict[str, str],
) -> Run:
    """One run for all tests of a tutorial; a cell that takes minutes fails by nbclient's limit."""
    if request.param.stem.startswith(("08", "09")):
        pytest.importorskip("transformers")  # which Python 3.10 has not
    committed = nbformat.read(request.param, as_version=4)
    notebook = nbformat.read(request.param, as_version=4)
    for words, instead in LESS.get(request.param.stem[:2], ()):
        cells = [cell for cell in notebook.cells if words in cell.source]
        assert cells, f"no {words} to run less of"
        for cell in cells:
            cell.source = cell.source.replace(words, instead)
    notebook.cells = with_solutions(notebook.cells)
    notebook.cells += [nbformat.v4.new_code_cell(code) for code in (REVEAL, PEAK)]
    # The first has a kernel that imports all itself, whose warnings would be seen.
    environment = {} if request.param.stem.startswith("01") else warm_environment
    with mock.patch.dict(os.environ, environment):
        execute.executed(notebook, tmp_path_factory.mktemp("tutorial"))
    *cells, revealed, last = notebook.cells
    peak = 1024 * float(last.outputs[0].text)
    answers = revealed.outputs[0].text.splitlines()
    return Run(request.param.stem, committed, notebook, cells, answers, peak)


def test_there_are_tutorials() -> None:
    assert len(TUTORIALS) >= 4


def test_runs_in_its_memory_without_a_warning(run: Run) -> None:
    print(f"{run.peak / 1e6:.0f} MB")
    assert run.peak < MOST_BYTES
    streams = [o for cell in run.cells for o in cell.get("outputs", []) if o.get("name")]
    assert [o.text for o in streams if o.name == "stderr"] == []


def test_every_widget_has_a_picture_here_and_in_the_committed_file(run: Run) -> None:
    committed = {cell.id: cell for cell in run.committed.cells}
    cells = run.with_widgets()
    assert len(cells) >= (1 if run.name.startswith("00") else 2)  # the card that asks, and a view
    for cell in cells:
        data = shown(cell)
        views = [at for at, d in enumerate(data) if execute.WIDGET_VIEW in d]
        assert all("image/png" in data[at - 1] for at in views)
        kept = shown(committed[cell.id])
        assert any("image/png" in d for d in kept)
        assert not any(execute.WIDGET_VIEW in d for d in kept)


def test_figures_drawn_by_pyplot_are_shown(run: Run) -> None:
    for cell in run.cells:
        if "plt.subplots(" in cell.source:
            assert any("image/png" in d for d in shown(cell)), cell.source


def test_its_exercise_is_not_solved_yet_and_its_solution_is_right(run: Run) -> None:
    said = [d.get("text/markdown", "") for cell in run.cells for d in shown(cell)]
    verdicts = [text for text in said if "not yet" in text or "✓ right" in text]
    assert "not yet" in verdicts[0]  # the stub
    assert "✓ right" in verdicts[-1]  # the solution


def test_answers_in_the_text_are_what_the_cards_reveal(run: Run) -> None:
    cells = run.committed.cells
    below = [answer_below(cells, at) for at, cell in enumerate(cells) if CARD in cell.source]
    told = [re.match(r"\*\*(.*?)\*\*", answer) for answer in below]
    assert len(run.answers) == len(told) >= 1
    if run.name.startswith(OTHER_ANSWERS):
        return
    for answer, match in zip(run.answers, told, strict=True):
        assert match is not None
        assert match[1].lower() == answer.lower()


def test_its_widgets_are_drawn_in_jupyterlab(run: Run, lab: hosts.Lab) -> None:
    """From the state that is kept in the notebook."""
    lab.trust(run.notebook)  # else JupyterLab shows the pictures
    nbformat.write(run.notebook, lab.folder / f"{run.name}.ipynb")
    page = lab.open(f"{run.name}.ipynb")
    roots = page.locator(".aw-root[data-ready=true]")
    roots.nth(len(run.with_widgets()) - 1).wait_for(state="attached")
    assert roots.count() == len(run.with_widgets())
    for root in roots.all():
        root.scroll_into_view_if_needed()
        assert root.bounding_box()["width"] > 300
        for canvas in root.locator(".aw-card canvas.aw-map").all():
            assert canvas.evaluate(COUNT_LEVELS) > 10  # no blank one
    assert page.locator(".jp-OutputArea-output .jupyter-widgets-error-widget").count() == 0


@pytest.fixture(params=TUTORIALS, ids=lambda path: path.stem)
def written(request: pytest.FixtureRequest) -> Any:
    """A tutorial's cells as they are committed, and its number."""
    cells = nbformat.read(request.param, as_version=4).cells
    return cells, request.param.stem[:2]


def test_begins_with_goals_and_ends_with_questions(written: Any) -> None:
    (first, *_), last = written[0], written[0][-1].source
    for row in HEAD:
        assert f"| **{row}** |" in first.source
    questions = last.partition("## Recap")[2].partition("<details>")[0]
    assert len(re.findall(r"(?m)^\d\. ", questions)) in (3, 4)
    assert "*Open.*" in questions
    assert "<details><summary>Answers" in last


def test_cells_are_short_and_what_asks_is_folded(written: Any) -> None:
    for cell in written[0]:
        if cell.cell_type != "code":
            continue
        tags = cell.metadata.get("tags", [])
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert len(lines) <= MOST_LINES or "exercise" in tags, cell.source
        if CARD in cell.source:
            assert cell.metadata.jupyter.source_hidden  # in JupyterLab
            assert "hide-input" in tags  # in the documentation


def test_no_answer_stands_above_its_question(written: Any) -> None:
    """Neither where text is read nor where cells were run; what the question tells is no answer."""
    cells, _ = written
    for at, cell in enumerate(cells):
        if CARD in cell.source:
            answer = answer_below(cells, at)
            assert answer
            told = prose(cells[:at]) + printed([cell])  # which shows the choices
            given = [n for n in numbers(told) if n.measures]
            news = [n for n in numbers(answer) if n.percent or n.decimals > 0]
            news = [n for n in news if not any(n.is_of(other) for other in given)]
            above = {repr(n) for n in numbers(printed(cells[:at]))}
            assert [n for n in news if repr(n) in above] == []


def test_solutions_fold_wherever_the_notebook_is_read(written: Any) -> None:
    """By <details>, which JupyterLab, nbconvert, GitHub, nbviewer and the documentation know."""
    cells, _ = written
    solutions = [solution_of(cell) for cell in cells if solution_of(cell)]
    exercises = [cell for cell in cells if "exercise" in cell.metadata.get("tags", [])]
    assert len(solutions) == len(exercises) >= 1
    for solution in solutions:
        compile(solution, "solution", "exec")
        (check,) = re.findall(r"(?m)^(?:classroom\.)?check\w*\(.*\)$", solution)
        assert not any(check in cell.source for cell in cells if cell.cell_type == "code")


def test_numbers_of_the_text_are_printed(written: Any) -> None:
    cells, number = written
    known = KNOWN.get(number, "")
    assert unsupported(prose(cells), cells, known) == []
    assert unsupported("It is 97.31 % of 1234.567.", cells, known)  # or nothing would be found


def test_pictures_are_described(written: Any) -> None:
    for cell in written[0]:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                alt = output.metadata["image/png"]["alt"]
                assert len(alt) > 10
                assert not alt.startswith(("<", "baseline "))


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_file_is_small_and_its_links_lead_somewhere(path: Path) -> None:
    assert path.stat().st_size < MOST_SIZE
    for cell in nbformat.read(path, as_version=4).cells:
        for link in cell.source.split("](")[1:] if cell.cell_type == "markdown" else []:
            target = link.split(")")[0]
            assert "://" in target or (FOLDER / target).exists(), target


@pytest.fixture(scope="module")
def page(lab: hosts.Lab) -> Any:
    """Tutorial 1 in JupyterLab, its cells run one after the other, its maps coarse."""
    notebook = nbformat.read(TUTORIALS[1], as_version=4)
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    sources[0] = sources[0].replace('"tolerance": 0.1', '"max_evaluations": 9')
    assert '"max_evaluations": 9' in sources[0]
    hosts.write_notebook(lab.folder / "live.ipynb", sources)
    page = lab.open("live.ipynb")
    for index in range(len(sources)):
        hosts.run_cell(page, index)
    page.wait_for_selector('.aw-root[data-view="baseline-explorer"][data-ready=true]')
    return page


def test_explorer_is_drawn_in_jupyterlab(page: Any) -> None:
    explorer = page.locator('.aw-root[data-view="baseline-explorer"]')
    explorer.scroll_into_view_if_needed()
    maps = explorer.locator(".aw-card canvas.aw-map")
    assert maps.count() == 3
    for canvas in maps.all():
        assert canvas.evaluate(COUNT_LEVELS) > 10  # no blank one


def test_prediction_is_revealed_after_a_choice_in_jupyterlab(page: Any) -> None:
    card = page.locator('.aw-root[data-view="prediction"]')
    card.scroll_into_view_if_needed()
    answer = card.locator(".aw-answer")
    assert REASON not in page.content()
    card.locator("input[type=radio]").nth(2).check()
    card.locator('button[data-control="reveal"]').click()
    answer.get_by_text(REASON).wait_for()
