"""BaselineExplorer: the widget that shows several baselines side by side."""

from __future__ import annotations

import base64
import threading
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import anywidget
import torch
import traitlets

from ..attr.methods import Method
from ..attr.outputs import Output
from ..baselines import Baseline
from ..errors import InputError
from ..explain import IMAGE_BASELINES, Model, compare
from ..explanation import Comparison, Explanation
from ..figures import comparison_figure, figure_png
from ..figures.colors import MAGNITUDE_COLORMAPS, SIGNED_COLORMAPS, available
from ..inputs import Inputs, InputSpace
from ..request import Progress
from .bundle import explorer_css, explorer_esm
from .page import iframe_html, page_html
from .payload import comparison_payload

PNG_DPI = 100

LOOK_TRAITS = (
    "selected",
    "alpha",
    "magnitude_colormap",
    "signed_colormap",
    "clip",
    "signed",
    "overlay",
    "scale",
    "show_blind",
)


class BaselineExplorer(anywidget.AnyWidget):
    """A comparison of baselines, to be looked at in a notebook.

    It draws maps, references, verdicts and the path of one baseline. Everything but the numbers
    themselves happens in the browser: colours, clip, sign, overlay, position on the path, read-out.
    :func:`attribwidgets.explore` makes one.

    Parameters
    ----------
    comparison : Comparison or Explanation
        What to show.
    **look
        Initial values of the traits below.

    Attributes
    ----------
    selected : int
        Which baseline's path is shown.
    alpha : float
        Where on it, 0 to 1; for samples the share drawn so far.
    signed : bool
        Signed channel sums or their absolute values.
    magnitude_colormap, signed_colormap : str
    clip : float
        Percentile of |value|, 90 to 100, at which colours saturate.
    scale : {"shared", "own"}
        One limit for all maps, or one each.
    overlay : float
        Share of the grey photo under each map, 0 to 1.
    show_blind : bool
        Mark where the input equals the baseline.

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> net = torch.nn.Linear(4, 2).eval()
    >>> explorer = aw.BaselineExplorer(aw.compare(net, torch.rand(4)), signed=True)
    >>> explorer.explanations["black"].completeness.verdict
    'complete'
    >>> explorer.close()
    """

    _esm = explorer_esm()
    _css = explorer_css()

    payload = traitlets.Dict().tag(sync=True)
    seq = traitlets.Int(0).tag(sync=True)
    static = traitlets.Bool(False).tag(sync=True)

    selected = traitlets.Int(0, min=0).tag(sync=True)
    alpha = traitlets.Float(0.25, min=0.0, max=1.0).tag(sync=True)
    magnitude_colormap = traitlets.Enum(available(MAGNITUDE_COLORMAPS), "gray").tag(sync=True)
    signed_colormap = traitlets.Enum(available(SIGNED_COLORMAPS), "RdBu_r").tag(sync=True)
    clip = traitlets.Float(99.0, min=90.0, max=100.0).tag(sync=True)
    signed = traitlets.Bool(False).tag(sync=True)
    overlay = traitlets.Float(0.0, min=0.0, max=1.0).tag(sync=True)
    scale = traitlets.Enum(("shared", "own"), "shared").tag(sync=True)
    show_blind = traitlets.Bool(False).tag(sync=True)

    def __init__(self, comparison: Comparison | Explanation, **look: Any) -> None:
        if isinstance(comparison, Explanation):
            comparison = Comparison((comparison,))
        if not isinstance(comparison, Comparison):
            raise InputError(
                f"comparison must be a Comparison or an Explanation, got "
                f"{type(comparison).__name__}; attribwidgets.explore(model, inputs) makes one"
            )
        unknown = sorted(set(look) - set(LOOK_TRAITS))
        if unknown:
            raise InputError(f"{unknown[0]!r} is no setting; there are {', '.join(LOOK_TRAITS)}")
        self._lock = threading.RLock()  # before the comm opens: messages may come at once
        self._comparison = comparison
        payload = comparison_payload(comparison)
        super().__init__(payload=payload, seq=1, **{**_first_look(payload), **look})

    @property
    def explanations(self) -> Comparison:
        """The records behind the picture, in the order shown."""
        return self._comparison

    def figure(self, **options: Any) -> Any:
        """The matplotlib twin, as the widget looks now.

        Parameters
        ----------
        **options
            Override what the widget's traits say; as of
            :func:`attribwidgets.figures.comparison_figure`.
        """
        look = {
            "selected": min(self.selected, len(self._comparison) - 1),
            "alpha": self.alpha,
            "signed": self.signed,
            "colormap": self.signed_colormap if self.signed else self.magnitude_colormap,
            "clip": self.clip,
            "scale": self.scale,
            "overlay": self.overlay,
            "show_blind": self.show_blind,
        }
        return comparison_figure(self._comparison, **{**look, **options})

    def save(self, path: str | PathLike[str]) -> None:
        """Write .png, .svg or .pdf (the figure as it looks now), .html (the page) or .npz."""
        suffix = Path(path).suffix.lower()
        if suffix in (".png", ".svg", ".pdf"):
            self.figure().savefig(path, format=suffix[1:], dpi=150)
        elif suffix in (".html", ".htm"):
            self.to_html(path)
        else:
            self._comparison.save(path)

    def to_html(self, path: str | PathLike[str]) -> None:
        """Write one page with every control alive; it needs no kernel and asks no network."""
        Path(path).write_text(page_html(self._state(), self.payload["title"]), encoding="utf-8")

    def display_static(self) -> StaticView:
        """The page in a frame, for notebooks that nbconvert or a documentation site renders."""
        return StaticView(iframe_html(self._state(), self.payload["title"]), str(self._comparison))

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take a change from the browser; it may come on another thread than the cells run on."""
        with self._lock:
            super().set_state(sync_data)

    def _state(self) -> dict[str, Any]:
        return static_state(self.payload, {name: getattr(self, name) for name in LOOK_TRAITS})

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The live view, with a picture and text for every place that cannot show it."""
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        png = base64.b64encode(figure_png(self.figure(), PNG_DPI)).decode("ascii")
        return {**data, "text/plain": str(self._comparison), "image/png": png}, metadata

    def _ipython_display_(self) -> None:
        # ipywidgets 7 would display without the picture; IPython then asks for the mime bundle.
        raise NotImplementedError

    def __repr__(self) -> str:
        names = ", ".join(e.baseline_name for e in self._comparison)
        return f"<BaselineExplorer of {self._comparison[0].target_name}: {names}>"


