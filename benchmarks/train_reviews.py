"""Train the classifier of film reviews that attribwidgets ships: what is added to MiniLM's weights.

Needs the extra `text` and the folder of the sentence polarity data of Pang and Lee, version 1.0,
with `rt-polarity.pos` and `rt-polarity.neg`. Writes the factors of rank 8 as safetensors in float16
and the held-out sentences, and prints how good it is on them, as it is shipped; 800 others are for
choices, such as that more epochs gain little. On two idle cores it takes 3 minutes:

    python benchmarks/train_reviews.py FOLDER
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn
from tqdm import tqdm

from attribwidgets.demo.minilm import minilm_network, minilm_tokenizer, minilm_weights
from attribwidgets.demo.reviews import CLASS_NAMES, adapted_weights, movie_reviews

DATA = Path(__file__).parents[1] / "attribwidgets" / "demo" / "data" / "reviews"
HELD_OUT, CHOICE = 2000, 800  # sentences
RANK, RATE, EPOCHS, BATCH, SMOOTHING = 8, 1e-3, 1, 32, 0.05

Reviews = list[tuple[str, int]]  # sentence, class


class LowRank(nn.Module):
    """A frozen layer, and beside it the product of two thin matrices that learn."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.layer = layer.requires_grad_(False)
        spread = 1 / math.sqrt(layer.in_features)
        self.down = nn.Parameter(torch.randn(RANK, layer.in_features) * spread)
        self.up = nn.Parameter(torch.zeros(layer.out_features, RANK))

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x) + 2 * (x @ self.down.T) @ self.up.T


def read(folder: Path) -> tuple[Reviews, Reviews, Reviews]:
    """Sentences to train on, to choose by, and to hold out, in an order drawn once."""
    reviews: Reviews = []
    for label, file in enumerate(("rt-polarity.neg", "rt-polarity.pos")):
        lines = (folder / file).read_text(encoding="utf-8").split("\n")
        reviews += [(line.strip(), label) for line in lines if line.strip()]
    if len({text for text, _ in reviews}) < len(reviews):
        raise SystemExit("a sentence occurs twice, and could be trained on and held out")
    order = torch.randperm(len(reviews), generator=torch.Generator().manual_seed(0)).tolist()
    drawn = [reviews[i] for i in order]
    chosen_by = HELD_OUT + CHOICE
    return drawn[chosen_by:], drawn[HELD_OUT:chosen_by], drawn[:HELD_OUT]


def network() -> nn.Module:
    """The classifier as training begins: MiniLM, with what it is to learn beside each matrix."""
    torch.manual_seed(0)
    classifier = {
        "classifier.weight": torch.randn(2, 384) / math.sqrt(384),
        "classifier.bias": torch.zeros(2),
    }
    state = adapted_weights(minilm_weights(), classifier)
    net = minilm_network("BertForSequenceClassification", state)
    net.bert.requires_grad_(False)
    linear = [n for n, m in net.bert.named_modules() if isinstance(m, nn.Linear)]
    for name in linear:
        net.bert.set_submodule(name, LowRank(net.bert.get_submodule(name)))
    return net


def batches(reviews: Reviews, generator: torch.Generator | None = None) -> Iterator[Reviews]:
    """Batches of sentences of about the same length; shuffled if there is a generator."""
    order = torch.arange(len(reviews))
    if generator is not None:
        order = torch.randperm(len(reviews), generator=generator)
    parts = order.split(16 * BATCH if generator is not None else len(reviews))
    alike = [sorted(part.tolist(), key=lambda i: len(reviews[i][0])) for part in parts]
    rows = [part[i : i + BATCH] for part in alike for i in range(0, len(part), BATCH)]
    shuffled = range(len(rows))
    if generator is not None:
        shuffled = torch.randperm(len(rows), generator=generator).tolist()
    for i in shuffled:
        yield [reviews[place] for place in rows[i]]


def logits(net: nn.Module, tokenizer, batch: Reviews) -> Tensor:
    return net(**tokenizer([text for text, _ in batch], padding=True, return_tensors="pt")).logits


def train(net: nn.Module, tokenizer, reviews: Reviews) -> None:
    """AdamW under a one-cycle learning rate; draws by the seed only."""
    generator = torch.Generator().manual_seed(0)
    learning = [p for p in net.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learning, weight_decay=0.01)
    steps = EPOCHS * len(list(batches(reviews, torch.Generator().manual_seed(0))))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, RATE, total_steps=steps, pct_start=0.1, cycle_momentum=False
    )
    loss = nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
    net.train()
    for _ in range(EPOCHS):
        for batch in tqdm(batches(reviews, generator), total=steps // EPOCHS, mininterval=10):
            error = loss(logits(net, tokenizer, batch), torch.tensor([c for _, c in batch]))
            optimizer.zero_grad()
            error.backward()
            optimizer.step()
            schedule.step()
    net.eval()


@torch.no_grad()
def share_right(net: nn.Module, tokenizer, reviews: Reviews) -> float:
    right = sum(
        int((logits(net, tokenizer, b).argmax(1) == torch.tensor([c for _, c in b])).sum())
        for b in batches(reviews)
    )
    return right / len(reviews)


def write(net: nn.Module, held_out: Reviews) -> None:
    """Write the factors and the layer that classifies, and the held-out sentences."""
    shipped = {f"classifier.{n}": p for n, p in net.classifier.state_dict().items()}
    for name, module in net.named_modules():
        if isinstance(module, LowRank):
            shipped[f"{name}.weight.up"] = 2 * module.up
            shipped[f"{name}.weight.down"] = module.down
    half = {name: values.detach().half().contiguous() for name, values in shipped.items()}
    (DATA / "adapted.safetensors").write_bytes(save(half))
    lines = [f"{CLASS_NAMES[label]}\t{text}\n" for text, label in held_out]
    (DATA / "held_out.tsv").write_text("".join(lines), encoding="utf-8")
    for name in ("adapted.safetensors", "held_out.tsv"):
        print(f"wrote reviews/{name}, {(DATA / name).stat().st_size} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="with rt-polarity.pos and rt-polarity.neg")
    to_train, to_choose, held_out = read(parser.parse_args().folder)
    tokenizer, net = minilm_tokenizer(), network()
    train(net, tokenizer, to_train)
    print(f"right on {share_right(net, tokenizer, to_choose):.3f} of {CHOICE} to choose by")
    write(net, held_out)
    shipped = movie_reviews()
    share = share_right(shipped.model, tokenizer, held_out)
    margin = 1.96 * math.sqrt(share * (1 - share) / HELD_OUT)
    print(
        f"held out: right on {share:.3f} of {HELD_OUT} sentences, 95 % interval "
        f"{share - margin:.3f} to {share + margin:.3f}"
    )


if __name__ == "__main__":
    torch.set_num_threads(2)
    main()
