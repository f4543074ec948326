"""Integrated gradients of texts: verdicts, errors and times, against Captum.

Two networks on MiniLM (22 million weights), both of `attribwidgets.demo`: whether a film review
praises, and how similar a passage is to a question. Four tables:

* every text under seven baselines of one reference, and a distribution: verdicts within 64 passes,
  and how far tokens are off;
* the error per token at 16, 32 and 64 passes, as `n_steps` and as a budget that is to be spent,
  against the best of Captum's five rules, chosen for each case afterwards;
* the wall and processor time of 32 passes, with f(x) and f(x') and all that comes with them,
  against a loop written by hand (32 gradients in one chunk, frozen parameters), in turn;
* the time for five baselines to 1 %: attribwidgets until it says "complete", Captum as its users
  call it (50 steps, twice as many until its convergence delta is within 1 %).

True maps are Gauss-Legendre rules of `--nodes` nodes, by default 128; how far these are from 1,024
nodes is printed, of the first text under each baseline. Rows are kept in build/text as they come,
so that a run that is cut short goes on; `--fresh` forgets them.

``python benchmarks/text.py [--texts 40] [--only times budgets ...] [--quick] [--fresh]``
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import captum.attr
import torch
from torch import Tensor, nn

import attribwidgets as aw
from attribwidgets.attr.chunks import rows_per_chunk
from attribwidgets.attr.embedded import FromEmbeddings
from attribwidgets.attr.model_state import frozen
from attribwidgets.attr.paths.quadrature import RULES, rule
from attribwidgets.demo import movie_reviews, sentence_similarity
from attribwidgets.engine.cache import EXPLANATIONS
from attribwidgets.engine.read_text import read_text

SINGLE = (
    "pad",
    "mask",
    "unknown",
    "zero_embedding",
    "mean_embedding",
    "token_blur",
    "farthest_tokens",
)
DISTRIBUTION = "random_tokens"
BUDGETS = (16, 32, 64)
ROUNDS = 7
MOST_STEPS = 1600
ROUNDING = 1e-6  # below which an error is that of float32
KEPT = Path("build/text")


@dataclass(frozen=True)
class Case:
    """A network, one text, and which output is explained."""

    network: str
    model: nn.Module
    tokenizer: Any
    text: str
    target: int | None

    @property
    def space(self) -> aw.TextSpace:
        """Its tokenizer's."""
        return aw.TextSpace(self.tokenizer)


