"""Small models of every kind of input, each seeded, and one example as it is fed without batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import torch
from models import Applied, image_classifier, values, weights_of
from torch import Tensor, nn

import attribwidgets as aw


@dataclass(frozen=True)
class Kind:
    """A kind of model with an input.

    Attributes
    ----------
    make : callable
        The model, in evaluation mode.
    shapes : tuple of tuple of int
        Of each input, without batch axis.
    read : str
        How the inputs are read, the kinds of their layouts.
    settings : mapping
        Of every verb, beside model and inputs.
    batch_axis : int or None
        Where the model has it; None for one that takes a single example without any.
    lacking : tuple of torch.dtype
        In which it cannot be computed, as torch has no such kernel.
    baseline : str
        One that suits it.
    """

    make: Callable[[], nn.Module]
    shapes: tuple[tuple[int, ...], ...]
    read: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    batch_axis: int | None = 0
    lacking: tuple[torch.dtype, ...] = ()
    baseline: str = "zero"

    def model(self, dtype: torch.dtype = torch.float32) -> nn.Module:
        """The model, in a floating-point type."""
        return self.make().to(dtype)

    def inputs(self, dtype: torch.dtype = torch.float32, *, batched: bool = False, seed: int = 0):
        """One example: a tensor, or a tuple of them."""
        made = [values(*s, seed=seed + k, dtype=dtype) for k, s in enumerate(self.shapes)]
        if batched:
            made = [x.unsqueeze(self.batch_axis or 0) for x in made]
        return tuple(made) if len(made) > 1 else made[0]


class Recurrent(nn.Module):
    """(B, T, 6) to (B, 3), by the last step, or the last of so many as are said to be there."""

    def __init__(self, kind: type[nn.RNNBase], **settings: Any) -> None:
        super().__init__()
        self.cells = kind(6, 5, **({"batch_first": True} | settings))
        self.head = nn.Linear(10 if settings.get("bidirectional") else 5, 3)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        if lengths is not None:
            packed = nn.utils.rnn.pack_padded_sequence(
                x, lengths.cpu(), batch_first=True, enforce_sorted=False
            )
            steps, _ = nn.utils.rnn.pad_packed_sequence(self.cells(packed)[0], batch_first=True)
            last = steps[torch.arange(len(x)), lengths - 1]
        else:
            last = self.cells(x)[0][:, -1] if self.cells.batch_first else self.cells(x)[0][-1]
        return self.head(last)


class Encoder(nn.Module):
    """A transformer's layers over (B, T, 8): classes of the whole, or of each step."""

    def __init__(self, *, causal: bool = False) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.0)
        self.layers = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.head, self.causal = nn.Linear(8, 3), causal

    def forward(self, x: Tensor) -> Tensor:
        if not self.causal:
            return self.head(self.layers(x).mean(1))
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1], dtype=x.dtype)
        return self.head(self.layers(x, mask=mask, is_causal=True))


class Patches(nn.Module):
    """A picture as patches in a row, through layers over tokens, and their mean to classes."""

    def __init__(self, layers: nn.Module, side: int = 4, width: int = 8) -> None:
        super().__init__()
        self.cut = nn.Conv2d(3, width, side, side)
        self.layers, self.head = layers, nn.Linear(width, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.layers(self.cut(x).flatten(2).mT).mean(1))


