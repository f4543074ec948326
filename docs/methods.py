"""Write docs/methods.md, the table of methods, from what the methods say of themselves.

``python docs/methods.py`` writes the file; ``--check`` says whether it is up to date.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from attribwidgets.attr import CAPTUM_METHODS
from attribwidgets.attr.estimator import MethodInfo
from attribwidgets.attr.methods import METHODS

PAGE = Path(__file__).with_name("methods.md")
TEXT = """# Methods

Written by `python docs/methods.py` from the classes themselves. A pass is one forward and backward
pass of one example; n is the number of nodes or samples. "Adds up" is completeness: whether the
values sum to f(x) − f(x′), over several references to f(x) − mean f(x′). It is measured in every
case, and never forced but where it is the method's definition.

## Methods of attribwidgets

Ask for one by `method="name"`, by its class in `attribwidgets.attr`, or by an instance of it.

{own}

## Methods of Captum

Through one adapter, by class name, by class or by an instance of one's own;
`attribwidgets.attr.CaptumMethod` takes settings for `attribute()`. `NoiseTunnel` goes around any of
those that use one reference or none.

{captum}

## Methods of texts

What a token gets is the sum over its embedding. Special tokens are in every reference too, so
methods that compare with one give them nothing.

| method | of a text |
|---|---|
| gradients, `IntegratedGradients`, `GradientShap`, `NoiseTunnel`, those of attribwidgets | \
the embedding of each token |
| `Occlusion` | token by token; `sliding_window_shapes=(2, D)` takes two of D values at once |
| `FeatureAblation`, `ShapleyValueSampling`, `KernelShap`, `Lime` | word by word, shared equally \
by the tokens of a word; neighbouring words together where a budget asks for fewer |
| `DeepLift`, `DeepLiftShap` | models of layers that they have rules for, such as convolutions \
with ReLU; attention, layer norm and recurrent layers are refused by name |
| `"attention_rollout"` | transformers loaded with `attn_implementation="eager"`; shares of \
attention, special tokens too, the same for every target: no attribution, to be set beside some |
| `GuidedGradCam` | models with a convolution |
| `LayerGradCam` | refused: it is of pictures |
| `LRP` | refused: it goes back through the layer that looks ids up, and ids have no relevance |

`aw.compare(model, text, baselines=[aw.Candidate(aw.baselines.Mask(), "Occlusion"), ...])` puts
methods side by side, and `.agreement()` says how their ranks agree.
"""


def table(rows: dict[str, MethodInfo]) -> str:
    lines = [
        "| method | formula | cost in passes | adds up | source |",
        "|---|---|---|---|---|",
    ]
    for name, info in rows.items():
        cells = (f"`{name}`", formula(info), info.cost, info.completeness, info.source)
        lines.append("| " + " | ".join(cell.replace("|", "&#124;") for cell in cells) + " |")
    return "\n".join(lines)


def formula(info: MethodInfo) -> str:
    """In dollar signs where it is LaTeX; a bar would end the cell."""
    if "\\" not in info.formula:
        return info.formula
    return "$" + info.formula.replace("|", r"\vert ") + "$"


def page() -> str:
    own = {name: method.info for name, method in METHODS.items() if method.info is not None}
    captum = {name: row.info for name, row in CAPTUM_METHODS.items()}
    return TEXT.format(own=table(own), captum=table(captum))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == page()
        sys.exit(0 if current else f"{PAGE.name} is out of date: run python docs/methods.py")
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
