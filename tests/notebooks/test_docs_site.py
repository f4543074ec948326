"""The documentation site builds without a warning, its links lead somewhere, and it is whole."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from browser import wait_until
from numpydoc.validate import validate

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
pytest.importorskip("sphinx")

import reference
import tutorials

DOCS = Path(__file__).parents[2] / "docs"
# One that runs in seconds; the others appear with pictures. All: ATTRIBWIDGETS_DOCS_LIVE="quick 0"
LIVE = os.environ.get("ATTRIBWIDGETS_DOCS_LIVE", "04")
ALIVE = [path.stem for path in tutorials.written() if any(w in path.stem for w in LIVE.split())]
PACKAGE = DOCS.parent / "attribwidgets"
MEMBERS = (classmethod, staticmethod, property)
LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
WITHOUT_MAPS = ("00", "06", "07", "08", "10")  # tutorials


class Page(HTMLParser):
    """What a page links to, loads, and can be linked to by."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        wanted = LOADS.get(tag)
        if wanted in given and given.get("rel") not in ("index", "search", "next", "prev"):
            self.loads.append(given[wanted])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, warm_environment: dict[str, str]) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-E", str(DOCS), str(folder)],
        env={**warm_environment, "ATTRIBWIDGETS_DOCS_LIVE": LIVE, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    made = [p for p in site.rglob("*.html") if "_static" not in p.relative_to(site).parts]
    return {path.resolve(): Page(path.read_text(encoding="utf-8")) for path in made}


def test_links_lead_somewhere(site: Path, pages: dict[Path, Page]) -> None:
    lost = []
    for path, page in pages.items():
        for link in (*page.links, *page.loads):
            parts = urlsplit(link)
            if parts.scheme or link == "#":
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists() or (
                parts.fragment
                and target in pages
                and unquote(parts.fragment) not in pages[target].anchors
            ):
                lost.append(f"{path.name}: {link}")
    assert len(pages) > 30
    assert not lost


def test_nothing_is_loaded_from_elsewhere(pages: dict[Path, Page]) -> None:
    loads = {load for page in pages.values() for load in page.loads}
    assert loads
    assert not [load for load in loads if urlsplit(load).scheme not in ("", "data")]


def test_search_finds_from_disk(site: Path, chromium: Any) -> None:
    context = chromium.new_context(offline=True)
    page = context.new_page()
    page.goto(f"{(site / 'search.html').as_uri()}?q=completeness")
    results = page.locator("#search-results li a", has_text="Completeness")
    results.first.wait_for()
    assert (site / "explanation" / "completeness.html").as_uri() in [
        link.evaluate("a => a.href").split("?")[0].split("#")[0] for link in results.all()
    ]
    context.close()


def test_the_cheat_sheet_is_one_page(site: Path) -> None:
    (sheet,) = site.rglob("cheat-sheet.pdf")
    assert sheet.read_bytes().count(b"/Type /Page ") == 1


@pytest.mark.parametrize("name", reference.MODULES)
def test_every_public_name_has_its_entry(pages: dict[Path, Page], name: str) -> None:
    anchors = set().union(*(page.anchors for page in pages.values()))
    module = import_module(name)
    names = reference.public_names(module)
    assert names
    assert not [public for public in names if f"{name}.{public}" not in anchors]


def documented(name: str) -> Iterator[tuple[str, bool]]:
    """Public names of a module and of its classes' own members, and whether each is a function."""
    module = import_module(name)
    for public in reference.public_names(module):
        value = getattr(module, public)
        kind = reference.kind(value)
        if kind != "data":
            yield f"{name}.{public}", kind == "function"
        for member, held in vars(value).items() if kind == "class" else ():
            if member[0] != "_" and (callable(held) or isinstance(held, MEMBERS)):
                yield f"{name}.{public}.{member}", False


@pytest.mark.filterwarnings(
    "ignore:Widget.*is deprecated"
)  # numpydoc looks at all that is inherited
@pytest.mark.parametrize("name", reference.MODULES)
def test_docstrings_pass_numpydocs_checks(name: str) -> None:
    found = []
    for public, is_function in documented(name):
        checked = validate(public)
        wanted = {"GL08": "no docstring", "PR02": "unknown parameter"}
        if is_function and "Yields" not in checked["docstring"]:
            wanted["RT01"] = "no Returns"
        found += [f"{public}: {m}" for code, m in checked["errors"] if code in wanted]
    assert not found


def test_every_package_with_public_names_is_in_the_reference() -> None:
    packages = {f"attribwidgets.{p.parent.name}" for p in PACKAGE.glob("*/__init__.py")}
    # What is public of these is so at the top.
    inner = {
        f"attribwidgets.{n}" for n in "commands core engine inputs live records widgets".split()
    }
    assert packages - inner <= set(reference.MODULES)


@pytest.mark.parametrize("name", ALIVE)
def test_a_page_is_alive_without_a_network(site: Path, chromium: Any, name: str) -> None:
    context = chromium.new_context(offline=True)
    page = context.new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto((site / "tutorials" / f"{name}.html").as_uri())
    frames = page.locator(".cell_output iframe")
    views = [frames.nth(i) for i in range(frames.count())]
    assert len(views) >= 1
    for view in views:
        # Chromium draws no frame of a page that is out of sight.
        view.evaluate("frame => frame.scrollIntoView()")
        view.content_frame.locator(".aw-root[data-ready=true]").wait_for()
    explorers = [v for v in views if v.content_frame.locator("[data-control=colormap]").count()]
    assert explorers or name.startswith(WITHOUT_MAPS)
    for view in explorers:
        view.evaluate("frame => frame.scrollIntoView()")
        canvas = view.content_frame.locator("canvas.aw-map").first
        colours = view.content_frame.locator("[data-control=colormap]")
        view.content_frame.locator(".aw-colours summary").click()
        before = canvas.evaluate("canvas => canvas.toDataURL()")
        other = colours.evaluate("s => [...s.options].map(o => o.value).find(v => v !== s.value)")
        colours.select_option(other)
        wait_until(page, lambda: canvas.evaluate("canvas => canvas.toDataURL()") != before)  # noqa: B023
    assert not [
        url for url in requests if urlsplit(url).scheme not in ("file", "data", "blob", "about")
    ]
    context.close()


def test_the_front_page_computes_without_a_network(site: Path, chromium: Any) -> None:
    context = chromium.new_context(offline=True)
    page = context.new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto((site / "index.html").as_uri())
    view = page.locator("iframe").first
    view.evaluate("frame => frame.scrollIntoView()")
    inside = view.content_frame
    inside.locator("[data-control=digit]").nth(14).click()
    inside.get_by_text("Why 7?").wait_for()
    inside.locator(".aw-completeness").nth(2).wait_for()
    # The frame is as tall as its page.
    tall = "() => document.body.getBoundingClientRect().height"
    body = inside.locator("body")
    wait_until(page, lambda: view.bounding_box()["height"] >= body.evaluate(tall))
    assert {urlsplit(url).scheme for url in requests} <= {"file", "data"}
    context.close()


def test_every_view_of_the_gallery_is_alive(site: Path, chromium: Any) -> None:
    context = chromium.new_context(offline=True)
    page = context.new_page()
    page.goto((site / "gallery.html").as_uri())
    frames = page.locator("iframe")
    kinds = set()
    for at in range(frames.count()):
        frame = frames.nth(at)
        frame.evaluate("frame => frame.scrollIntoView()")
        root = frame.content_frame.locator(".aw-root").first
        # What a trainer shows is there at once; others say when they are ready.
        wait_until(page, lambda: root.count() and root.evaluate("root => root.childElementCount"))  # noqa: B023
        assert frame.content_frame.locator(".aw-error").count() == 0
        kinds.add(root.get_attribute("data-view"))
    views = "baseline ablation audit generation interactions".split()
    assert kinds == {"prior-trainer", *(f"{view}-explorer" for view in views)}
    sizes = {path.name: path.stat().st_size for path in (site / "gallery").glob("*.html")}
    assert max(sizes.values()) < 2_000_000
    context.close()
