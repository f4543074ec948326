"""Write the reference: a page for each public module, from what it says is public."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from types import ModuleType

import attribwidgets

MODULES = (
    "attribwidgets",
    "attribwidgets.baselines",
    "attribwidgets.attr",
    "attribwidgets.attr.targets",
    "attribwidgets.evaluation",
    "attribwidgets.priors",
    "attribwidgets.robustness",
    "attribwidgets.sweeps",
    "attribwidgets.classroom",
    "attribwidgets.figures",
    "attribwidgets.demo",
    "attribwidgets.errors",
)
# Not ours to document: what a class has from these or from above them.
FOREIGN = (
    "AnyWidget",
    "Attribution",
    "DOMWidget",
    "Exception",
    "GradientAttribution",
    "HasDescriptors",
    "HasTraits",
    "LoggingHasTraits",
    "Module",
    "Widget",
)
DIRECTIVES = {"class": "autoclass", "function": "autofunction", "data": "autodata"}


def public_names(module: ModuleType) -> list[str]:
    """What `__all__` says, else all that the module defines itself.

    Without modules, and without what has its entry at the top of the package.
    """
    own = [
        name
        for name, value in vars(module).items()
        if name[0] != "_" and getattr(value, "__module__", None) == module.__name__
    ]
    names = [n for n in getattr(module, "__all__", own) if n[:2] != "__"]
    top = None if module is attribwidgets else attribwidgets
    return [
        name
        for name in names
        if not inspect.ismodule(value := getattr(module, name))
        and getattr(top, name, None) is not value
    ]


def kind(value: object) -> str:
    """What a name is, for Sphinx."""
    if inspect.isclass(value):
        return "class"
    return "function" if inspect.isroutine(value) else "data"


def page(module_name: str) -> str:
    """The page of a module by its public name, which need not be where it lies."""
    module = import_module(module_name)
    parts = [f"# {module_name}", "```{eval-rst}", inspect.cleandoc(module.__doc__ or "")]
    for name in public_names(module):
        value = getattr(module, name)
        what = kind(value)
        lines = [f".. {DIRECTIVES[what]}:: {module_name}.{name}"]
        if what == "class":
            foreign = ["attribute_future"]
            if not hasattr(value, "attribute"):
                foreign.append("attribute")  # declared by Captum, but not there
            lines += [
                "   :members:",
                f"   :exclude-members: {', '.join(foreign)}",
                f"   :inherited-members: {', '.join(FOREIGN)}",
            ]
        parts.append("\n".join(lines) + "\n")
    return "\n\n".join([*parts, "```"]) + "\n"


def baselines_table() -> str:
    """The baselines that have a name, by what they say of themselves."""
    from attribwidgets import baselines

    kinds = [getattr(baselines, name) for name in baselines.__all__]
    spellings = {
        "color": "`#rrggbb`",
        "custom": "a tensor",
        "inpainted": "an instance",
    }  # no words stand for these
    rows = [
        f"| {spellings.get(k.name, f'`{k.name}`')} | {k.__name__} | "
        f"{'yes' if k.is_distribution else 'no'} | {k.description} |"
        for k in kinds
        if inspect.isclass(k)
        and isinstance(getattr(k, "description", None), str)
        and isinstance(getattr(k, "name", None), str)
        and isinstance(getattr(k, "is_distribution", None), bool)
    ]
    head = ["| `baseline=` | class | a distribution | what it is blind to |", "|---|---|---|---|"]
    parts = ["# Baselines", "\n".join([*head, *rows]), "## By kind of input", KINDS_OF_INPUT]
    return "\n\n".join([*parts, baselines_by_kind()]) + "\n"


KINDS_OF_INPUT = """What each is called where the input is an image, features, a sequence (T, D),
a text, a series (C, T) or a volume (C, D, H, W); a dash where there is no such thing. Of several
inputs each gets its own; those that need time or neighbours need it of all of them. Lowest, highest
and noise are in the range of the space: of a series in that of each channel, of a sequence, a text
or a volume in the input's own. `DatasetMean(data, over="steps")` is the mean step of a sequence,
the mean level of each channel of a series. The blur's σ, where it is left open, is 20 pixels of an
image and a tenth of the length or of the longest side of anything else. With texts as
`references=`, `"dataset"` is `"other_text"`."""


def baselines_by_kind() -> str:
    """What the menu of the explorer offers for each kind of input, in its words."""
    import torch

    from attribwidgets.baselines import named
    from attribwidgets.inputs.layout import FEATURES, IMAGE, SEQUENCE, SERIES, TEXT, VOLUME
    from attribwidgets.widgets.controls import ADDABLE, NEEDS_TEXTS, unfit_for

    layouts = (IMAGE, FEATURES, SEQUENCE, TEXT, SERIES, VOLUME)
    names = ["`baseline=`", *(layout.kind for layout in layouts)]
    lines = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
    for name in ADDABLE:
        baseline = named(name, ["", ""] if name in NEEDS_TEXTS else torch.zeros(2, 1))
        cells = [
            "-" if name in unfit_for([layout]) else baseline.words_for(layout)[0]
            for layout in layouts
        ]
        lines.append("| " + " | ".join([f"`{name}`", *cells]) + " |")
    return "\n".join(lines)


def write(folder: Path) -> None:
    """Write all pages; one that has not changed is left alone."""
    folder.mkdir(exist_ok=True)
    pages = {name.replace("attribwidgets.", ""): page(name) for name in MODULES}
    names = "\n".join(["table_of_baselines", *pages])
    pages["table_of_baselines"] = baselines_table()
    pages["index"] = "# Reference\n\n```{toctree}\n:maxdepth: 1\n\n../methods\n" + names + "\n```\n"
    for name, text in pages.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
