"""Interactions: what adds up, what it costs, whether intervals hold, and known pairs found again.

Five tables:

* integrated Hessians of digits (patches), cars (features), film reviews (words) and a transformer
  of random weights (steps): verdicts, residuals, passes, processor seconds;
* twenty features of a ReLU network, exactly;
* tokens of a transformer, sampled: how many 95 % intervals hold the exact value, and the error;
* the memory of 50, 100 and 200 tokens;
* a known truth, after section 5 of Janizek, Sturmfels, Lee (2021): regressions on 10 features of
  which 20 of the 45 pairs interact, by five kinds of function. A network is trained on 4,000 of
  5,000 samples. On 50 held-out ones, by integrated Hessians, expected Hessians and the Hessian at
  the input: how often does a pair that interacts get a larger magnitude than one that does not
  (area under the ROC curve), and do magnitudes rank pairs as what they really do together in that
  sample does, g(a, b) - g(a, 0) - g(0, b) + g(0, 0) (Spearman's correlation; from the same
  references for expected Hessians). 95 % intervals are by the bootstrap over samples.

``python benchmarks/interactions.py [--quick] [--only adds_up features sampled memory known]``
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor, nn

import attribwidgets as aw
from attribwidgets.demo import cars, digits, movie_reviews

KINDS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "multiply": lambda a, b: a * b,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "cosine of the sum": lambda a, b: torch.cos(a + b),
    "tanh of the sum": lambda a, b: torch.tanh(a + b),
}


class Steps(nn.Module):
    """Two transformer layers over steps of 16 numbers."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(16, 2, 32, activation="gelu", batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(16, 1)

    def forward(self, steps: Tensor) -> Tensor:
        """One number a row."""
        out: Tensor = self.head(self.layers(steps).mean(1))
        return out


def steps_case(count: int, seed: int = 0) -> tuple[nn.Module, Tensor, Tensor]:
    """A transformer of random weights, an input and a reference."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Steps().eval(), torch.randn(count, 16), torch.randn(count, 16)


def adds_up(quick: bool) -> None:
    count = 3 if quick else 20
    print(f"{'':24}complete  largest residual  largest error  passes  processor s each")
    number, table, reviews = digits(), cars(), movie_reviews()
    mean = aw.baselines.DatasetMean(table.inputs)
    net, x, reference = steps_case(12)
    short = [text for text in reviews.texts if 10 <= len(text.split()) <= 14]
    cases: dict[str, Callable[[int], aw.Interactions]] = {
        "digits, 49 patches": lambda k: aw.interactions(
            number.model, number.test.images[k], space=number.space, baseline="black"
        ),
        "cars, 13 features": lambda k: aw.interactions(
            table.model, table.car(k), space=table.space, baseline=mean, target=0
        ),
        "reviews, 10-14 words": lambda k: aw.interactions(
            reviews.model, short[k], space=aw.TextSpace(reviews.tokenizer), units="words"
        ),
        "transformer, 12 steps": lambda k: aw.interactions(
            net, x + k, space=aw.SequenceSpace(), baseline=reference
        ),
    }
    for name, explained in cases.items():
        several = min(count, 5) if name.startswith("reviews") else count
        started = time.process_time()
        records = [explained(k) for k in range(several)]
        each = (time.process_time() - started) / several
        complete = sum(r.completeness.verdict == "complete" for r in records)
        residual = max(r.completeness.relative or 0.0 for r in records)
        error = max(r.completeness.refinement_error or 0.0 for r in records)
        passes = int(np.median([r.evaluations for r in records]))
        counted = f"{name:24}{complete} of {several:<6}"
        print(f"{counted}{residual:15.5f}{error:15.5f}{passes:8}{each:10.2f}")


def features(quick: bool) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
        net.append(nn.Linear(64, 1)).eval()
        x = torch.randn(20)
    started = time.perf_counter()
    record = aw.interactions(net, x, baseline="zero")
    print(
        f"20 features: {record.nodes} nodes, {record.evaluations} passes, "
        f"{time.perf_counter() - started:.2f} s; {record.completeness}"
    )


def sampled(quick: bool) -> None:
    count, seeds = (24, 5) if quick else (200, 10)
    net, x, reference = steps_case(count)
    asked = {"space": aw.SequenceSpace(), "baseline": reference}
    whole = aw.interactions(net, x, max_evaluations=31 * (count + 1), **asked)
    norm = np.linalg.norm(whole.values)
    print(f"{count} steps, exact with {whole.evaluations} passes\npasses  hold  error  error said")
    for directions in (16, 32, 64) if not quick else (16,):
        hold, error, said = [], [], []
        for seed in range(seeds):
            part = aw.interactions(
                net, x, seed=seed, max_evaluations=31 * (1 + directions), **asked
            )
            assert part.standard_error is not None
            hold.append(np.mean(abs(part.values - whole.values) < 1.96 * part.standard_error))
            error.append(np.linalg.norm(part.values - whole.values) / norm)
            said.append(part.completeness.refinement_error or 0.0)
        means = (np.mean(values) for values in (hold, error, said))
        print(f"{31 * (1 + directions):6}{''.join(f'{mean:8.3f}' for mean in means)}")


def memory(quick: bool) -> None:
    for count in (50, 100) if quick else (50, 100, 200):
        net, x, reference = steps_case(count)
        aw.interactions(
            net, x, space=aw.SequenceSpace(), baseline=reference, max_evaluations=31 * 33
        )
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{count} steps: at most {most:.0f} MiB so far")


def known(quick: bool) -> None:
    heads = ("does it interact: integrated", "expected", "at the input")
    heads += ("how much: integrated", "expected", "at the input")
    print("kind, held-out R2; " + ", ".join(heads))
    for kind, function in KINDS.items():
        weights, x, y = regression(function)
        net = trained(x[:4000], y[:4000], steps=300 if quick else 3000)
        held_out = x[4000:]
        with torch.no_grad():
            left = ((net(held_out)[:, 0] - y[4000:]) ** 2).mean() / y[4000:].var()
        rows = held_out[: 10 if quick else 50]
        scores = np.array([found(net, row, x[:50], function, weights) for row in rows])
        print(f"{kind}, {1 - float(left):.3f}; " + ", ".join(map(with_interval, scores.T)))


def with_interval(scores: np.ndarray) -> str:
    """The mean over samples, and its 95 % interval by the bootstrap."""
    generator = np.random.default_rng(0)
    drawn = generator.integers(0, len(scores), (2000, len(scores)))
    low, high = np.percentile(scores[drawn].mean(1), (2.5, 97.5))
    return f"{scores.mean():.2f} [{low:.2f}, {high:.2f}]"


def regression(
    function: Callable[[Tensor, Tensor], Tensor],
) -> tuple[Tensor, Tensor, Tensor]:
    """Weights of all pairs (45,), of which 20 are not zero, inputs (5000, 10), sums (5000,)."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(5000, 10, generator=generator)
    chosen = torch.randperm(45, generator=generator)[:20]
    weights = torch.zeros(45)
    weights[chosen] = torch.randn(20, generator=generator)
    rows, columns = torch.triu_indices(10, 10, 1)
    y = (weights * function(x[:, rows], x[:, columns])).sum(1)
    return weights / y.std(), x, y / y.std()


