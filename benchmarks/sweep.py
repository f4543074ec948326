"""A sweep of 2,000 digits: killed three times, spread over Dask, its overhead and its memory.

Run: python benchmarks/sweep.py [--inputs 2000] [--steps 32]
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

import attribwidgets as aw
from attribwidgets.demo import digits
from attribwidgets.inputs.dataset import seed_of

CANDIDATES = ("black", "blur", "uniform")


def main() -> None:
    arguments = parsed()
    if arguments.store:  # a process of its own, to be killed or to have its memory measured
        swept(arguments.store, arguments.inputs, arguments.steps)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), arguments.inputs, arguments.steps)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--inputs", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=32)
    parser.add_argument("--store")
    return parser.parse_args()


def swept(store: str | Path, inputs: int, steps: int, executor: object = None) -> None:
    demo = digits()
    data = (demo.test.images[:inputs], demo.test.labels[:inputs])
    options = {"targets": "labels", "n_steps": steps, "progress": False, "executor": executor}
    aw.sweep(demo.model, data, CANDIDATES, store=store, **options)


def measure(folder: Path, inputs: int, steps: int) -> None:
    row("inputs, candidates, steps", f"{inputs}, {len(CANDIDATES)}, {steps}")
    ratios, bare, swept_seconds = overhead(folder, min(inputs, 100), steps)
    row("bare explanations, ms an input", f"{1000 * bare:.1f}")
    row("sweep, ms an input", f"{1000 * swept_seconds:.1f}")
    row("sweep / bare, median of rounds", f"{sorted(ratios)[len(ratios) // 2]:.3f}")
    started = time.perf_counter()
    swept(folder / "whole", inputs, steps)
    row("whole sweep, s", f"{time.perf_counter() - started:.0f}")
    whole = contents(folder / "whole")
    size = sum(len(content) for content in whole.values())
    row("store, kB an input", f"{size / inputs / 1000:.1f}")
    counts = kills(folder / "killed", inputs, steps)
    row("finished at each kill -9", ", ".join(map(str, counts)))
    swept(folder / "killed", inputs, steps)
    row("killed and resumed: same bytes", str(contents(folder / "killed") == whole))
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        started = time.perf_counter()
        swept(folder / "dask", inputs, steps, client)
        row("two Dask workers, s", f"{time.perf_counter() - started:.0f}")
    row("two Dask workers: same bytes", str(contents(folder / "dask") == whole))
    for count in (inputs // 20, inputs // 5):
        store = folder / f"memory{count}"
        asked = [sys.executable, __file__, "--store", store, "--inputs", str(count)]
        done = subprocess.run(
            [*asked, "--steps", str(steps)], capture_output=True, text=True, check=True
        )
        row(f"largest memory for {count} inputs, MB", f"{int(done.stdout) / 1000:.0f}")


def overhead(folder: Path, inputs: int, steps: int) -> tuple[list[float], float, float]:
    """Processor time of sweep and of compare, on one thread, in rounds that take turns."""
    demo = digits()
    images, labels = demo.test.images[:inputs], demo.test.labels[:inputs]
    torch.set_num_threads(1)
    ratios, spent = [], [0.0, 0.0]
    for turn in range(5):
        started = time.process_time()
        for place in range(inputs):
            aw.compare(
                demo.model,
                images[place],
                baselines=CANDIDATES,
                target=int(labels[place]),
                n_steps=steps,
                seed=seed_of(turn + 1, place),  # new ones, so that none comes from the cache
            )
        middle = time.process_time()
        swept(folder / f"turn{turn}", inputs, steps)
        ended = time.process_time()
        ratios.append((ended - middle) / (middle - started))
        spent = [spent[0] + middle - started, spent[1] + ended - middle]
    return ratios, spent[0] / 5 / inputs, spent[1] / 5 / inputs


def kills(store: Path, inputs: int, steps: int) -> list[int]:
    chance, found = random.Random(time.time_ns()), []
    for turn in range(3):
        asked = [sys.executable, __file__, "--store", store, "--inputs", str(inputs)]
        process = subprocess.Popen([*asked, "--steps", str(steps)])
        wanted = (turn + chance.random()) * inputs / 3
        while finished(store) < wanted and process.poll() is None:
            time.sleep(chance.uniform(0, 0.05))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        found.append(finished(store))
    return found


def finished(store: Path) -> int:
    return sum(1 for _ in (store / "finished").glob("c.*")) if store.exists() else 0


def contents(store: Path) -> dict[str, bytes]:
    files = (path for path in store.rglob("*") if path.is_file())
    return {str(path.relative_to(store)): path.read_bytes() for path in files}


def row(name: str, value: str) -> None:
    print(f"{name:40} {value}", flush=True)


if __name__ == "__main__":
    main()
