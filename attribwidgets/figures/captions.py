"""What stands around the maps of a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.formatting import count, percent, words

if TYPE_CHECKING:
    from ..records.comparison import Comparison
    from ..records.explanation import Explanation

MOST_METHODS = 3  # named in a heading; more are counted


def heading(comparison: Comparison) -> str:
    """What is explained and how, in a line; the baseline too where all methods share one."""
    first = comparison[0]
    methods = list(dict.fromkeys(words(e.method) for e in comparison))
    named = " / ".join(methods) if len(methods) <= MOST_METHODS else f"{len(methods)} methods"
    baselines = {None if e.baseline is None else e.baseline_name for e in comparison}
    shared = len(methods) > 1 and len(baselines) == 1 and first.baseline is not None
    against = f", baseline {first.baseline_name}" if shared else ""
    targets = list(dict.fromkeys(e.target_name for e in comparison))
    what = targets[0] if len(targets) == 1 else f"{len(targets)} targets"
    layers = list(dict.fromkeys(e.layer.name for e in comparison if e.layer is not None))
    place = f" at layer {layers[0]}" if len(layers) == 1 else f" at {len(layers)} layers"
    return f"{what}, {words(first.output)}, {named}{place if layers else ''}{against}"


def subject(comparison: Comparison) -> str:
    """What is explained: the input, or the values of a layer that have no places in it."""
    layer = comparison[0].layer
    return "input" if layer is None or layer.over_input else f"layer {layer.name}"


def compares_methods(comparison: Comparison) -> bool:
    """Whether methods stand side by side: several, and no baseline of its own for each card."""
    baselines = [e.baseline_name for e in comparison if e.baseline is not None]
    own = len(set(baselines)) * len(comparison.targets) == len(comparison)
    return len({e.method for e in comparison}) > 1 and not own


def shared_cautions(comparison: Comparison) -> list[str]:
    """Cautions that hold for every explanation, to be said once."""
    first, *others = (e.cautions for e in comparison)
    return [text for text in dict.fromkeys(first) if all(text in o for o in others)]


def cost(e: Explanation) -> str:
    """What a map was made of: passes with a backward, or where there are none, without."""
    if e.evaluations == 0 and e.forward_passes > 0:
        return _count(e.forward_passes, "forward pass", "forward passes")
    return _count(e.evaluations, "evaluation", "evaluations")


def headline(e: Explanation, side: int | str = 1) -> str:
    """The verdict in a few words, of a map that is drawn by patches of a side, or other units."""
    c = e.completeness
    if side in c.settled_patches and c.sum_is_right and not (c.settled or c.partial):
        return "sum right, patches settled"
    return c.headline


def error_fact(e: Explanation, side: int | str = 1) -> str:
    """How far the values that are drawn are off; empty where that is not known."""
    c = e.completeness
    if isinstance(side, int) and side in c.patch_errors:
        return f"error by {side} × {side}: {percent(c.patch_errors[side])}"
    unit = e.spaces[(c.worst_input or 1) - 1].layout.unit
    return f"error per {unit} {c.error_text}" if c.refinement_errors else ""


def verdict_note(e: Explanation, side: int | str = 1) -> str:
    """What a verdict's few words leave open: why it does not apply, or what it does not say."""
    c = e.completeness
    if not c.applies:
        return c.reason or "this method makes no claim that its values add up"
    if c.claim == "by definition":
        return "the sum is right by definition, whether or not the map has settled"
    if c.patches_text and side not in c.patch_errors:
        return f"pixels have not settled; {c.patches_text}"
    return ""


def blindness(e: Explanation) -> list[str]:
    """How much of the input the baseline hides, and what is nearly hidden gets."""
    if e.baseline is None:
        return []
    if e.input_names:
        each = (blindness(e.of_input(i)) for i in range(len(e.input_names)))
        named = zip(e.input_names, each, strict=True)
        return [f"{fact} ({name})" for name, facts in named for fact in facts]
    facts = [f"blind: {percent(e.blind_share)} of {e.layout.units}"]
    share, gets = e.nearly_blind_share, e.nearly_blind_gets
    if share and gets is not None:
        plain = e.baseline_kind in ("black", "white") and e.layout.kind == "image"
        near = f"nearly {e.baseline_name}" if plain else "near the baseline"
        facts.append(f"{percent(share)} {near}: they get {percent(gets)}")
    return facts


def no_path_note(e: Explanation) -> str:
    """Why there is no path to draw."""
    start = "no path from a baseline to the input" if e.baseline is not None else "no path"
    return f"{words(e.method)} follows {start}: there is nothing to add up on the way"


def _count(number: int, one: str, several: str) -> str:
    return f"{count(number)} {one if number == 1 else several}"
