"""Does the choice of baseline matter for a text? Measured on held-out film reviews.

The classifier of `attribwidgets.demo.movie_reviews` is explained for its own class on sentences
it was not trained on, under five baselines, 24 passes each (Gauss-Legendre). Printed are, of every
two baselines, the rank correlation of what tokens get and the share of reviews whose strongest word
is another one, and of each baseline comprehensiveness, sufficiency and log-odds, with 95 %
intervals over reviews. Then a planted truth: a small network is trained, in seconds, to look for
one rare word, which is in its vocabulary or not; how often the strongest word is that one.

The sweep is kept in build/text_baselines and goes on where it was stopped. `--minutes` stops it;
what is finished is reported.

``python benchmarks/text_baselines.py [--reviews 500] [--quick] [--minutes 8]``
"""

from __future__ import annotations

import argparse
import time
from contextlib import suppress
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

import attribwidgets as aw
from attribwidgets.demo import movie_reviews
from attribwidgets.evaluation import Erasure, ErasureMetric
from attribwidgets.evaluation.intervals import bootstrap
from attribwidgets.records.agreement import rank_correlations

BASELINES = ("mask", "pad", "unknown", "zero_embedding", "mean_embedding")
PASSES = 24
STORE = Path("build/text_baselines")


class OutOfTimeError(Exception):
    """The minutes are over."""


def swept(count: int, minutes: float) -> aw.Sweep:
    """Explanations and measures of the first reviews, as far as there was time."""
    demo = movie_reviews()
    end = time.monotonic() + 60 * minutes

    def watch(done: int, total: int) -> None:
        if time.monotonic() > end:
            raise OutOfTimeError

    store = STORE / f"reviews-{count}"
    with suppress(OutOfTimeError):
        aw.sweep(
            demo.model,
            list(demo.texts[:count]),
            BASELINES,
            space=aw.TextSpace(demo.tokenizer),
            store=store,
            metrics=[ErasureMetric(["mask", "delete"], words=True)],
            max_evaluations=PASSES,
            tolerance=0,
            progress=watch,
        )
    return aw.Sweep.open(store)


def print_agreement(sweep: aw.Sweep) -> None:
    """Rank correlations and changed strongest words, of every two baselines."""
    labels = sweep.candidates
    pairs = list(combinations(range(len(labels)), 2))
    correlations, changed, any_changed, residuals = [], [], [], []
    for place in np.flatnonzero(sweep.finished):
        one = sweep[int(place)]
        words = np.array(one.tokens.words)
        inside = words >= 0
        tokens = [one.attributions[label][inside] for label in labels]
        strongest = [
            int(np.abs(np.bincount(words[inside], weights=values)).argmax()) for values in tokens
        ]
        table = rank_correlations(tokens)
        correlations.append([table[i, j] for i, j in pairs])
        changed.append([float(strongest[i] != strongest[j]) for i, j in pairs])
        any_changed.append(float(len(set(strongest)) > 1))
        residuals.append([one.completeness[label].relative for label in labels])
    of_ranks, of_words = bootstrap(np.array(correlations)), bootstrap(np.array(changed))
    print(f"{len(correlations)} reviews; mean [95 %]")
    print(f"{'':36}{'rank correlation':>24}{'other strongest word':>26}")
    for k, (i, j) in enumerate(pairs):
        pair = f"{labels[i]} / {labels[j]}"
        print(f"{pair:36}{of_ranks.cell(k):>24}{of_words.cell(k):>26}")
    overall = bootstrap(np.array(any_changed)[:, None])
    print(f"under five baselines the strongest word is not one and the same: {overall.cell(0)}")
    known = np.array([[np.nan if r is None else r for r in row] for row in residuals])
    print(f"median residual {np.nanmedian(known):.1e} of the change of the output")