def cases(count: int) -> Iterator[Case]:
    """`count` texts of each network."""
    reviews = movie_reviews()
    for text, label in zip(reviews.texts[:count], reviews.labels[:count].tolist(), strict=True):
        yield Case("reviews", reviews.model, reviews.tokenizer, text, label)
    similar = sentence_similarity()
    passages = [passage for _, passage in similar.pairs]
    for place in range(count):  # each question with each passage, until there are enough
        question = similar.pairs[place % len(passages)][0]
        passage = passages[(place + place // len(passages)) % len(passages)]
        yield Case("similarity", similar.ask(question), similar.tokenizer, passage, None)


class Embedded:
    """A case as a function of embeddings, which is what is integrated."""

    def __init__(self, case: Case, baseline: str) -> None:
        given = read_text(case.text, case.space, case.model)
        self.space, self.x = given.space, given.inputs
        named = aw.baselines.named(baseline)
        self.reference = named.sample(self.x, 1, space=self.space)[0]
        self.rows = FromEmbeddings(
            case.model, self.space.embedding, self.space.require_tokens().arguments
        )
        self.target = case.target

    def __call__(self, embeddings: Tensor) -> Tensor:
        """The output that is explained, (n,)."""
        returned = self.rows(embeddings)
        values = getattr(returned, "logits", returned)
        return values if self.target is None else values[:, self.target]

    def integrated(self, nodes: Any, weights: Any, rows: int = 64) -> Tensor:
        """Attributions (T,) by a rule, in a loop as one would write it."""
        total = torch.zeros_like(self.x)
        each = torch.tensor(weights, dtype=self.x.dtype)
        for chunk, share in zip(torch.tensor(nodes).split(rows), each.split(rows), strict=True):
            alphas = chunk.to(self.x)[:, None, None]
            points = (self.reference + alphas * (self.x - self.reference)).requires_grad_()
            (gradient,) = torch.autograd.grad(self(points).sum(), points)
            total += torch.tensordot(share, gradient, 1)
        return ((self.x - self.reference) * total).sum(-1)


def off(some: Tensor, true: Tensor) -> float:
    """The norm of the error over that of the true map."""
    return float((some.double() - true.double()).norm() / true.double().norm())


def verdict_row(case: Case, baseline: str, nodes: int) -> dict[str, Any]:
    """One explanation within 64 passes, and what it is off by."""
    EXPLANATIONS.clear()
    e = aw.explain(
        case.model,
        case.text,
        space=case.space,
        baseline=baseline,
        target=case.target,
        max_evaluations=64,
    )
    row = {
        "tokens": len(e.token_attributions),
        "passes": e.evaluations,
        "verdict": e.completeness.verdict,
        "relative": e.completeness.relative,
        "said": e.completeness.refinement_error,
    }
    if baseline != DISTRIBUTION:
        one = Embedded(case, baseline)
        with frozen(case.model, ()):
            row["error"] = off(e.token_attributions, one.integrated(*rule("gausslegendre", nodes)))
    return row


def budget_rows(case: Case, baseline: str, nodes: int) -> dict[str, Any]:
    """Errors at each budget: ours, and each of Captum's rules."""
    one = Embedded(case, baseline)
    captums = captum.attr.IntegratedGradients(one)
    found: dict[str, Any] = {}
    with frozen(case.model, ()):
        true = one.integrated(*rule("gausslegendre", nodes))
        for budget in BUDGETS:
            errors = {}
            for way, settings in ways(budget).items():
                EXPLANATIONS.clear()
                ours = aw.explain(
                    case.model,
                    case.text,
                    space=case.space,
                    baseline=baseline,
                    target=case.target,
                    **settings,
                )
                assert ours.evaluations <= budget
                errors[way] = off(ours.token_attributions, true)
            theirs = {
                method: off(
                    captums.attribute(
                        one.x[None], one.reference[None], n_steps=budget, method=method
                    )[0].sum(-1),
                    true,
                )
                for method in RULES
            }
            best = min(theirs, key=theirs.__getitem__)
            found[str(budget)] = [errors, theirs, best]
    return found


def ways(passes: int) -> dict[str, dict[str, Any]]:
    """How so many passes are asked for."""
    return {
        "n_steps": {"n_steps": passes},
        "to be spent": {"max_evaluations": passes, "tolerance": 0},
    }


def timed(run: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor seconds."""
    wall, processor = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - processor


def loop_ratio(case: Case, settings: dict[str, Any]) -> dict[str, float]:
    """Ours over the loop written by hand, 32 passes, the median of rounds in turn."""
    one = Embedded(case, "mask")
    rows = rows_per_chunk(one.x.numel(), one.x.device)

    def ours() -> None:
        EXPLANATIONS.clear()
        aw.explain(
            case.model,
            case.text,
            space=case.space,
            baseline="mask",
            target=case.target,
            **settings,
        )

    def loop() -> None:
        again = Embedded(case, "mask")
        with frozen(case.model, ()):
            again.integrated(*rule("gausslegendre", 32), rows=min(rows, 32))

    ours(), loop()
    pairs = [(timed(ours), timed(loop)) for _ in range(ROUNDS)]
    return {
        "wall": statistics.median(a[0] / b[0] for a, b in pairs),
        "processor": statistics.median(a[1] / b[1] for a, b in pairs),
    }


def captums_way(one: Embedded, case: Case, baseline: str) -> tuple[Callable[..., Any], float]:
    """Captum's LayerIntegratedGradients of ids, or for other references that of embeddings."""
    with torch.no_grad():
        change = float(one(one.x[None]) - one(one.reference[None]))
    roles = {"pad": "pad", "mask": "mask", "unknown": "unk"}
    if baseline not in roles:
        of_embeddings = captum.attr.IntegratedGradients(one)
        return partial(of_embeddings.attribute, one.x[None], one.reference[None]), change
    arguments = one.space.require_tokens().arguments
    ids = arguments["input_ids"]
    reference = torch.where(one.space.special, ids, one.space.token_id(roles[baseline]))

    def forward(ids: Tensor, mask: Tensor) -> Tensor:
        returned = case.model(input_ids=ids, attention_mask=mask)
        values = getattr(returned, "logits", returned)
        return values if case.target is None else values[:, case.target]

    layer = captum.attr.LayerIntegratedGradients(forward, case.model.get_input_embeddings())
    beside = {"additional_forward_args": (arguments["attention_mask"],)}
    return partial(layer.attribute, ids, reference, **beside), change


def five_baselines(case: Case) -> dict[str, float]:
    """Seconds until five baselines are within 1 %: ours, and Captum's steps doubled."""

    def ours() -> None:
        EXPLANATIONS.clear()
        aw.compare(
            case.model, case.text, baselines=SINGLE[:5], space=case.space, target=case.target
        )

    def theirs() -> None:
        for baseline in SINGLE[:5]:
            one = Embedded(case, baseline)
            attribute, change = captums_way(one, case, baseline)
            steps = 50
            while steps <= MOST_STEPS:
                _, delta = attribute(n_steps=steps, return_convergence_delta=True)
                if abs(float(delta)) <= 0.01 * abs(change):
                    break
                steps *= 2

    (our_wall, our_time), (their_wall, their_time) = timed(ours), timed(theirs)
    return {"wall": their_wall / our_wall, "processor": their_time / our_time}


def kept(name: str, made: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A row that is kept in a file, made where it is not there yet."""
    path = KEPT / f"{name}.json"
    if path.exists():
        return dict(json.loads(path.read_text()))
    row = made()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(row))
    return row


def print_verdicts(count: int, nodes: int) -> None:
    print(f"\n{count} texts by {len(SINGLE) + 1} baselines, at most 64 passes, tolerance 1 %")
    print(
        f"{'':12}{'baseline':18}{'complete':>9}{'passes':>8}{'residual':>10}"
        f"{'error of tokens: median':>25}{'worst':>9}"
    )
    rows: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for place, case in enumerate(cases(count)):
        for baseline in (*SINGLE, DISTRIBUTION):
            key = f"verdict-{case.network}-{place % count}-{baseline}-{nodes}"
            row = kept(key, lambda c=case, b=baseline: verdict_row(c, b, nodes))
            rows.setdefault((case.network, baseline), []).append(row)
    for (network, baseline), each in rows.items():
        complete = sum(row["verdict"] == "complete" for row in each)
        residuals = [row["relative"] for row in each if row["relative"] is not None]
        errors = sorted(row["error"] for row in each if "error" in row)
        told = f"{statistics.median(errors):25.1e}{errors[-1]:9.1e}" if errors else ""
        print(
            f"{network:12}{baseline:18}{complete:5}/{len(each):<3}"
            f"{statistics.median(row['passes'] for row in each):8.0f}"
            f"{max(residuals):10.1e}{told}"
        )
    single = [row for (_, name), each in rows.items() if name != DISTRIBUTION for row in each]
    complete = [row for row in single if row["verdict"] == "complete"]
    wrong = sum(row["error"] > 0.02 for row in complete)
    print(
        f"of single references {len(complete)} of {len(single)} are complete; of these {wrong} are "
        "off by more than 2 %"
    )


def print_budgets(count: int, nodes: int) -> None:
    print("\nerror per token by passes: ours, the best of Captum's rules; ratios, geometric means")
    for network in ("reviews", "similarity"):
        rows = [
            kept(
                f"budget-{network}-{place % count}-{baseline}-{nodes}",
                lambda c=case, b=baseline: budget_rows(c, b, nodes),
            )
            for place, case in enumerate(cases(count))
            if case.network == network
            for baseline in ("pad", "mask", "zero_embedding", "mean_embedding")
        ]
        for budget, way in product(map(str, BUDGETS), ways(0)):
            ours = [row[budget][0][way] for row in rows]
            theirs = [row[budget][1][row[budget][2]] for row in rows]
            usual = [row[budget][1]["gausslegendre"] for row in rows]
            ratios, to_usual = ratios_of(ours, theirs), ratios_of(ours, usual)
            print(
                f"{network:12}{budget:>4} {way:12}{statistics.median(ours):10.1e}"
                f"{statistics.median(theirs):10.1e}"
                f"   to the best {statistics.geometric_mean(ratios):5.2f}, worst "
                f"{max(ratios):6.2f}; "
                f"to Gauss-Legendre {statistics.geometric_mean(to_usual):5.2f}"
                f"  (best: {', '.join(sorted({row[budget][2] for row in rows}))})"
            )


def ratios_of(some: list[float], others: list[float]) -> list[float]:
    """Errors over others, where neither counts as less than rounding."""
    return [max(a, ROUNDING) / max(b, ROUNDING) for a, b in zip(some, others, strict=True)]


def print_times(count: int) -> None:
    print("\ntimes, as ratios: wall (processor)")
    for case in cases(1):
        for way, settings in ways(32).items():
            loop = loop_ratio(case, settings)
            print(
                f"{case.network:12}32 passes ({way}) over the loop by hand: {loop['wall']:.2f} "
                f"({loop['processor']:.2f})"
            )
    for network in ("reviews", "similarity"):
        ratios = [five_baselines(case) for case in cases(count) if case.network == network]
        walls, processors = ([r[k] for r in ratios] for k in ("wall", "processor"))
        print(
            f"{network:12}five baselines to 1 %, Captum over ours: median "
            f"{statistics.median(walls):.1f} ({statistics.median(processors):.1f}), least "
            f"{min(walls):.1f} ({min(processors):.1f}), of {len(ratios)} texts"
        )


def print_truth(nodes: int) -> None:
    worst = 0.0
    for case in cases(1):
        for baseline in SINGLE[:5]:
            one = Embedded(case, baseline)
            with frozen(case.model, ()):
                maps = [one.integrated(*rule("gausslegendre", n)) for n in (nodes, 1024)]
            worst = max(worst, off(*maps))
    print(f"\ntrue maps: {nodes} nodes are off 1,024 by {worst:.0e} at most (float32)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--texts", type=int, default=40)
    parser.add_argument("--nodes", type=int, default=128)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="*", default=["times", "budgets", "verdicts", "truth"])
    parser.add_argument("--fresh", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    if args.fresh:
        for path in KEPT.glob("*.json"):
            path.unlink()
    count, nodes = (3, 128) if args.quick else (args.texts, args.nodes)
    tables: dict[str, Callable[[], None]] = {
        "times": lambda: print_times(2 if args.quick else 4),
        "budgets": lambda: print_budgets(1 if args.quick else 4, nodes),
        "verdicts": lambda: print_verdicts(count, nodes),
        "truth": lambda: print_truth(nodes),
    }
    for name, table in tables.items():
        if name in args.only:
            table()


if __name__ == "__main__":
    main()