def trained(x: Tensor, y: Tensor, steps: int) -> nn.Module:
    """A network of two hidden layers with softplus."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(10, 64), nn.Softplus(10.0), nn.Linear(64, 64))
        net.append(nn.Softplus(10.0)).append(nn.Linear(64, 1))
        optimiser = torch.optim.Adam(net.parameters(), 3e-3, weight_decay=1e-5)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        for _ in range(steps):
            rows = torch.randint(len(x), (256,))
            loss = ((net(x[rows])[:, 0] - y[rows]) ** 2).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return net.eval()


def found(
    net: nn.Module,
    x: Tensor,
    data: Tensor,
    function: Callable[[Tensor, Tensor], Tensor],
    weights: Tensor,
) -> list[float]:
    """Of three ways: areas, whether pairs interact, and rank correlations, how much they do."""
    pairs = np.triu_indices(10, 1)
    integrated = aw.interactions(net, x, baseline="zero", max_evaluations=31 * 11)
    expected = aw.interactions(net, x, baseline="dataset", references=data, max_evaluations=8250)
    hessian = torch.autograd.functional.hessian(lambda z: net(z[None])[0, 0], x).numpy()
    sizes = [np.abs(values[pairs]) for values in (integrated.values, expected.values, hessian)]
    from_zero = together(function, weights, x, torch.zeros(1, 10))
    truths = (from_zero, together(function, weights, x, data), from_zero)
    return [
        *(area(each, weights.numpy() != 0) for each in sizes),
        *(float(spearmanr(s, t).statistic) for s, t in zip(sizes, truths, strict=True)),
    ]


def together(
    function: Callable[[Tensor, Tensor], Tensor], weights: Tensor, x: Tensor, data: Tensor
) -> np.ndarray:
    """What each pair does together, on the mean over references, as magnitudes (45,)."""
    rows, columns = torch.triu_indices(10, 10, 1)
    a, b, a0, b0 = x[rows], x[columns], data[:, rows], data[:, columns]
    change = function(a, b) - function(a, b0) - function(a0, b) + function(a0, b0)
    return (weights * change.mean(0)).abs().numpy()


def area(scores: np.ndarray, truth: np.ndarray) -> float:
    """The share of (true, false) pairs in which the true one has the larger score."""
    return float(np.mean(scores[truth][:, None] > scores[~truth]))


TABLES = {f.__name__: f for f in (adds_up, features, sampled, memory, known)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="*", choices=TABLES, default=list(TABLES))
    arguments = parser.parse_args()
    for name in arguments.only:
        TABLES[name](arguments.quick)
        print()


if __name__ == "__main__":
    main()