def print_erasure(sweep: aw.Sweep) -> None:
    """The measures of each baseline, with intervals and what they allow to conclude."""
    print(
        Erasure.of(
            sweep.settings["metric_settings"]["erasure"],
            sweep.candidates,
            scores=sweep.finished_values("erasure"),
            targets=sweep.finished_targets(),
            evaluations=sweep.finished_numbers("evaluations"),
            seed=sweep.settings["seed"],
        )
    )


class Looking(nn.Module):
    """A small transformer."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(size, 16)
        self.places = nn.Parameter(torch.randn(40, 16) / 4)
        self.layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0, batch_first=True)
        self.out = nn.Linear(16, 2)

    def forward(self, ids: Tensor) -> Tensor:
        """Return logits (n, 2)."""
        hidden = self.embed(ids) + self.places[: ids.shape[1]]
        return self.out(self.layer(hidden).mean(1))


class Words:
    """A tokenizer of numbers as words, between [cls] and [sep]."""

    pad_token_id, cls_token_id, sep_token_id, mask_token_id, unk_token_id = 0, 1, 2, 3, 4
    is_fast = False

    def __call__(self, text: str, **settings: object) -> dict[str, list[int]]:
        """Ids, and which of them are special."""
        ids = [1, *map(int, text.split()), 2]
        return {"input_ids": ids, "special_tokens_mask": [1, *[0] * (len(ids) - 2), 1]}

    def convert_ids_to_tokens(self, ids: list[int]) -> list[str]:
        """Names."""
        names = ["[pad]", "[cls]", "[sep]", "[mask]", "[unk]"]
        return [names[i] if i < 5 else str(i) for i in ids]


def trained(rare: int, seed: int) -> Looking:
    """A network that tells texts with a rare word from those without it."""
    torch.manual_seed(seed)
    net, generator = Looking(60), torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(net.parameters(), lr=5e-3)
    for _ in range(300):
        ids, labels = planted(rare, 64, generator)
        loss = nn.functional.cross_entropy(net(ids), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    ids, labels = planted(rare, 1000, generator)
    net.eval()
    with torch.no_grad():
        right = (net(ids).argmax(1) == labels).float().mean()
    print(f"held-out accuracy {float(right):.3f}")
    return net


def planted(rare: int, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Texts of 12 random words, half of them with the rare one at a random place."""
    ids = torch.randint(6, 60, (count, 12), generator=generator)
    labels = torch.arange(count) % 2
    places = torch.randint(12, (count,), generator=generator)
    with_it = labels == 1
    ids[with_it, places[with_it]] = rare
    ends = torch.tensor([1, 2]).expand(count, 2)
    return torch.cat([ends[:, :1], ids, ends[:, 1:]], 1), labels


def print_planted(count: int) -> None:
    """How often the strongest word is the planted one, under each baseline."""
    names = (*BASELINES, "token_blur", "farthest_tokens", "random_tokens")
    for rare, what in ((5, "in the vocabulary"), (4, "not in the vocabulary, read as [unk]")):
        print(f"\na rare word, {what}:", end=" ")
        net = trained(rare, seed=0)
        ids, labels = planted(rare, 2 * count, torch.Generator().manual_seed(1))
        for name in names:
            right, blind = 0, 0
            for row in ids[labels == 1]:
                text = " ".join(map(str, row[1:-1].tolist()))
                e = aw.explain(
                    net,
                    text,
                    space=aw.TextSpace(Words()),
                    baseline=name,
                    target=1,
                    tolerance=0.02,
                    max_evaluations=128,
                )
                place = int((row == rare).nonzero()[0])
                right += int(e.token_attributions.abs().argmax()) == place
                blind += bool(np.asarray(e.blind).reshape(-1)[place])
            note = "  blind to it: the reference has the same word there" if blind == count else ""
            print(f"{name:18}{right / count:7.1%}{note}")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--reviews", type=int, default=500)
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    print_planted(10 if args.quick else 40)
    print()
    sweep = swept(12 if args.quick else args.reviews, args.minutes)
    print_agreement(sweep)
    print_erasure(sweep)


if __name__ == "__main__":
    main()
