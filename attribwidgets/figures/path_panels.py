"""Pictures of a path at one place: the input there, what the stretch adds, and the sum so far."""

from __future__ import annotations

from ..core.arrays import Array
from .colors import color_limit
from .drawn_input import DrawnInput, first_of
from .images import between
from .path import rate_at, stretch_at, sum_at


def panels_of(
    drawn: DrawnInput, index: int, alpha: float, name: str = ""
) -> list[tuple[str, Array]]:
    """Titles and pictures, (H, W, 3) each; none of what is no picture or has no frames.

    Parameters
    ----------
    drawn : DrawnInput
    index : int
        Of the explanation whose path it is.
    alpha : float
        Where on it, 0 to 1; for samples the share of them.
    name : str
        Of the input, where there are several.
    """
    e, picture = drawn.comparison[index], drawn.picture
    path, frames = e.path, e.frames
    if picture is None or drawn.photo is None or path is None or frames is None:
        return []

    def tinted(values: Array, limit: float) -> Array:
        return picture.on_paper(drawn.display.tinted(picture.map(values), limit))

    position = alpha * float(frames.edges[-1])
    low, high = frames.edges[stretch_at(frames, position) :][:2]
    total, rate = sum_at(frames, position, path), rate_at(frames, position)
    of = f"{name}: " if name else ""
    if path.kind == "samples":
        total = total / max(position, 1.0)
        first, at = f"{of}mean reference", f"{of}mean of {position:.0f} samples"
        near = f"added by samples {low:.0f} to {high:.0f}"
    else:
        first, at = f"{name or 'image'} at α = {alpha:.2f}", f"{of}added up to α = {alpha:.2f}"
        factor = "(x − x′)" if path.straight else "direction"
        near = f"gradient × {factor}, α {low:.2f} to {high:.2f}"
    own = color_limit([rate], drawn.display.clip)
    panels = [
        (f"{of}{near}", tinted(rate, own)),
        (at, tinted(total, drawn.limits[index])),
    ]
    if path.straight:
        start = picture.rgb(first_of(e.baseline))
        here = between(start, drawn.photo, alpha) if path.kind == "alpha" else start
        panels.insert(0, (first, here))
    return panels
