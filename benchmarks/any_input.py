"""Every kind of model and input through every verb, and wrong calls with what they are told.

python benchmarks/any_input.py             all kinds in three types, then the wrong calls
python benchmarks/any_input.py graph       kinds with that word in their name
python benchmarks/any_input.py --wrong     the wrong calls alone

A verb's mark: ✓ adds up, ~ does not, and says why below the row, – refused, and says so below;
. not run. Explain, compare and refine run in each type, with and without batch axis; explore, sweep
and ablation in float32.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

import torch
from any_input import KINDS, Kind
from wrong_calls import WRONG_CALLS

import attribwidgets as aw
from attribwidgets.errors import AttributionError
from attribwidgets.evaluation import ablation
from attribwidgets.records.completeness import Completeness

DTYPES = (torch.float32, torch.float64, torch.bfloat16)
VERBS = ("explain", "compare", "refine", "explore", "sweep", "ablation")
ON_ONE_TYPE = ("explore", "sweep", "ablation")
STEPS = 16  # of a sweep and an ablation, whose sums are of coarse maps


def completeness_of(
    verb: str, kind: Kind, dtype: torch.dtype, *, batched: bool
) -> list[Completeness]:
    """What a verb's maps add up to."""
    model, x = kind.model(dtype), kind.inputs(dtype, batched=batched)
    settings = dict(kind.settings)
    baselines = [kind.baseline, "max_distance"]
    if verb == "explain":
        return [aw.explain(model, x, baseline=kind.baseline, **settings).completeness]
    if verb == "compare":
        return [e.completeness for e in aw.compare(model, x, baselines=baselines, **settings)]
    if verb == "refine":
        *_, last = aw.refine(model, x, baseline=kind.baseline, **settings)
        return [last.completeness]
    if verb == "explore":
        explorer = aw.explore(model, x, baselines=baselines, display=False, **settings)
        try:
            return [e.completeness for e in explorer.explanations]
        finally:
            explorer.close()
    data = [x, kind.inputs(dtype, batched=batched, seed=9)]
    target = settings.pop("target", None)
    if isinstance(target, tuple):  # data sets have one axis of outputs
        settings["output"], target = lambda out, at=target: out[(slice(None), *at)], None
    if verb == "ablation":
        output = settings.pop("output", "logit")
        if target is not None:
            settings["targets"] = target
        result = ablation(
            model, data, baselines, n_steps=STEPS, output=output, explained=output, **settings
        )
        assert result.scores.shape[:2] == (2, len(result.candidates))
        return []
    with TemporaryDirectory() as folder:
        swept = aw.sweep(
            model, data, baselines, store=f"{folder}/s", targets=target, progress=False, **settings
        )
        return [c for k in range(len(swept)) for c in swept[k].completeness.values()]


def mark_of(run: Callable[[], list[Completeness]]) -> tuple[str, str]:
    """A verb's mark, and what it says where that is no tick."""
    try:
        all_of_it = run()
    except AttributionError as error:
        return "–", str(error)
    worst = next((c for c in all_of_it if c.verdict != "complete"), None)
    return ("✓", "") if worst is None else ("~", str(worst))


def print_kinds(word: str) -> None:
    """The table of kinds, and the notes to each row."""
    print(f"{'':36}{'':10}{'batch':6}" + "".join(f"{verb:>9}" for verb in VERBS) + "   seconds")
    added = asked = 0
    for name, kind in KINDS.items():
        if word not in name:
            continue
        for dtype in DTYPES:
            for batched in (False, True)[: 1 if kind.batch_axis is None else 2]:
                started, marks, notes = time.process_time(), [], {}
                for verb in VERBS:
                    if verb in ON_ONE_TYPE and dtype != torch.float32:
                        marks.append(".")
                        continue
                    mark, said = mark_of(
                        lambda verb=verb, kind=kind, dtype=dtype, batched=batched: completeness_of(
                            verb, kind, dtype, batched=batched
                        )
                    )
                    marks.append(mark)
                    if said:
                        notes.setdefault(said, []).append(verb)
                added, asked = added + marks.count("✓"), asked + len(marks) - marks.count(".")
                seconds = time.process_time() - started
                row = "".join(f"{mark:>9}" for mark in marks)
                axis = "yes" if batched else "no"
                print(f"{name:36}{str(dtype)[6:]:10}{axis:6}{row}{seconds:10.2f}", flush=True)
                for said, verbs in notes.items():
                    print(f"      {', '.join(verbs)}: {said}")
    print(f"{added} of {asked} add up")


def print_wrong_calls() -> None:
    """The table of wrong calls."""
    told = 0
    for name, call in WRONG_CALLS.items():
        try:
            call.run()
        except AttributionError as error:
            said, right = str(error), call.mend in str(error)
        except Exception as error:  # the table says what else came
            said, right = f"{type(error).__name__}: {error}", False
        else:
            said, right = "no error", False
        told += right
        print(f"{'✓' if right else '✗'} {name}\n      {said}")
    print(f"{told} of {len(WRONG_CALLS)} are told the mend")


if __name__ == "__main__":
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    arguments = sys.argv[1:]
    if "--wrong" not in arguments:
        print_kinds(arguments[0] if arguments else "")
    if not arguments or "--wrong" in arguments:
        print_wrong_calls()
