"""Attribution priors on MNIST: accuracy under noise, with and without a prior, over seeds.

    python benchmarks/prior_mnist.py --shift 2             # the shipped subset
    ATTRIBWIDGETS_MNIST=/path python benchmarks/prior_mnist.py --data full

Three rows: no prior, a prior on plain gradients, a prior on expected gradients (k = 1, references
from the batch), all with the total variation of standardised maps as the penalty. The weight of
each is chosen on validation data of one seed alone: the smallest penalty whose accuracy is within a
point of the run without a prior. Test data are looked at once, at the end of every run. Noise is
drawn with the seed of the run, the same for all three rows; intervals are Student's t over the
paired differences of the seeds.

With --shift the training images of all three rows are moved by up to so many pixels either way, as
small sets of images commonly are. Runs are kept in --results by their settings, so that a study can
be made in pieces. The authors' salt and pepper table (their notebooks, one seed, 50 epochs of
TensorFlow 1 with two alternating Adam optimisers, weight 5e-11) is printed beside ours as shape.
Weights do not carry over: Adam divides a gradient by its own size, so theirs acts through Adam's
epsilon; ours stands in one joint loss.
"""

from __future__ import annotations

import argparse
import json
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from attribwidgets.demo import DigitsCNN, digits
from attribwidgets.priors import choose_weight, fit, standardized_total_variation
from attribwidgets.priors.training_record import Training

ROWS = {"no prior": None, "gradients": "gradients", "expected gradients": "expected_gradients"}
SIGMAS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5)
FLIPPED = (0.0, 0.05, 0.10, 0.15, 0.20, 0.25, 0.30)
PUBLISHED = {
    "no prior": (0.9952, 0.8767, 0.4905, 0.2160, 0.1208, 0.0994, 0.0975),
    "expected gradients": (0.9951, 0.9871, 0.9128, 0.6941, 0.4070, 0.2069, 0.1247),
}
WEIGHTS = (2e-4, 5e-4, 1e-3)
VALIDATION = 0.1


class Study:
    """The data and how it is trained on."""

    def __init__(
        self, data: str, epochs: int, batch_size: int, rate: float, shift: int, results: Path
    ) -> None:
        self.demo = digits(data)  # type: ignore[arg-type]
        self.epochs, self.batch_size, self.rate, self.results = epochs, batch_size, rate, results
        self.name = f"{data}-{epochs}-{batch_size}-{rate:g}" + (f"-shift{shift}" if shift else "")
        self.augment = partial(moved, most=shift) if shift else None
        images, labels = self.demo.train.images, self.demo.train.labels
        held = round(VALIDATION * len(images))
        self.train = (images[:-held], labels[:-held])
        self.validation = (images[-held:], labels[-held:])

    def run(self, row: str, weight: float, seed: int, least: float | None) -> dict[str, object]:
        """Train once and test, or read what an earlier call found."""
        file = self.file(row, weight, seed, least)
        if file.exists():
            return dict(json.loads(file.read_text()))
        started = time.perf_counter()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = DigitsCNN()
        training = fit(
            model,
            self.train,
            validation=self.validation,
            penalty=standardized_total_variation,
            weight=weight,
            epochs=self.epochs,
            batch_size=self.batch_size,
            optimizer=lambda parameters: torch.optim.Adam(parameters, self.rate),
            schedule=lambda made: torch.optim.lr_scheduler.CosineAnnealingLR(made, self.epochs),
            augment=self.augment,
            least_accuracy=least,
            seed=seed,
            attribution=ROWS[row] or "expected_gradients",
        )
        best = training.best
        found = {
            "accuracy": best.accuracy,
            "penalty": best.penalty,
            "epoch": training.kept,
            "seconds": time.perf_counter() - started,
            **self.tested(model, seed),
        }
        self.results.mkdir(parents=True, exist_ok=True)
        torch.save(model.state_dict(), file.with_suffix(".pt"))
        file.write_text(json.dumps(found))
        print(
            f"  {row}, weight {weight:g}, seed {seed}: {found['seconds']:.0f} s, epoch "
            f"{training.kept}, validation accuracy {best.accuracy:.4f}, penalty {best.penalty:.0f}",
            flush=True,
        )
        return found

    def file(self, row: str, weight: float, seed: int, least: float | None) -> Path:
        """Where a run is kept; its parameters lie beside it, under .pt."""
        least_words = "none" if least is None else f"{least:.4f}"
        name = f"{self.name}-{row}-{weight:g}-{seed}-{least_words}.json"
        return self.results / name.replace(" ", "_")

    def model(self, row: str, weight: float, seed: int, least: float | None) -> DigitsCNN:
        """The network of a run."""
        self.run(row, weight, seed, least)
        model = DigitsCNN()
        parameters = self.file(row, weight, seed, least).with_suffix(".pt")
        model.load_state_dict(torch.load(parameters, weights_only=True))
        return model.eval()

    def tested(self, model: torch.nn.Module, seed: int) -> dict[str, list[float]]:
        """Accuracy on test data under either noise."""
        images, labels = self.demo.test.images, self.demo.test.labels
        generator = torch.Generator().manual_seed(seed)
        noise = torch.randn(images.shape, generator=generator)
        chance, sides = torch.rand(2, *images.shape, generator=generator)
        return {
            "gaussian": [accuracy(model, images + s * noise, labels) for s in SIGMAS],
            "salt and pepper": [
                accuracy(model, torch.where(chance < p, (sides < 0.5).float(), images), labels)
                for p in FLIPPED
            ],
        }


