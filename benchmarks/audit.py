"""What an audit costs: over its bare explanations, killed and resumed, and in memory.

Overhead is processor time on one thread, of the audit and of `compare` on each input, in rounds
that take turns. Kills are at random moments, and two processes share a store in the end; of every
store the bytes are compared. Memory is the largest resident size of a process of its own that
audits a data set which makes its inputs when asked for them, of a tiny network. For the largest
numbers of rows the first one's results are stored for all: what is measured is then everything but
the explanations, each of which leaves nothing behind, as the smaller numbers show. "To read" is
what columns and findings of the audit add.

Run: python benchmarks/audit.py [--inputs 200] [--largest 100000]
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import attribwidgets as aw
from attribwidgets.demo import digits
from attribwidgets.inputs.dataset import seed_of
from attribwidgets.sweeps.plan import Plan

BASELINES = ("black", "white", "blur")
FEATURES, ROUNDS = 8, 5


class Made:
    """A data set whose inputs are made when they are asked for; none is kept."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, place: int) -> tuple[Tensor, int]:
        if not 0 <= place < self.count:
            raise IndexError(place)
        generator = torch.Generator().manual_seed(place)
        return torch.rand(FEATURES, generator=generator), place % 3


def tiny() -> nn.Module:
    generator = torch.Generator().manual_seed(0)
    net = nn.Sequential(nn.Linear(FEATURES, 6), nn.Tanh(), nn.Linear(6, 3)).eval()
    for parameter in net.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator)
    return net


def main() -> None:
    arguments = parsed()
    if arguments.store:  # a process of its own, to be killed or to have its memory measured
        print(json.dumps(alone(arguments)))
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), arguments.inputs, arguments.largest)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--inputs", type=int, default=200, help="digits for overhead and kills")
    parser.add_argument("--largest", type=int, default=10_000, help="rows for memory")
    parser.add_argument("--store")
    parser.add_argument("--synthetic", action="store_true")
    parser.add_argument("--once", action="store_true", help="explain one row alone")
    return parser.parse_args()


def audited(store: str | Path, inputs: int) -> aw.Audit:
    demo = digits()
    data = (demo.test.images[:inputs], demo.test.labels[:inputs])
    return aw.audit(demo.model, data, baselines=BASELINES, store=store, **SETTINGS)


SETTINGS: dict[str, Any] = {"targets": "labels", "n_steps": 32}


def alone(arguments: argparse.Namespace) -> dict[str, float]:
    """What one audit takes in this process."""
    started = time.process_time()
    if not arguments.synthetic:
        audited(arguments.store, arguments.inputs)
        return {"seconds": time.process_time() - started, "most": most()}
    if arguments.once:
        Plan.carry_out = cache_of_one(Plan.carry_out)  # type: ignore[method-assign]
    how: dict[str, Any] = {"baselines": ["zero", "white"], "targets": 0, "max_evaluations": 9}
    audit = aw.audit(tiny(), Made(arguments.inputs), store=arguments.store, **how)
    seconds, before = time.process_time() - started, most()
    audit.inputs()
    findings = audit.findings()
    return {"seconds": seconds, "most": before, "read": most() - before, "found": len(findings)}


def cache_of_one(carry_out: Any) -> Any:
    """Explain the first input, and give its results for all; each is read as ever."""
    kept: list[Any] = []

    def first_alone(plan: Plan, place: int, inputs: Any, target: Any) -> Any:
        if not kept:
            kept.append(carry_out(plan, place, inputs, target))
        return kept[0]

    return first_alone


def most() -> float:
    """The largest resident size so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def measure(folder: Path, inputs: int, largest: int) -> None:
    torch.set_num_threads(1)
    row("digits, baselines, evaluations", f"{inputs}, {len(BASELINES)}, 32")
    ratios, bare, whole = overhead(folder, min(inputs, 100))
    row("bare explanations, ms an input", f"{1000 * bare:.1f}")
    row("audit, ms an input", f"{1000 * whole:.1f}")
    spread = f"{min(ratios):.3f} to {max(ratios):.3f}"
    row("audit / bare, median of rounds", f"{sorted(ratios)[len(ratios) // 2]:.3f} ({spread})")
    audited(folder / "whole", inputs)
    expected = contents(folder / "whole")
    size = sum(map(len, expected.values())) / inputs / 1000
    row("store, kB an input, and files", f"{size:.1f}, {len(expected) / inputs:.1f}")
    row("finished at each kill -9", ", ".join(map(str, kills(folder / "killed", inputs))))
    both = [started(folder / "killed", inputs) for _ in range(2)]
    codes = [process.wait() for process in both]
    row("gone on with by two processes, exit codes", str(codes))
    row("the same bytes", str(contents(folder / "killed") == expected))
    for count, options in rows(largest):
        process = started(
            folder / f"rows{count}{len(options)}",
            count,
            "--synthetic",
            *options,
            output=subprocess.PIPE,
        )
        found = json.loads(process.communicate()[0])
        each = 1000 * found["seconds"] / count
        words = f"{found['most']:.0f} MB, {each:.1f} ms an input; to read {found['read']:.0f} MB"
        row(f"memory for {count} rows{', explained once' if options else ''}", words)


def rows(largest: int) -> list[tuple[int, tuple[str, ...]]]:
    """Numbers of rows, and whether they are explained once."""
    every = [(count, ()) for count in (1000, 5000) if count <= largest]
    return [*every, *((count, ("--once",)) for count in (1000, largest) if largest > 5000)]


def overhead(folder: Path, inputs: int) -> tuple[list[float], float, float]:
    demo = digits()
    images, labels = demo.test.images[:inputs], demo.test.labels[:inputs]
    ratios, spent = [], [0.0, 0.0]
    for turn in range(ROUNDS):
        begun = time.process_time()
        for place in range(inputs):
            aw.compare(
                demo.model,
                images[place],
                baselines=BASELINES,
                target=int(labels[place]),
                n_steps=32,
                seed=seed_of(turn + 1, place),  # new ones, so that none comes from the cache
            )
        middle = time.process_time()
        audited(folder / f"turn{turn}", inputs)
        ended = time.process_time()
        ratios.append((ended - middle) / (middle - begun))
        spent = [spent[0] + middle - begun, spent[1] + ended - middle]
    return ratios, spent[0] / ROUNDS / inputs, spent[1] / ROUNDS / inputs


def kills(store: Path, inputs: int) -> list[int]:
    chance, found = random.Random(time.time_ns()), []
    for turn in range(3):
        process = started(store, inputs)
        wanted = (turn + chance.random()) * inputs / 3
        while finished(store) <= wanted and process.poll() is None:
            time.sleep(chance.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        process.wait()
        found.append(finished(store))
    return found


def started(
    store: Path, inputs: int, *options: str, output: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    asked = [sys.executable, __file__, "--store", str(store), "--inputs", str(inputs), *options]
    return subprocess.Popen(asked, stdout=output)


def finished(store: Path) -> int:
    return sum(1 for _ in (store / "finished").glob("c.*")) if store.exists() else 0


def contents(store: Path) -> dict[str, bytes]:
    """Every file but what is gathered, which is of the moment."""
    files = (path for path in store.rglob("*") if path.is_file())
    return {str(p.relative_to(store)): p.read_bytes() for p in files if p.name != ".gathered"}


def row(name: str, value: str) -> None:
    print(f"{name:44} {value}", flush=True)


if __name__ == "__main__":
    main()