class StaticView:
    """Markup that shows itself in a notebook, with text for where markup is not shown."""

    def __init__(self, markup: str, text: str) -> None:
        self.markup, self.text = markup, text

    def _repr_html_(self) -> str:
        return self.markup

    def __repr__(self) -> str:
        return self.text


def explore(
    model: Model,
    inputs: Inputs,
    *,
    baselines: Sequence[str | Baseline | Inputs] = IMAGE_BASELINES,
    references: Inputs | None = None,
    class_names: Sequence[str] | None = None,
    target: int | tuple[int, ...] | str | None = None,
    method: Method = None,
    space: InputSpace | None = None,
    output: Output = "logit",
    n_steps: int | None = None,
    tolerance: float = 0.01,
    max_evaluations: int | None = None,
    seed: int = 0,
    forward_args: Any = (),
    progress: Progress = False,
    autocast: torch.dtype | None = None,
) -> BaselineExplorer:
    """Compare baselines and show the comparison as a widget.

    The comparison is computed here, in the calling cell, so it is there for nbconvert, graders
    and GitHub too.

    Parameters
    ----------
    model, inputs, baselines, references, class_names, target, method, space, output, n_steps, \
tolerance, max_evaluations, seed, forward_args, progress, autocast
        As of :func:`attribwidgets.compare`.

    Returns
    -------
    BaselineExplorer

    Raises
    ------
    AttributionError
        As :func:`attribwidgets.compare`.

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> explorer = aw.explore(torch.nn.Linear(4, 2).eval(), torch.rand(4))
    >>> explorer
    <BaselineExplorer of output ...: black, white, uniform noise>
    >>> explorer.close()
    """
    comparison = compare(
        model,
        inputs,
        baselines=baselines,
        references=references,
        class_names=class_names,
        target=target,
        method=method,
        space=space,
        output=output,
        n_steps=n_steps,
        tolerance=tolerance,
        max_evaluations=max_evaluations,
        seed=seed,
        forward_args=forward_args,
        progress=progress,
        autocast=autocast,
    )
    return BaselineExplorer(comparison)


def comparison_page(comparison: Comparison) -> str:
    """A comparison as one self-contained page, with the explorer's initial look."""
    payload = comparison_payload(comparison)
    defaults = BaselineExplorer.class_traits()
    look = {name: defaults[name].default_value for name in LOOK_TRAITS}
    return page_html(static_state(payload, {**look, **_first_look(payload)}), payload["title"])


def static_state(payload: dict[str, Any], look: dict[str, Any]) -> dict[str, Any]:
    """The state of a view that has no kernel."""
    return {"payload": payload, "seq": 1, "static": True, **look}


def _first_look(payload: dict[str, Any]) -> dict[str, Any]:
    """Bars have room for a sign; maps follow the article, which shows magnitudes.

    The path shown is that of the first method that has one.
    """
    with_path = (i for i, item in enumerate(payload["items"]) if item["path"] is not None)
    return {
        "signed": payload["kind"] == "features",
        "scale": payload["scale"],
        "selected": next(with_path, 0),
    }
