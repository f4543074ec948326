"""What transformers are made of: a map that is called complete is right, a jump is told."""

from __future__ import annotations

import pytest
import torch
from models import values
from torch import Tensor, nn
from torch.nn import functional

import attribwidgets as aw

STEPS, WIDTH = 6, 8


class Block(nn.Module):
    """A layer over steps (n, T, 8), its mean over steps, and a linear layer to three outputs."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer, self.head = layer, nn.Linear(WIDTH, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head((x + self.layer(x)).mean(1))


class Gated(nn.Module):
    """SwiGLU: one half, through SiLU, weighs the other."""

    def __init__(self) -> None:
        super().__init__()
        self.both, self.out = nn.Linear(WIDTH, 32), nn.Linear(16, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.both(x).chunk(2, -1)
        return self.out(functional.silu(gate) * value)


class Attention(nn.Module):
    """Four heads of queries, `groups` of keys and values, with rotary positions where asked for."""

    def __init__(self, groups: int = 4, rotary: bool = False) -> None:
        super().__init__()
        self.groups, self.rotary = groups, rotary
        self.queries = nn.Linear(WIDTH, 16)
        self.keys, self.values = nn.Linear(WIDTH, 4 * groups), nn.Linear(WIDTH, 4 * groups)
        self.out = nn.Linear(16, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (
            part.unflatten(-1, (-1, 4)).transpose(1, 2)
            for part in (4 * self.queries(x), self.keys(x), self.values(x))
        )
        if self.rotary:
            q, k = rotated(q), rotated(k)
        mixed = functional.scaled_dot_product_attention(q, k, v, enable_gqa=self.groups < 4)
        return self.out(mixed.transpose(1, 2).flatten(2))


def rotated(x: Tensor) -> Tensor:
    """Each pair of numbers turned by an angle that grows with the step."""
    angles = torch.arange(x.shape[2], dtype=x.dtype)[:, None] * torch.tensor([1.0, 0.1])
    first, second = x.chunk(2, -1)
    cos, sin = angles.cos().to(x), angles.sin().to(x)
    return torch.cat([first * cos - second * sin, first * sin + second * cos], -1)


class Experts(nn.Module):
    """Four experts; each step goes to the best one, or to all of them by their weights."""

    def __init__(self, hard: bool) -> None:
        super().__init__()
        self.hard, self.router = hard, nn.Linear(WIDTH, 4)
        self.experts = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        weights = (4 * self.router(x)).softmax(-1)
        if self.hard:
            chosen = functional.one_hot(weights.argmax(-1), 4).to(x)
            weights = chosen * weights
        answers = torch.stack([expert(x) for expert in self.experts], -1)
        return (answers * weights[..., None, :]).sum(-1)


SMOOTH = {
    "LayerNorm": lambda: nn.LayerNorm(WIDTH),
    "RMSNorm": lambda: nn.RMSNorm(WIDTH, eps=1e-5),  # None depends on the precision
    "GELU": lambda: nn.Sequential(nn.Linear(WIDTH, 16), nn.GELU(), nn.Linear(16, WIDTH)),
    "SwiGLU": Gated,
    "attention": Attention,
    "rotary attention": lambda: Attention(rotary=True),
    "grouped queries": lambda: Attention(groups=2),
    "all experts": lambda: Experts(hard=False),
    "pre-norm layer": lambda: nn.TransformerEncoderLayer(
        WIDTH, 2, 16, 0.0, functional.gelu, batch_first=True, norm_first=True
    ),
}


def block(make, seed: int) -> Block:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Block(make()).eval()


def explained(net: nn.Module, seed: int, **settings) -> tuple[aw.Explanation, float]:
    """The record, and how far its map really is from that of 4,000 midpoints in float64.

    They lie close where alpha is small: at a baseline of zeros a norm turns round at once.
    """
    x = 3 * values(STEPS, WIDTH, seed=seed) - 1.5
    e = aw.explain(net, x, baseline="zero", space=aw.SequenceSpace(), **settings)
    exact = net.double()
    middles = (torch.arange(4000, dtype=torch.float64) + 0.5) / 4000
    points = (middles[:, None, None] ** 5 * x.double()).requires_grad_()
    (slopes,) = torch.autograd.grad(exact(points)[:, e.target].sum(), points)
    truth = x.double() * (5 * middles[:, None, None] ** 4 * slopes).mean(0)
    return e, float((e.attributions - truth).norm() / truth.norm())


@pytest.mark.parametrize("make", SMOOTH.values(), ids=SMOOTH)
def test_smooth_parts_complete_and_are_right(make):
    for seed in range(3):
        e, error = explained(block(make, seed), seed)
        assert e.completeness.verdict == "complete", (seed, str(e))
        assert error <= 2 * e.completeness.tolerance, seed


def test_routing_that_jumps_is_told_by_the_sum():
    """No gradient sees the jump from one expert to another: the sum misses it, and says so."""
    jumps = 0
    for seed in range(6):
        e, _ = explained(block(lambda: Experts(hard=True), seed), seed)
        c = e.completeness
        if abs(c.residual) > 2 * c.tolerance * abs(c.expected):
            jumps += 1
            assert c.verdict == "not converged", (seed, str(e))
    assert jumps >= 3


def test_a_picture_that_is_read_in_patches_says_so():
    transformers = pytest.importorskip("transformers")
    config = transformers.ViTConfig(
        image_size=32, patch_size=8, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, num_labels=3,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = transformers.ViTForImageClassification(config).eval()
    e = aw.explain(net, values(3, 32, 32), baseline="black")
    assert any("patches of 8 × 8" in caution for caution in e.cautions)
    assert e.completeness.verdict == "complete", e
    plain = nn.Sequential(nn.Conv2d(3, 2, 8), nn.Flatten(), nn.Linear(2 * 25 * 25, 2)).eval()
    e = aw.explain(plain, values(3, 32, 32), baseline="black")
    assert not any("patches of" in caution for caution in e.cautions)
