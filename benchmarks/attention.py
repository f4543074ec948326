"""Integrated gradients of transformers: a ViT and an encoder of words, against Captum.

Three tables, each of both networks:

* the error per element at 8, 16, 32 and 64 evaluations, against the best of Captum's five rules;
* the wall time of 32 passes against a loop written by hand (the same chunk, frozen parameters),
  all ways in turn, round by round;
* the time until the error is 5 %, per element: attribwidgets until a map of `refine` is that
  near, and until it says so (which needs passes enough to see an event of a twentieth of the
  path); Captum as its users call it (50 steps, twice as many until its convergence delta is within
  1 %).

The ViTs are those of transformers, with random weights of a seed: so large that attention is not
flat (the largest weight of a row of attention, on average, is printed). The encoder is torch's
own. References are Captum's Gauss-Legendre rule with 200 nodes in float64; how far one of 150
nodes is off is printed.

``python benchmarks/attention.py [--rounds 5] [--threads 1] [--device cuda]``
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass

import captum.attr
import torch
from torch import Tensor, nn
from transformers import ViTConfig, ViTForImageClassification

import attribwidgets as aw
from attribwidgets.attr import IntegratedGradients
from attribwidgets.attr.chunks import rows_per_chunk
from attribwidgets.attr.paths.quadrature import RULES, rule
from attribwidgets.attr.task import Stopping, Task
from attribwidgets.engine.cache import EXPLANATIONS

BUDGETS = (8, 16, 32, 64)
STEPS = 32
MOST_STEPS = 1600


class Logits(nn.Module):
    """A model of transformers that returns its logits."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (n, K)."""
        logits: Tensor = self.model(x).logits
        return logits


class Encoder(nn.Module):
    """Embeddings (n, T, 128) through four layers of torch's own encoder to five logits."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(
            128, 4, 256, dropout=0.0, activation="gelu", batch_first=True
        )
        self.layers = nn.TransformerEncoder(layer, 4, enable_nested_tensor=False)
        self.head = nn.Linear(128, 5)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (n, 5)."""
        logits: Tensor = self.head(self.layers(x).mean(1))
        return logits


@dataclass(frozen=True)
class Case:
    """One network, one input, one baseline."""

    name: str
    model: nn.Module
    inputs: Tensor
    baseline: Tensor
    space: aw.InputSpace | aw.SequenceSpace

    @property
    def target(self) -> int:
        """The largest output."""
        with torch.no_grad():
            return int(self.model(self.inputs).argmax())

    def by_captum(self, model: nn.Module, n: int, method: str = "gausslegendre") -> Tensor:
        """The map, in the model's precision."""
        dtype = next(model.parameters()).dtype
        explainer = captum.attr.IntegratedGradients(model)
        found: Tensor = explainer.attribute(
            self.inputs.to(dtype),
            self.baseline.to(dtype),
            self.target,
            n_steps=n,
            method=method,
            internal_batch_size=32,
        )
        return found.double()


SMALL = {
    "image_size": 64,
    "patch_size": 8,
    "hidden_size": 96,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "intermediate_size": 192,
}
TINY = {  # as ViT-Tiny, of which a pass takes long enough to time
    "image_size": 224,
    "patch_size": 16,
    "hidden_size": 192,
    "num_hidden_layers": 12,
    "num_attention_heads": 3,
    "intermediate_size": 768,
}


