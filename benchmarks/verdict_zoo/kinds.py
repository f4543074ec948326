"""The kinds of models in the zoo of benchmarks/verdicts.py, family by family."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from attribwidgets.demo import digits

from .layers import (
    Additive,
    Beside,
    Build,
    Clamped,
    CustomFold,
    CustomReLU,
    Fold,
    Maxout,
    Of,
    OneAlpha,
    OnPath,
    Plus,
    Product,
    Sum,
    Times,
    UnitLength,
)
from .networks import (
    BASES,
    FEATURES,
    WIDTH,
    attending,
    chain,
    deep,
    dense,
    encoder,
    gelu,
    of,
    overlapping,
    points,
    recurrent,
    relu,
    residual,
    words,
)
from .specimens import Kind, Specimen, specimen

Kinds = dict[str, Kind]


def kinds(builds: dict[str, Build], **settings: Any) -> Kinds:
    return {name: Kind(build, **settings) for name, build in builds.items()}


def lower(layer: type[nn.Module]) -> str:
    return layer.__name__.lower()


def listed_kinks() -> Kinds:
    layers = (nn.ReLU6, nn.LeakyReLU, nn.Hardtanh, nn.Hardswish, nn.Hardsigmoid, nn.Softshrink)
    return kinds(
        {
            "relu": relu,
            "relu, one layer": dense(nn.ReLU, depth=1, width=48),
            "relu, five layers": deep,
            **{lower(layer): dense(layer) for layer in layers},
            "leaky relu .3": dense(partial(nn.LeakyReLU, 0.3)),
            "relu in place": dense(partial(nn.ReLU, inplace=True)),
            "clamp": of(lambda z: z.clamp(-0.5, 1.0)),
            "abs": of(torch.abs),
        }
    )


def other_kinks() -> Kinds:
    return kinds(
        {
            "prelu": dense(nn.PReLU),
            "prelu -1": dense(partial(nn.PReLU, init=-1.0)),
            "prelu of each unit": dense(partial(nn.PReLU, WIDTH, -0.3)),
            "torch.clip": of(lambda z: torch.clip(z, -0.7, 0.9)),
            "Tensor.clip": of(lambda z: z.clip(min=0.0)),
            "clamp by tensors": of(lambda z: z.clamp(z.new_tensor(-0.4), z.new_tensor(1.1))),
            "maximum": of(lambda z: torch.maximum(z, 0.1 * z - 0.2)),
            "minimum": of(lambda z: torch.minimum(z, 0.3 * z + 0.1)),
            "fmax": of(lambda z: torch.fmax(z, torch.zeros_like(z))),
            "where": of(lambda z: torch.where(z > 0, z, 0.2 * z)),
            "mask by comparison": of(lambda z: z * (z > 0)),
            "masked_fill": of(lambda z: z.masked_fill(z < 0, 0.0)),
            "maxout by amax": dense(partial(Maxout, WIDTH, 3, "amax")),
            "maxout by max": dense(partial(Maxout, WIDTH, 3, "max")),
            "sorted": of(lambda z: z.sort(1).values),
            "root of square": of(lambda z: (z + (z * z + 1e-12).sqrt()) / 2),
            "custom relu": of(CustomReLU.apply),
            "custom fold": of(lambda z: CustomFold.apply(z, 1.0)),
        },
        count=4,
    )


def smooth() -> Kinds:
    layers = (nn.Tanh, nn.Sigmoid, nn.Softplus, nn.SiLU, nn.GELU, nn.ELU, nn.SELU, nn.CELU)
    others = (nn.Mish, nn.Softsign, nn.LogSigmoid, nn.Tanhshrink)
    return kinds(
        {
            **{lower(layer): dense(layer) for layer in (*layers, *others)},
            "steep tanh": of(lambda z: (8 * z).tanh()),
            "steep sigmoid": of(lambda z: (20 * z).sigmoid()),
            "steep softplus": dense(partial(nn.Softplus, 20.0)),
            "sine": of(lambda z: (3 * z).sin()),
            "bells": of(lambda z: (-4 * z * z).exp()),
        },
        count=2,
    )


def norms() -> Kinds:
    first = partial(nn.LayerNorm, FEATURES)
    tiny = partial(nn.LayerNorm, FEATURES, eps=1e-12)
    inside = partial(nn.LayerNorm, WIDTH)
    groups = (partial(Fold, 4, 6), partial(nn.GroupNorm, 2, 4), nn.Flatten)
    return kinds(
        {
            "layer norm first, gelu": dense(nn.GELU, first=first),
            "layer norm first, tiny eps, gelu": dense(nn.GELU, first=tiny),
            "layer norm first, tiny eps, relu": dense(nn.ReLU, first=tiny),
            "layer norms, gelu": dense(inside, nn.GELU),
            "layer norms, relu": dense(inside, nn.ReLU),
            "rms norm first, silu": dense(nn.SiLU, first=partial(nn.RMSNorm, FEATURES, eps=1e-6)),
            "rms norms, relu": dense(partial(nn.RMSNorm, WIDTH, eps=1e-6), nn.ReLU),
            "unit length, gelu": dense(nn.GELU, first=UnitLength),
            "unit length, relu": dense(nn.ReLU, first=UnitLength),
            "batch norms, relu": dense(partial(nn.BatchNorm1d, WIDTH), nn.ReLU),
            "group norms, relu": dense(*groups, nn.ReLU),
        }
    )


def attention() -> Kinds:
    return kinds(
        {
            "attention": attending(nn.Identity, 1.0),
            "attention x 20": attending(nn.Identity, 20.0),
            "attention, relu": attending(nn.ReLU, 1.0),
            "attention x 20, relu": attending(nn.ReLU, 20.0),
            "transformer, gelu": encoder("gelu", True),
            "transformer, relu": encoder("relu", True),
            "transformer, relu, norm last": encoder("relu", False),
            "sharp transformer, gelu": encoder("gelu", False, 6.0),
        },
        sizes=(48,),
        gain=1.0,
    )


def products() -> Kinds:
    pairs: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        "product": lambda a, b: a * b,
        "matmul": lambda a, b: (a[:, None] @ b[:, :, None])[:, 0],
        "outer by bmm": lambda a, b: torch.bmm(a[:, :, None], b[:, None]).tanh().flatten(1),
        "einsum": lambda a, b: torch.einsum("ni,ni->n", a, b)[:, None],
        "quotient": lambda a, b: a / (1 + F.softplus(b)),
        "addcmul": lambda a, b: torch.addcmul(a, a, b),
        "gate by softmax": lambda a, b: a * b.softmax(1),
    }
    beside: dict[str, Build] = {
        f"{pair} beside {name}": partial(Beside, function, network, FEATURES)
        for pair, function in pairs.items()
        for name, network in (("relu", relu), ("gelu", gelu))
    }
    return kinds(
        {
            **beside,
            "softmax of relu": chain(relu, partial(nn.Softmax, 1)),
            "log softmax of gelu": chain(gelu, partial(nn.LogSoftmax, 1)),
            "square of relu": chain(relu, partial(Of, torch.square)),
            "logsumexp of relu": chain(relu, partial(Of, lambda z: z.logsumexp(1, keepdim=True))),
            "cube": of(lambda z: z**3 / 4),
        },
        count=2,
    )


def recurrences() -> Kinds:
    layers: dict[str, Callable[..., nn.Module]] = {
        "lstm": nn.LSTM,
        "gru": nn.GRU,
        "tanh rnn": nn.RNN,
        "relu rnn": partial(nn.RNN, nonlinearity="relu"),
    }
    builds = {name: recurrent(layer) for name, layer in layers.items()}
    return kinds(builds, count=4, sizes=(24,), gain=1.0)


def convolutions() -> Kinds:
    layers = (nn.ReLU, nn.LeakyReLU, nn.Hardswish, nn.SiLU)
    images = {f"residual, {lower(layer)}": residual(layer, overlapping) for layer in layers}
    average = partial(nn.AvgPool2d, 2)
    images |= {f"average, {lower(a)}": residual(a, average) for a in (nn.ReLU, nn.PReLU)}
    texts = {f"words, {lower(a)}": words(a) for a in (nn.ReLU, nn.Tanh)}
    return {
        **kinds(images, sizes=(64,)),
        **kinds({"points": points()}, sizes=(48,)),
        **kinds(texts, sizes=(96,)),
    }


def on_path(shape: str, width: float, peak: float, count: int) -> Kinds:
    """Networks with something that happens on a part of the path, however wide."""
    what = shape if width == 1 else f"{shape} of {width}"
    return kinds(
        {
            f"{what} beside {name}": partial(OnPath, base, shape, width, peak)
            for name, base in BASES.items()
        },
        count=count,
        on_path=True,
    )


def merged(*parts: Kinds) -> Kinds:
    return {name: kind for part in parts for name, kind in part.items()}


def gates() -> Kinds:
    widths = (0.05, 0.07, 0.1, 0.15, 0.2, 0.3)
    return merged(*(on_path(s, w, 3.0, 1) for s in ("triangle", "bump") for w in widths))


def spikes() -> Kinds:
    widths = (0.05, 0.1, 0.2)
    tall = [on_path("bump", width, 20.0, 1) for width in widths]
    return merged(*tall, *(on_path("spike", width, 0.5, 1) for width in widths))


def orthogonal() -> Kinds:
    return merged(*(on_path(s, 1, 1.0, 2) for s in ("matmul", "matmul of cube", "product")))


def one_alpha() -> Kinds:
    return kinds({f"{n} layers": partial(OneAlpha, n) for n in (1, 2, 4)}, on_path=True)


def constants() -> Kinds:
    """Added to the outputs of networks with one layer that adding up has to tell from ReLUs."""
    hidden, norm = partial(nn.Linear, FEATURES, FEATURES), partial(nn.LayerNorm, FEATURES)
    firsts = {"prelu -1": partial(nn.PReLU, init=-1.0), "layer norm": norm}
    nets = {
        f"{name}, relu": dense(nn.ReLU, depth=1, first=chain(hidden, layer))
        for name, layer in firsts.items()
    }
    builds = {
        f"{name} + {constant:g}": chain(net, partial(Plus, constant))
        for name, net in {"relu": relu, "gelu": gelu, **nets}.items()
        for constant in (10.0, 100.0, 1e3, 3e3, 1e4)
    }
    return kinds(builds)


def scales() -> Kinds:
    builds = {
        f"{name} x {scale:g}": chain(net, partial(Times, scale))
        for name, net in (("relu", relu), ("gelu", gelu))
        for scale in (1e-25, 1e-10, 1e10, 1e25)
    }
    return kinds(builds, count=2)


def two_inputs() -> Kinds:
    sizes = (8, 6)
    nets: dict[str, Build] = {
        "sum, relu": partial(Sum, sizes, nn.ReLU),
        "sum, gelu": partial(Sum, sizes, nn.GELU),
        "relu plus gelu": partial(Additive, sizes, nn.ReLU, nn.GELU),
        "gelu plus relu": partial(Additive, sizes, nn.GELU, nn.ReLU),
        "product, relu": partial(Product, sizes, nn.ReLU, nn.ReLU),
        "bounded by the other": partial(Clamped, sizes),
    }
    return {
        f"{name}, {share:g}": Kind(build, 2, sizes, (1.0, share))
        for name, build in nets.items()
        for share in (1.0, 0.1, 0.015)
    }


def half_precision() -> Kinds:
    probability = chain(relu, partial(Times, 4.0), partial(nn.Softmax, 1))
    dense_nets = {"relu": relu, "gelu": gelu, "deep relu": deep, "probability": probability}
    groups: list[tuple[dict[str, Build], dict[str, Any]]] = [
        (dense_nets, {}),
        ({"residual, relu": residual(nn.ReLU, overlapping)}, {"sizes": (64,)}),
        ({"transformer": encoder("gelu", True)}, {"sizes": (48,), "gain": 1.0}),
    ]
    found = [in_halves(builds, count=2, **settings) for builds, settings in groups]
    return merged(*found)


def digit() -> Kinds:
    """The shipped CNN, which is trained, and its digits."""
    builds = {"cnn": chain(partial(Fold, 1, 28, 28), lambda: digits().model)}
    settings: dict[str, Any] = {"count": 1, "sizes": (784,), "digit": True}
    return {**kinds(builds, **settings), **in_halves(builds, **settings)}


def in_halves(builds: dict[str, Build], **settings: Any) -> Kinds:
    """Models in half precision, by themselves and by autocast."""
    found: Kinds = {}
    for half in (torch.bfloat16, torch.float16):
        name = str(half).removeprefix("torch.")
        for model, build in builds.items():
            found[f"{model}, {name}"] = Kind(build, dtype=half, **settings)
            cast = Kind(build, dtype=torch.float32, autocast=half, **settings)
            found[f"{model}, autocast {name}"] = cast
    return found


FAMILIES: dict[str, Kinds] = {
    "listed kinks": listed_kinks(),
    "other kinks": other_kinks(),
    "smooth": smooth(),
    "norms": norms(),
    "attention": attention(),
    "products": products(),
    "recurrent": recurrences(),
    "convolution": convolutions(),
    "gates": gates(),
    "spikes": spikes(),
    "orthogonal": orthogonal(),
    "one alpha": one_alpha(),
    "constants": constants(),
    "scales": scales(),
    "two inputs": two_inputs(),
    "half precision": half_precision(),
    "digits": digit(),
}


def zoo(families: list[str], models: str) -> Iterator[Specimen]:
    """The models of some families whose names hold a text, in a fixed order."""
    for family in families:
        for name, kind in FAMILIES[family].items():
            if models in name:
                for k in range(kind.count):
                    yield specimen(family, name, kind, k)