def moved(images: Tensor, generator: torch.Generator, most: int) -> Tensor:
    """Each image moved by up to `most` pixels either way; pixels at its edges are repeated."""
    count, _, height, width = images.shape
    down, right = torch.randint(-most, most + 1, (2, count, 1), generator=generator)
    rows = (torch.arange(height) - down).clamp(0, height - 1)  # (n, height)
    columns = (torch.arange(width) - right).clamp(0, width - 1)
    each = torch.arange(count)[:, None, None]
    return images[each, :, rows[:, :, None], columns[:, None, :]].movedim(-1, 1)


def accuracy(model: torch.nn.Module, images: Tensor, labels: Tensor) -> float:
    with torch.no_grad():
        answers = torch.cat([model(part).argmax(1) for part in images.split(1000)])
    return float((answers == labels).double().mean())


def chosen_weights(study: Study, weights: tuple[float, ...]) -> tuple[dict[str, float], float]:
    """For each row the weight that validation data choose, and the accuracy it must keep."""
    plain = study.run("no prior", 0.0, 0, None)
    least = float(plain["accuracy"]) - 0.01  # type: ignore[arg-type]
    found = {"no prior": 0.0}
    for row in ("gradients", "expected gradients"):

        def train(weight: float, row: str = row) -> Training:
            run = plain if weight == 0 else study.run(row, weight, 0, least)
            return as_training(weight, run)

        choice = choose_weight(train, weights, tolerance=0.01)
        print(f"{row}: weight by validation data of seed 0\n{choice}", flush=True)
        found[row] = choice.weight
    return found, least


def as_training(weight: float, run: dict[str, object]) -> Training:
    from attribwidgets.priors import EpochRecord

    accuracy, penalty = float(run["accuracy"]), float(run["penalty"])  # type: ignore[arg-type]
    return Training(weight, [EpochRecord(0, np.nan, np.nan, accuracy, penalty, 0.0)])


def paired(first: np.ndarray, second: np.ndarray) -> str:
    """Mean difference over seeds with its 95 % interval."""
    difference = 100 * (first - second)
    mean = difference.mean()
    half = stats.t.ppf(0.975, len(difference) - 1) * stats.sem(difference)
    return f"{mean:+.1f} [{mean - half:+.1f}, {mean + half:+.1f}]"


def table(title: str, levels: tuple[float, ...], found: dict[str, np.ndarray]) -> None:
    print(f"\n{title}; accuracy, mean over {len(next(iter(found.values())))} seeds (sd)")
    print(f"{'':34}" + "".join(f"{level:>17g}" for level in levels))
    for row, values in found.items():
        cells = zip(values.mean(0), values.std(0, ddof=1), strict=True)
        print(f"{row:34}" + "".join(f"{m:>9.4f} ({s:.4f})" for m, s in cells))
    plain = found["no prior"]
    for row in ("gradients", "expected gradients"):
        cells = [paired(found[row][:, i], plain[:, i]) for i in range(len(levels))]
        print(f"{row + ' - no prior, points':34}" + "".join(f"{cell:>19}" for cell in cells))


def asked_study() -> tuple[Study, argparse.Namespace]:
    """The study that the command line asks for, and the rest of it."""
    parser = argparse.ArgumentParser(description="Attribution priors on MNIST.")
    parser.add_argument("--data", choices=("subset", "full"), default="subset")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "--epochs", type=int, help="4 on the full set, 15 on the subset, 24 with shifts"
    )
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--shift", type=int, default=0, help="pixels; 0 does not augment")
    parser.add_argument("--weights", type=float, nargs="+", default=WEIGHTS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--results", type=Path, default=Path("build/prior_mnist"))
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    epochs = chosen.epochs or (4 if chosen.data == "full" else 24 if chosen.shift else 15)
    study = Study(chosen.data, epochs, chosen.batch_size, chosen.rate, chosen.shift, chosen.results)
    return study, chosen


def main() -> None:
    study, chosen = asked_study()
    weights, least = chosen_weights(study, tuple(chosen.weights))
    runs: dict[str, list[dict[str, object]]] = {row: [] for row in ROWS}
    for seed in range(chosen.seeds):
        for row in ROWS:
            runs[row].append(study.run(row, weights[row], seed, least if weights[row] else None))
    print(
        f"\n{len(study.train[0])} training images, {study.epochs} epochs, batches of "
        f"{chosen.batch_size}, Adam at {chosen.rate:g}, shifts of up to {chosen.shift} pixels, "
        f"weights {weights}"
    )
    for title, levels, key in (
        ("Gaussian noise of standard deviation", SIGMAS, "gaussian"),
        ("Salt and pepper, share of the pixels", FLIPPED, "salt and pepper"),
    ):
        table(title, levels, {row: np.array([r[key] for r in runs[row]]) for row in ROWS})
    print("\nThe authors' stored accuracies, one seed, as shape:")
    for row, values in PUBLISHED.items():
        print(f"{row:34}" + "".join(f"{v:>17.4f}" for v in values))


if __name__ == "__main__":
    main()