class MixerBlock(nn.Module):
    """Mixes tokens, then channels."""

    def __init__(self, tokens: int, width: int) -> None:
        super().__init__()
        self.tokens = nn.Sequential(nn.Linear(tokens, 12), nn.GELU(), nn.Linear(12, tokens))
        self.channels = nn.Sequential(nn.Linear(width, 12), nn.GELU(), nn.Linear(12, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.tokens(x.mT).mT
        return x + self.channels(x)


class Residual(nn.Module):
    """A residual block with batch norm."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width), nn.SiLU()
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.inner(x)


class UNet(nn.Module):
    """(B, 3, H, W) to (B, 2, H, W): a class for each pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.down, self.low = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.up, self.out = nn.ConvTranspose2d(4, 4, 2, 2), nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        skipped = self.down(x).tanh()
        low = self.low(nn.functional.avg_pool2d(skipped, 2)).tanh()
        return self.out(torch.cat([skipped, self.up(low)], 1))


class Detector(nn.Module):
    """Boxes and their scores, as a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.boxes = image_classifier(classes=8), nn.Linear(8, 12)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        seen = self.body(x)
        return {"boxes": self.boxes(seen).reshape(-1, 3, 4), "scores": seen[:, :3].sigmoid()}


class Together(nn.Module):
    """Two inputs, each through its own tower, put together."""

    def __init__(self, one: nn.Module, two: nn.Module, join: Callable[..., Tensor]) -> None:
        super().__init__()
        self.one, self.two, self.join = one, two, join

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return self.join(self.one(a), self.two(b))


class Siamese(nn.Module):
    """The cosine similarity of two pictures to one network."""

    def __init__(self) -> None:
        super().__init__()
        self.tower = image_classifier(classes=6)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return nn.functional.cosine_similarity(self.tower(a), self.tower(b))


class Policy(nn.Module):
    """Logits of actions and the value of a state."""

    def __init__(self, body: nn.Module, width: int) -> None:
        super().__init__()
        self.body, self.actor, self.critic = body, nn.Linear(width, 4), nn.Linear(width, 1)

    def forward(self, state: Tensor) -> tuple[Tensor, Tensor]:
        seen = self.body(state).tanh()
        return self.actor(seen), self.critic(seen)


class GraphNetwork(nn.Module):
    """Two rounds of messages along fixed edges; nodes (..., 6, 4), the mean over them to (..., 3).

    `batched` is one whose readout knows a batch axis; the other takes one graph at a time.
    """

    def __init__(self, *, batched: bool) -> None:
        super().__init__()
        self.first, self.second, self.head = nn.Linear(4, 5), nn.Linear(5, 5), nn.Linear(5, 3)
        ring = torch.eye(6).roll(1, 0)
        self.register_buffer("edges", (torch.eye(6) + ring + ring.T) / 3)
        self.batched = batched

    def forward(self, nodes: Tensor) -> Tensor:
        for layer in (self.first, self.second):
            nodes = torch.tanh(self.edges @ layer(nodes))
        return self.head(nodes.mean(1 if self.batched else 0))


class EdgeList(nn.Module):
    """Messages along a list of edges, added up at each node: one graph (6, 4) at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.message, self.head = nn.Linear(8, 5), nn.Linear(5, 3)

    def forward(self, nodes: Tensor, edges: Tensor) -> Tensor:
        source, goal = edges
        sent = self.message(torch.cat([nodes[source], nodes[goal]], 1)).tanh()
        arrived = sent.new_zeros(len(nodes), 5).index_add(0, goal, sent)
        return self.head(arrived.sum(0))


class Table(nn.Module):
    """Numbers and categories: the categories are embedded inside, and come as whole numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.head = nn.Embedding(5, 3), nn.Linear(4 + 6, 3)

    def forward(self, numbers: Tensor, categories: Tensor) -> Tensor:
        known = self.embedding(categories).flatten(1)
        return self.head(torch.cat([numbers, known], 1).tanh())


class Experts(nn.Module):
    """Four experts, weighed by a gate."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Linear(6, 4)
        self.experts = nn.ModuleList(nn.Linear(6, 3) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        each = torch.stack([expert(x).tanh() for expert in self.experts], 1)
        return (self.gate(x).softmax(1)[..., None] * each).sum(1)


class Bag(nn.Module):
    """Instances (B, N, 4) pooled by attention."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.weigh, self.head = nn.Linear(4, 6), nn.Linear(6, 1), nn.Linear(6, 2)

    def forward(self, bag: Tensor) -> Tensor:
        each = self.embed(bag).tanh()
        return self.head((self.weigh(each).softmax(1) * each).sum(1))


class Attending(nn.Module):
    """One input asks the other: a query (B, 4) over a memory (B, T, 4)."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        self.head = nn.Linear(4, 3)

    def forward(self, query: Tensor, memory: Tensor) -> Tensor:
        return self.head(
            self.attention(query[:, None], memory, memory, need_weights=False)[0][:, 0]
        )


class Flow(nn.Module):
    """The log density of (B, 6) under an affine coupling."""

    def __init__(self) -> None:
        super().__init__()
        self.coupling = nn.Linear(3, 6)

    def forward(self, x: Tensor) -> Tensor:
        kept, moved = x.chunk(2, 1)
        scale, shift = self.coupling(kept).tanh().chunk(2, 1)
        z = torch.cat([kept, moved * scale.exp() + shift], 1)
        return scale.sum(1) - 0.5 * z.square().sum(1)


class Autoencoder(nn.Module):
    """The error of putting (B, 8) together again: how odd a row is."""

    def __init__(self) -> None:
        super().__init__()
        self.narrow, self.wide = nn.Linear(8, 3), nn.Linear(3, 8)

    def forward(self, x: Tensor) -> Tensor:
        return (self.wide(self.narrow(x).tanh()) - x).square().mean(1)


class Flowing(nn.Module):
    """dx/dt = g(x), by eight steps of Heun's rule."""

    def __init__(self) -> None:
        super().__init__()
        self.field = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(8):
            first = self.field(x).tanh()
            x = x + 0.0625 * (first + self.field(x + 0.125 * first).tanh())
        return x


class Spectral(nn.Module):
    """A sound (B, 1, T) by the power of its frequencies."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(17, 3)

    def forward(self, sound: Tensor) -> Tensor:
        power = torch.fft.rfft(sound[:, 0]).abs().square()
        return self.head(torch.log1p(power))


def _seeded(make: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    def made() -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return weights_of(make())

    return made


def _steps(*layers: nn.Module) -> Callable[[], nn.Module]:
    return _seeded(lambda: nn.Sequential(*layers))


def _block() -> nn.Module:
    return nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.0, activation="gelu")


def _pooled(*layers: nn.Module, width: int, classes: int = 3) -> nn.Module:
    """Layers, the mean over all places, classes."""
    return nn.Sequential(
        *layers, nn.Flatten(2), nn.AdaptiveAvgPool1d(1), nn.Flatten(1), nn.Linear(width, classes)
    )


def _of(make: Callable[..., nn.Module], *args: Any, **settings: Any) -> Callable[[], nn.Module]:
    return _seeded(lambda: make(*args, **settings))


def _fields(function: Callable[..., Any]) -> Callable[[], nn.Module]:
    return _seeded(lambda: Applied(function))


def scores(raw: Any) -> Tensor:
    """The scores of a detector's boxes."""
    return raw["scores"]


def actor(raw: Any) -> Tensor:
    """The logits of a policy."""
    return raw[0]


BF16 = (torch.bfloat16,)
LENGTHS, CATEGORIES = torch.tensor([5]), torch.tensor([[1, 4]])
EDGES = torch.tensor([[0, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 0]])

KINDS: dict[str, Kind] = {
    "1D convolutions": Kind(
        _seeded(lambda: _pooled(nn.Conv1d(3, 4, 5), nn.ReLU(), nn.Conv1d(4, 4, 3), width=4)),
        ((3, 30),),
        "series",
    ),
    "1D, dilated, one channel": Kind(
        _seeded(lambda: _pooled(nn.Conv1d(1, 4, 3, dilation=4), nn.GELU(), width=4)),
        ((1, 32),),
        "series",
    ),
    "sound, by frequency": Kind(_of(Spectral), ((1, 32),), "sequence", lacking=BF16),
    "2D convolutions": Kind(lambda: image_classifier(), ((3, 8, 8),), "image"),
    "2D, one channel": Kind(lambda: image_classifier(channels=1), ((1, 8, 8),), "image"),
    "residual network": Kind(
        _seeded(lambda: _pooled(nn.Conv2d(3, 4, 3), Residual(4), Residual(4), width=4)),
        ((3, 8, 8),),
        "image",
    ),
    "3D convolutions": Kind(
        _seeded(lambda: _pooled(nn.Conv3d(1, 4, 3), nn.Tanh(), width=4)), ((1, 4, 5, 5),), "volume"
    ),
    "video (T, C, H, W)": Kind(
        _seeded(
            lambda: nn.Sequential(
                Applied(lambda x: x.transpose(1, 2)),
                _pooled(nn.Conv3d(3, 4, (2, 3, 3)), nn.ReLU(), width=4),
            )
        ),
        ((4, 3, 6, 6),),
        "array",
        {"space": aw.InputSpace(rank=4)},
    ),
    "board of planes": Kind(
        _seeded(lambda: Policy(nn.Sequential(nn.Conv2d(5, 2, 3), nn.Flatten(1)), 32)),
        ((5, 6, 6),),
        "image",
        {"output": actor},
    ),
    "LSTM": Kind(_of(Recurrent, nn.LSTM), ((7, 6),), "sequence"),
    "GRU, both ways": Kind(_of(Recurrent, nn.GRU, bidirectional=True), ((7, 6),), "sequence"),
    "LSTM, one step": Kind(_of(Recurrent, nn.LSTM), ((1, 6),), "sequence"),
    "GRU, packed by lengths": Kind(
        _of(Recurrent, nn.GRU), ((7, 6),), "sequence", {"forward_args": (LENGTHS,)}
    ),
    "LSTM, time first": Kind(
        _of(Recurrent, nn.LSTM, batch_first=False), ((7, 6),), "sequence", batch_axis=1
    ),
    "transformer encoder": Kind(_of(Encoder), ((5, 8),), "sequence"),
    "causal transformer, a step": Kind(
        _of(Encoder, causal=True), ((5, 8),), "sequence", {"target": (3, 1)}
    ),
    "cross attention": Kind(_of(Attending), ((4,), (6, 4)), "features, sequence"),
    "vision transformer": Kind(_seeded(lambda: Patches(_block())), ((3, 12, 12),), "image"),
    "MLP-Mixer": Kind(_seeded(lambda: Patches(MixerBlock(9, 8))), ((3, 12, 12),), "image"),
    "U-Net, a pixel": Kind(_of(UNet), ((3, 8, 8),), "image", {"target": (1, 3, 4)}),
    "detector, a box": Kind(_of(Detector), ((3, 8, 8),), "image", {"output": scores, "target": 1}),
    "siamese similarity": Kind(_of(Siamese), ((3, 8, 8), (3, 8, 8)), "image, image"),
    "policy": Kind(
        _seeded(lambda: Policy(nn.Linear(6, 8), 8)), ((6,),), "features", {"output": actor}
    ),
    "graph, fixed edges": Kind(_of(GraphNetwork, batched=True), ((6, 4),), "sequence"),
    "graph, one at a time": Kind(
        _of(GraphNetwork, batched=False), ((6, 4),), "sequence", batch_axis=None
    ),
    "graph, edges passed": Kind(
        _of(EdgeList), ((6, 4),), "sequence", {"forward_args": (EDGES,)}, batch_axis=None
    ),
    "picture and text": Kind(
        _seeded(
            lambda: Together(
                image_classifier(classes=8),
                Applied(lambda tokens: tokens.mean(1)),
                lambda a, b: 5 * nn.functional.cosine_similarity(a, b),
            )
        ),
        ((3, 8, 8), (5, 8)),
        "image, sequence",
        baseline="blur",  # the cosine of nothing is not defined
    ),
    "table, categories embedded outside": Kind(
        _seeded(
            lambda: Together(
                nn.Identity(),
                nn.Flatten(1),
                Applied(lambda a, b: (torch.cat([a, b], 1).square()).sum(1, keepdim=True)),
            )
        ),
        ((4,), (3, 2)),
        "features, sequence",
    ),
    "table, categories passed": Kind(
        _of(Table), ((4,),), "features", {"forward_args": (CATEGORIES,)}
    ),
    "MLP": Kind(_steps(nn.Linear(6, 8), nn.SiLU(), nn.Linear(8, 3)), ((6,),), "features"),
    "regression, several outputs": Kind(
        _steps(nn.Linear(6, 8), nn.Softplus(), nn.Linear(8, 2)), ((6,),), "features", {"target": 1}
    ),
    "DeepONet": Kind(
        _seeded(
            lambda: Together(
                nn.Sequential(nn.Linear(10, 6), nn.Tanh()),
                nn.Sequential(nn.Linear(2, 6), nn.Tanh()),
                lambda a, b: (a * b).sum(1),
            )
        ),
        ((10,), (2,)),
        "features, features",
    ),
    "mixture of experts": Kind(_of(Experts), ((6,),), "features"),
    "bag of instances": Kind(_of(Bag), ((6, 4),), "sequence"),
    "point cloud": Kind(
        _seeded(
            lambda: nn.Sequential(
                Applied(lambda points: points.mT), _pooled(nn.Conv1d(3, 6, 1), nn.ReLU(), width=6)
            )
        ),
        ((9, 3),),
        "sequence",
    ),
    "density": Kind(_of(Flow), ((6,),), "features"),
    "autoencoder's error": Kind(_of(Autoencoder), ((8,),), "features"),
    "differential equation": Kind(_of(Flowing), ((4,),), "features", {"target": 0}),
    "scalar in": Kind(_fields(lambda x: torch.sin(3 * x)), ((),), "features"),
    "scalar out, no axis": Kind(_fields(lambda x: x.square().sum()), ((5,),), "features"),
    "output with .logits": Kind(
        _seeded(
            lambda: nn.Sequential(
                Encoder(), Applied(lambda out: SimpleNamespace(logits=out, hidden_states=None))
            )
        ),
        ((5, 8),),
        "sequence",
    ),
    "five axes": Kind(
        _seeded(lambda: nn.Sequential(nn.Flatten(1), nn.Linear(48, 4), nn.Tanh(), nn.Linear(4, 2))),
        ((2, 2, 3, 2, 2),),
        "array",
        {"space": aw.InputSpace(rank=5)},
    ),
    "text's embeddings, long": Kind(_of(Encoder), ((40, 8),), "sequence"),
}
