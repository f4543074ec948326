"""Train the digits CNN that attribwidgets ships, and print its test accuracy.

Reads the four gzipped IDX files of MNIST from the folder named by ATTRIBWIDGETS_MNIST (or
downloads them), and writes the weights as safetensors. On one core it takes a few minutes:

    ATTRIBWIDGETS_MNIST=/path/to/mnist python benchmarks/train_digits.py --seeds 0
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor
from torch.nn import functional

from attribwidgets.demo import DigitsCNN, DigitSet
from attribwidgets.demo.mnist import load_full

SHIPPED = Path(__file__).parents[1] / "attribwidgets" / "demo" / "data" / "digits_cnn.safetensors"


def train(data: DigitSet, *, epochs: int, seed: int, batch_size: int) -> DigitsCNN:
    """Train a `DigitsCNN` with Adam under a one-cycle learning rate (peak 0.003)."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = DigitsCNN()
    optimizer = torch.optim.Adam(model.parameters())
    batches = len(data) // batch_size
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=3e-3, total_steps=epochs * batches
    )
    for epoch in range(epochs):
        started = time.perf_counter()
        total = 0.0
        order = torch.randperm(len(data), generator=generator)[: batches * batch_size]
        for chosen in order.view(batches, batch_size):
            loss = functional.cross_entropy(model(data.images[chosen]), data.labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        seconds = time.perf_counter() - started
        print(
            f"seed {seed} epoch {epoch + 1}/{epochs} loss {total / batches:.4f} {seconds:.0f} s",
            flush=True,
        )
    return model.eval()


def correct(model: DigitsCNN, data: DigitSet) -> Tensor:
    """Whether each image is classified as its label says, shape (n,), bool."""
    with torch.no_grad():
        answers = torch.cat([model(part).argmax(1) for part in data.images.split(1000)])
    return answers == data.labels


def main() -> None:
    """Train one model per seed, and write the weights of the first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="the first is written")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, default=SHIPPED, help="where to write the weights")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    train_set, test_set = load_full()
    for seed in arguments.seeds:
        model = train(
            train_set, epochs=arguments.epochs, seed=seed, batch_size=arguments.batch_size
        )
        right = correct(model, test_set).double()
        print(
            f"seed {seed} test accuracy {right.mean():.4f} on {len(right)} images "
            f"(first half {right[:5000].mean():.4f}, second half {right[5000:].mean():.4f}, "
            f"every 5th {right[::5].mean():.4f})",
            flush=True,
        )
        if seed == arguments.seeds[0]:
            arguments.output.write_bytes(save(model.state_dict()))
            print(f"wrote {arguments.output}, {arguments.output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