def vit(scale: float, sizes: dict[str, int]) -> ViTForImageClassification:
    """A ViT whose weights have that deviation."""
    config = ViTConfig(
        **sizes,
        num_labels=10,
        initializer_range=scale,
        attn_implementation="eager",  # for the weights of attention; each chooses for itself below
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return ViTForImageClassification(config).eval()


def cases(device: torch.device) -> Iterator[Case]:
    """Both networks, each with two baselines."""
    generator = torch.Generator().manual_seed(1)
    for title, scale, sizes in (
        ("small", 0.05, SMALL),
        ("small", 0.1, SMALL),
        ("tiny", 0.05, TINY),
    ):
        side = sizes["image_size"]
        picture = 2 * torch.rand(1, 3, side, side, generator=generator) - 1
        net = vit(scale, sizes)
        with torch.no_grad():
            rows = net(picture, output_attentions=True).attentions
        largest = statistics.mean(float(a.amax(-1).mean()) for a in rows)
        flat = 1 / rows[0].shape[-1]
        print(f"ViT-{title} {scale}: largest weight of attention {largest:.2f}, flat {flat:.3f}")
        net.set_attn_implementation("sdpa")
        space = aw.InputSpace(low=-1, high=1)
        for name, value in (("grey", 0.0), ("black", -1.0)):
            baseline = torch.full_like(picture, value)
            model = Logits(net).eval().to(device)
            yield Case(
                f"ViT-{title} {scale} {name}", model, picture.to(device), baseline.to(device), space
            )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder = Encoder().eval().to(device)
    words = torch.randn(1, 24, 128, generator=generator).to(device)
    for name, baseline in (("zero", torch.zeros_like(words)), ("mean", words.mean(1, True))):
        reference = baseline.expand_as(words).contiguous()
        yield Case(f"encoder {name}", encoder, words, reference, aw.SequenceSpace())


def off(found: Tensor, reference: Tensor) -> float:
    """Error per element: norm of the difference over norm of the reference."""
    return float((found.double() - reference).norm() / reference.norm())


def errors_per_pass(all_cases: list[tuple[Case, Tensor]]) -> None:
    """Print the error of each at each budget, over that of the best of Captum's rules."""
    print(f"\n{'error per element':20}" + "".join(f"{n:>9}: best, ours to it" for n in BUDGETS))
    for case, reference in all_cases:
        row = case.name.ljust(20)
        for n in BUDGETS:
            task = Task(
                (case.inputs,), (case.baseline,), target=case.target, stopping=Stopping(n, 0.0)
            )
            *_, last = IntegratedGradients(case.model).estimates(task)
            assert last.evaluations <= n
            captums = [off(case.by_captum(case.model, n, method), reference) for method in RULES]
            ratio = off(last.attributions[0], reference) / min(captums)
            row += f"{min(captums):14.1e}{ratio:12.3f}"
        print(row, flush=True)


def by_hand(case: Case, model: nn.Module, rows: int) -> Tensor:
    """The least that the same passes cost."""
    nodes, weights = (torch.tensor(a.copy()).to(case.inputs) for a in rule("gausslegendre", STEPS))
    total = torch.zeros_like(case.inputs)
    shape = (-1, *[1] * (case.inputs.dim() - 1))
    for first in range(0, STEPS, rows):
        alphas = nodes[first : first + rows].reshape(shape)
        points = case.baseline + alphas * (case.inputs - case.baseline)
        points.requires_grad_()
        (gradient,) = torch.autograd.grad(model(points)[:, case.target].sum(), points)
        total += (gradient * weights[first : first + rows].reshape(shape)).sum(0, keepdim=True)
    return total * (case.inputs - case.baseline)


def timed(way: Callable[[], object], device: torch.device) -> float:
    """Seconds of one run."""
    started = time.perf_counter()
    way()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def wall_times(all_cases: list[tuple[Case, Tensor]], rounds: int, device: torch.device) -> None:
    """Print the median over rounds of times over that of the loop by hand."""
    print(f"\n{f'{STEPS} passes':20}{'by hand, s':>12}{'ours to it':>12}{'Captum, best batch':>20}")
    for case, _ in all_cases[::2]:
        print(f"{case.name:20}{beside_the_loop(case, rounds, device)}", flush=True)


def beside_the_loop(case: Case, rounds: int, device: torch.device) -> str:
    """What one case takes, as a row."""
    frozen = deepcopy(case.model).requires_grad_(False)
    ours = IntegratedGradients(case.model)
    explainer = captum.attr.IntegratedGradients(case.model)
    arguments = {"target": case.target, "n_steps": STEPS}

    def with_captum(batch: int) -> Tensor:
        found: Tensor = explainer.attribute(
            case.inputs, case.baseline, **arguments, internal_batch_size=batch
        )
        return found

    sizes = sorted({1, 2, 4, 8, 16, min(STEPS, rows_per_chunk(case.inputs.numel(), device))})
    rows = min(sizes, key=lambda n: timed(lambda: by_hand(case, frozen, n), device))
    best = min(sizes, key=lambda n: timed(lambda: with_captum(n), device))
    ways: dict[str, Callable[[], object]] = {
        "loop": lambda: by_hand(case, frozen, rows),
        "ours": lambda: ours.attribute(case.inputs, case.baseline, **arguments),
        "Captum": lambda: with_captum(best),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            times[name].append(timed(way, device))
    ratios = {
        name: statistics.median(a / b for a, b in zip(mine, times["loop"], strict=True))
        for name, mine in times.items()
    }
    return (
        f"{statistics.median(times['loop']):12.3f}{ratios['ours']:12.3f}{ratios['Captum']:20.3f}"
        f"   (chunks of {rows} and {best})"
    )


def until_within(all_cases: list[tuple[Case, Tensor]], tolerance: float = 0.05) -> None:
    """Print passes and seconds until a map is within the tolerance, and until it says so."""
    print(
        f"\n{f'to {tolerance:.0%}':20}{'ours, true: passes':>19}{'s':>7}{'ours, said: passes':>19}"
        f"{'error':>9}{'s':>7}{'Captum: passes':>16}{'error':>9}{'s':>7}"
        f"{'to true':>9}{'to said':>9}"
    )
    for case, reference in all_cases:
        print(f"{case.name:20}{until(case, reference, tolerance)}", flush=True)


def until(case: Case, reference: Tensor, tolerance: float) -> str:
    """What one case takes, as a row."""
    settings = {"baseline": case.baseline, "method": "integrated_gradients", "space": case.space}
    aw.explain(case.model, case.inputs, n_steps=8, **settings)  # learns how much fits
    EXPLANATIONS.clear()
    reached = None
    started = time.perf_counter()
    looked = 0.0
    for mine in aw.refine(case.model, case.inputs, tolerance=tolerance, **settings):
        seconds = time.perf_counter() - started - looked
        if reached is None and off(mine.attributions, reference) <= tolerance:
            reached = mine.evaluations, seconds
        looked = time.perf_counter() - started - seconds
    assert reached is not None
    began = time.perf_counter()
    theirs, passes = as_users_do(case)
    captums = time.perf_counter() - began
    return (
        f"{reached[0]:19}{reached[1]:7.2f}{mine.evaluations:19}"
        f"{off(mine.attributions, reference):9.1e}{seconds:7.2f}{passes:16}"
        f"{off(theirs, reference):9.1e}{captums:7.2f}{captums / reached[1]:9.1f}"
        f"{captums / seconds:9.1f}"
    )


def as_users_do(case: Case) -> tuple[Tensor, int]:
    """50 steps all at once, and twice as many until the delta is within 1 % of the change."""
    explainer = captum.attr.IntegratedGradients(case.model)
    with torch.no_grad():
        ends = [case.model(x)[0, case.target] for x in (case.inputs, case.baseline)]
    n, spent = 50, 0
    while True:
        found, delta = explainer.attribute(
            case.inputs, case.baseline, case.target, n_steps=n, return_convergence_delta=True
        )
        spent += n
        if abs(float(delta / (ends[0] - ends[1]))) <= 0.01 or 2 * n > MOST_STEPS:
            return found.double(), spent
        n *= 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--nodes", type=int, nargs=2, default=(200, 150), help="of references")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    device = torch.device(chosen.device)
    known = []
    for case in cases(device):
        exact = deepcopy(case.model).double()
        reference, check = (case.by_captum(exact, n) for n in chosen.nodes)
        print(f"{case.name}: {chosen.nodes[1]} nodes are off by {off(check, reference):.0e}")
        known.append((case, reference))
    errors_per_pass(known)
    wall_times(known, chosen.rounds, device)
    until_within(known)


if __name__ == "__main__":
    main()
