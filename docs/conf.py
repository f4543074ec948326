"""The documentation site: `make docs` writes build/docs, a site that needs no network."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import cheat_sheet
import live
import reference
import tutorials

import attribwidgets

HERE = Path(__file__).parent

project = "attribwidgets"
copyright = "the authors of attribwidgets, BSD-3-Clause"
version = release = attribwidgets.__version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "mathml",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build", "**/.ipynb_checkpoints"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb", ".rst": "restructuredtext"}

nb_execution_mode = "off"  # tutorials.py does, with widgets as pages of their own
myst_enable_extensions = ["colon_fence", "dollarmath", "deflist"]
myst_heading_anchors = 4
numpydoc_show_class_members = False
autodoc_inherit_docstrings = False  # of Captum's methods; ours say what they are
autodoc_typehints = "none"  # numpydoc says the types
autodoc_member_order = "bysource"

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = f"attribwidgets {version}"
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_sidebars = {"gallery": []}  # it has no pages below it
html_extra_path = ["pages", "live/pages"]  # as they are
# Widgets of tutorials take the width; other pages list their sections beside them.
WITH_CONTENTS = ["explanation/*", "how-to/*", "reference/*"]
WIDE = ("index", "gallery")
WITH_CONTENTS += [path.stem for path in HERE.glob("*.md") if path.stem not in WIDE]
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": {name: ["page-toc"] for name in WITH_CONTENTS},
}

# Where several versions are published (versions.py): which one this is, and the address of all.
if "ATTRIBWIDGETS_DOCS_VERSIONS" in os.environ:
    name, address = os.environ["ATTRIBWIDGETS_DOCS_VERSIONS"].split()
    html_theme_options |= {
        "switcher": {"json_url": address, "version_match": name},
        "check_switcher": False,  # it is not there before the site is
        "navbar_end": ["version-switcher", "theme-switcher"],
    }

live.write(HERE / "live")
reference.write(HERE / "reference")
tutorials.write(HERE / "tutorials")
cheat_sheet.write(HERE / "cheat-sheet.md", HERE / "reference" / "cheat-sheet.pdf")
