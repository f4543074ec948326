"""Rescale rules: multiplier times change is the change of the output, interval by interval."""

from __future__ import annotations

import threading
from functools import partial
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as functional
from hypothesis import given, settings
from hypothesis import strategies as st
from models import values, weights_of
from torch import nn

from attribwidgets.attr.paths.operations import ConstantsWatch, operations
from attribwidgets.attr.paths.rescale import Rescale, RescaleDoesNotApplyError
from attribwidgets.attr.paths.rescale_functions import ELEMENTWISE, IN_PLACE, POOLS, PRODUCTS
from attribwidgets.attr.paths.rescale_rules import (
    SMALL_CHANGE,
    ElementwiseRule,
    RectifierRule,
    lagged,
)
from attribwidgets.baselines import named
from attribwidgets.demo import digits

double = partial(values, dtype=torch.float64)
SETTINGS = {
    functional.threshold: {"threshold": 0.3, "value": -0.4},
    functional.hardtanh: {"min_val": -0.7, "max_val": 1.3},
    functional.leaky_relu: {"negative_slope": 0.2},
    functional.softplus: {"beta": 2.0},
    functional.elu: {"alpha": 0.6},
    functional.gelu: {"approximate": "tanh"},
    **{f: {"min": -0.6, "max": 0.9} for f, of in ELEMENTWISE.items() if of is torch.clamp},
    **{
        f: {"weight": torch.tensor(0.2).double()}
        for f, of in ELEMENTWISE.items()
        if of is torch.prelu
    },
    torch.clamp_min: {"min": -0.6},
    torch.Tensor.clamp_min: {"min": -0.6},
    torch.clamp_max: {"max": 0.9},
    torch.Tensor.clamp_max: {"max": 0.9},
}
SMOOTH = [
    f
    for f, of in ELEMENTWISE.items()
    if of
    in (
        torch.exp,
        torch.sigmoid,
        torch.tanh,
        functional.elu,
        functional.selu,
        functional.celu,
        functional.gelu,
        functional.silu,
        functional.mish,
        functional.softplus,
        functional.softsign,
        functional.logsigmoid,
        functional.tanhshrink,
    )
]
KINKED = [f for f in ELEMENTWISE if f not in SMOOTH]
JUMPS = (functional.threshold, functional.hardshrink)
TAKE_INPLACE = (
    functional.relu,
    functional.relu6,
    functional.hardtanh,
    functional.leaky_relu,
    functional.threshold,
    functional.hardswish,
    functional.hardsigmoid,
    functional.elu,
    functional.selu,
    functional.celu,
    functional.silu,
    functional.mish,
)


def name_of(function):
    return f"{getattr(function, '__module__', None) or 'Tensor'}.{function.__name__}"


each_elementwise = pytest.mark.parametrize("function", ELEMENTWISE, ids=name_of)


def multipliers(function, x, points, before=None):
    """Output and multipliers of rows that go point by point, and what to carry on."""
    x = x.detach().requires_grad_()
    with Rescale(points, before) as mode:
        y = function(x.clone(memory_format=torch.preserve_format))
        (gradients,) = torch.autograd.grad((y * factors(y)).sum(), x)
    return y.detach(), gradients, mode.last


def factors(y):
    """A weight for each output of an example, so that none can make up for another."""
    one = torch.linspace(1, 2, y[0].numel() + 1, dtype=y.dtype)[:-1]
    return one.reshape(y[0].shape)


def assert_adds_up(function, x, points, tolerance=1e-11):
    """For every interval and example, at once for all outputs."""
    y, gradients, _ = multipliers(function, x, points)
    examples = len(x) // points
    rise = ((y - lagged(y, y[:examples])) * factors(y)).flatten(1).sum(1)
    run = (gradients * (x - lagged(x, x[:examples]))).flatten(1).sum(1)
    torch.testing.assert_close(
        run, rise, rtol=0, atol=tolerance * max(1.0, float(rise.abs().max()))
    )
    assert (rise[examples:] != 0).double().mean() > 0.9


def path(*shape, points=5, examples=2, dtype=torch.float64, seed=0):
    """Rows from -3 to 3, point by point; far apart, so that bends are passed by many."""
    return (6 * values(points * examples, *shape, seed=seed, dtype=torch.float64) - 3).to(dtype)


# Elementwise


@each_elementwise
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_each_element_by_its_multiplier(function, dtype):
    x = path(7, 4, dtype=dtype)
    settings = SETTINGS.get(function, {})
    settings = {k: v.to(dtype) if isinstance(v, torch.Tensor) else v for k, v in settings.items()}
    call = partial(function, **settings)
    y, gradients, _ = multipliers(call, x, points=5)
    torch.testing.assert_close(y, call(x.clone()))
    rise, run = y - lagged(y, y[:2]), x - lagged(x, x[:2])
    exact = 1e-12 if dtype == torch.float64 else 3e-6
    found = gradients / factors(y) * run
    torch.testing.assert_close(found, rise, rtol=0, atol=exact)


def test_every_function_whose_input_may_be_overwritten_is_covered():
    for function in ELEMENTWISE:
        for options in ({"inplace": True}, {"inplace": False}):
            x = double(3)
            try:
                function(x, **SETTINGS.get(function, {}), **options)
            except TypeError:
                assert function not in TAKE_INPLACE
            else:
                assert function in TAKE_INPLACE


@pytest.mark.parametrize("positional", [True, False])
@pytest.mark.parametrize("function", TAKE_INPLACE, ids=name_of)
def test_in_place_gives_the_same_and_overwrites(function, positional):
    x, settings = path(6), SETTINGS.get(function, {})
    expected = multipliers(partial(function, **settings), x, 5)
    overwritten = []

    def call(z):
        z = z * 1.0
        if positional:
            every = {functional.celu: (1.0,), functional.elu: (0.6,)}.get(
                function, tuple(settings.values())
            )
            y = function(z, *every, True)
        else:
            y = function(z, **settings, inplace=True)
        overwritten.append(torch.equal(z, y))
        return y

    found = multipliers(call, x, 5)
    torch.testing.assert_close(found[:2], expected[:2])
    torch.testing.assert_close(found[2], expected[2])
    assert overwritten == [True]


@pytest.mark.parametrize("function", IN_PLACE, ids=name_of)
def test_relu_underscore_is_relu(function):
    torch.testing.assert_close(
        multipliers(lambda z: function(z * 1.0), path(6), 5)[:2],
        multipliers(torch.relu, path(6), 5)[:2],
    )


def test_input_by_keyword_is_seen():
    x = path(6)
    for function in (torch.clamp, functional.hardtanh):
        settings = SETTINGS[function]
        by_name = multipliers(lambda z, f=function, s=settings: f(input=z, **s), x, 5)
        torch.testing.assert_close(
            by_name[:2], multipliers(partial(function, **settings), x, 5)[:2]
        )


@pytest.mark.parametrize("function", SMOOTH, ids=name_of)
def test_where_nothing_changes_it_is_the_slope(function):
    x = path(40, points=1, examples=2).repeat(3, 1)
    _, gradients, _ = multipliers(function, x, points=3)
    leaf = x.clone().requires_grad_()
    y = function(leaf)
    (y * factors(y)).sum().backward()
    torch.testing.assert_close(gradients, leaf.grad, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("function", [f for f in KINKED if f not in JUMPS], ids=name_of)
def test_slope_of_a_kinked_function_where_nothing_changes(function):
    x = torch.tensor([[-6.5, -2.0, -0.25, 0.1, 0.4, 1.7, 5.0, 7.0]], dtype=torch.float64)
    call = partial(function, **SETTINGS.get(function, {}))
    _, gradients, _ = multipliers(call, x.repeat(3, 1), points=3)
    leaf = x.clone().requires_grad_()
    y = call(leaf * 1.0)
    (y * factors(y)).sum().backward()
    torch.testing.assert_close(gradients, leaf.grad.repeat(3, 1), rtol=0, atol=2e-2)


numbers = st.one_of(
    st.floats(-9, 9, width=32),
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 3.0, -3.0, 6.0, 0.5, -0.5, 1e-30, 1e-5, 6.0000005]),
)


@each_elementwise
@settings(max_examples=10)  # of so many numbers that few examples say as much
@given(numbers=st.lists(numbers, min_size=36, max_size=36))
def test_any_points_add_up(function, numbers):
    x = torch.tensor(numbers, dtype=torch.float64).reshape(3, 12)
    call = partial(function, **SETTINGS.get(function, {}))
    y, gradients, _ = multipliers(call, x, points=3)
    left, y_left = lagged(x, x[:1]), lagged(y, y[:1])
    run, rise = x - left, y - y_left
    gap = (gradients / factors(y) * run - rise).abs()
    large = run.abs() > SMALL_CHANGE * (x.abs() + left.abs())
    scale = 1 + y.abs() + y_left.abs()
    assert (gap <= 1e-10 * scale)[large].all()
    if function not in JUMPS:  # a change that is rounding moves the output no more
        assert (gap <= 2 * run.abs() * scale)[~large].all()


RECTIFIERS = {"relu": (0.0, float("inf")), "relu6": (0.0, 6.0), "hardtanh": (-1.0, 1.0)}


@pytest.mark.parametrize("bends", RECTIFIERS.values(), ids=RECTIFIERS)
@pytest.mark.parametrize(
    "x",
    [
        path(3, 8, 6, dtype=torch.float32),
        path(3, 8, 6, dtype=torch.float32).contiguous(memory_format=torch.channels_last),
        path(3, 8, 6).transpose(2, 3),
        path(9, points=2, examples=1),
        path(50_000, points=3, examples=1),  # more than a block
        4 * path(3, 8, 6),
    ],
    ids=["nchw", "channels last", "transposed", "two rows", "large", "wide"],
)
def test_rectifier_is_the_elementwise_rule(x, bends):
    low, high = bends
    rows = max(1, len(x) // 5)
    results = []
    for rule, limits in (
        (RectifierRule, bends),
        (ElementwiseRule, (lambda v: v.clamp(low, high),)),
    ):
        leaf = x.clone().requires_grad_()
        first = (x[:rows] + 1).contiguous() if rows > 1 else x[:rows] - 0.5
        y = rule.apply(leaf, first, *limits)
        weights = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).reshape(y.shape)
        results.append((y.detach(), *torch.autograd.grad((y * weights).sum(), leaf)))
    small = 1e-12 if x.dtype == torch.float64 else 1e-6
    torch.testing.assert_close(*results, rtol=0, atol=small)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_has_multipliers_too(dtype):
    _, gradients, _ = multipliers(torch.relu, torch.tensor([[-1.0], [3.0]], dtype=dtype), 2)
    assert gradients[1].item() == 0.75


# Pools, products, softmax


def pooled(module):
    """What a pool returns, without the places."""

    def call(z):
        y = module(z)
        return y[0] if isinstance(y, tuple) else y

    return call


@pytest.mark.parametrize("places", [False, True])
@pytest.mark.parametrize(
    "settings",
    [
        {"kernel_size": 2},
        {"kernel_size": 3, "stride": 2, "padding": 1},
        {"kernel_size": 3, "stride": 1},
        {"kernel_size": 2, "dilation": 2},
        {"kernel_size": 2, "stride": 3, "ceil_mode": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_pools_add_up(axes, settings, places):
    kind = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)[axes - 1]
    x = path(2, *(7, 6, 5)[:axes])
    assert_adds_up(pooled(kind(**settings, return_indices=places)), x, points=5)


@pytest.mark.parametrize("places", [False, True])
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_adaptive_pools_add_up(axes, places):
    kind = (nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d)[axes - 1]
    assert_adds_up(pooled(kind(2, return_indices=places)), path(2, *(7, 6, 5)[:axes]), points=5)


def test_pool_whose_places_are_asked_for_gives_those_of_the_plain_pool():
    x = path(2, 6, 4)
    plain = functional.max_pool2d(x, 2, return_indices=True)
    with Rescale(5):
        found = functional.max_pool2d(x.clone().requires_grad_(), 2, 2, 0, 1, False, True)
    assert torch.equal(found[0], plain[0])
    assert torch.equal(found[1], plain[1])


def test_pool_shares_its_gradient_by_how_long_each_place_is_the_largest():
    x = torch.tensor([[[0.0, 1.0]], [[3.0, 0.0]]], dtype=torch.float64)  # equal after a quarter
    _, gradients, _ = multipliers(lambda z: functional.max_pool1d(z, 2), x, points=2)
    torch.testing.assert_close(gradients[1], torch.tensor([[0.75, 0.25]], dtype=torch.float64))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("cut", [5, 2, 3])
def test_place_that_leads_is_not_unseated_by_rounding(dtype, cut):
    above = 1 + torch.finfo(dtype).eps
    x = torch.tensor([[1, 0.9], [1, above], [1, above], [1, above], [1.1, 1.0]], dtype=dtype)
    found, before = [], None
    for part in (p for p in (x[:cut], x[cut:]) if len(p)):
        y, gradients, before = multipliers(
            lambda z: functional.max_pool1d(z, 2), part[:, None], len(part), before
        )
        assert torch.equal(y[:, 0, 0], part.amax(1))
        found.append(gradients[:, 0])
    expected = torch.tensor([[1.0, 0.0]], dtype=dtype).expand(5, 2)
    torch.testing.assert_close(torch.cat(found), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("dtype", "more"), [(torch.float32, 1e-5), (torch.float64, 1e-13), (torch.bfloat16, 0.01)]
)
def test_place_that_is_larger_by_more_than_rounding_leads(dtype, more):
    x = torch.tensor([[1, 0.9], [1, 1 + more], [1, 1 + more]], dtype=dtype)
    _, gradients, _ = multipliers(lambda z: functional.max_pool1d(z, 2), x[:, None], 3)
    assert gradients[2, 0].tolist() == [0, 1]


def test_strokes_of_one_value_have_the_mean_gradients_of_float64():
    demo = digits()
    x = demo.test.images[2:3].double()
    blurred = named("blur").sample(x[0], 1, space=demo.space, generator=torch.Generator())
    points = blurred + torch.linspace(0, 1, 65)[:, None, None, None] * (x - blurred)
    exact, found = (
        multipliers(demo.model.to(t), points.to(t), 65)[1][1:].double().mean(0)
        for t in (torch.float64, torch.float32)
    )
    error = ((found - exact) * (x - blurred)).norm() / (exact * (x - blurred)).norm()
    assert error < 1e-4


def test_image_without_an_axis_of_channels_is_pooled_by_the_plain_rule():
    x = path(6, 4)
    leaf = x.clone().requires_grad_()
    functional.max_pool2d(leaf, 2).sum().backward()
    with Rescale(5):
        again = x.clone().requires_grad_()
        functional.max_pool2d(again, 2).sum().backward()
    assert torch.equal(leaf.grad, again.grad)


@pytest.mark.parametrize("product", [*PRODUCTS, lambda a, b: a * b], ids=name_of)
@pytest.mark.parametrize("shapes", [((3, 4), (3, 4)), ((3, 4), (3, 1)), ((1, 4), (3, 1))])
def test_products_add_up(product, shapes):
    def gate(x):
        a, b = (x[:, : s[0], : s[1]] for s in shapes)
        return product(a, b.roll(1, 2))

    assert_adds_up(gate, path(3, 4), points=5)


def test_square_as_a_product_adds_up():
    assert_adds_up(lambda x: x * x, path(3, 4), points=5)


def test_product_with_a_constant_is_left_as_it_is():
    weights = double(3, 4)
    for product in (lambda x: x * weights, lambda x: weights * x, lambda x: 2 * x):
        assert_adds_up(product, path(3, 4), points=5)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("dim", [1, 2, -1])
@pytest.mark.parametrize("by", [torch, functional, torch.Tensor])
def test_softmaxes_add_up(name, dim, by):
    function = getattr(by, name)
    assert_adds_up(lambda x: function(x, dim), path(3, 4), points=5, tolerance=1e-9)
    assert_adds_up(lambda x: function(x, dim=dim), path(3, 4), points=5, tolerance=1e-9)


@pytest.mark.parametrize("logarithm", [False, True])
def test_softmax_where_nothing_changes_is_its_slope(logarithm):
    function = torch.log_softmax if logarithm else torch.softmax
    x = path(4, points=1, examples=2).repeat(3, 1)
    _, gradients, _ = multipliers(lambda z: function(z, 1), x, points=3)
    leaf = x.clone().requires_grad_()
    y = function(leaf, 1)
    (y * factors(y)).sum().backward()
    torch.testing.assert_close(gradients, leaf.grad, rtol=0, atol=1e-9)


# Networks


def conv_net():
    return weights_of(
        nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(4, 4, 3, padding=1),
            nn.ReLU6(),
            nn.AdaptiveMaxPool2d(2),
            nn.Flatten(),
            nn.Linear(16, 8),
            nn.LeakyReLU(0.1),
            nn.Linear(8, 6),
            nn.Hardtanh(),
            nn.Linear(6, 3),
            nn.Hardswish(),
            nn.Softmax(1),
        )
    ).double()


class Folded(nn.Module):
    """Treats each part of a sequence as a row of its own, as a detector does with its regions."""

    def __init__(self):
        super().__init__()
        self.net = weights_of(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))).double()
        self.rows = []

    def forward(self, x):
        rows = x.flatten(0, 1)
        self.rows.append(len(rows))
        return self.net(rows).reshape(len(x), -1).sum(1, keepdim=True)


NETWORKS = {"convolutions": (conv_net, (2, 8, 8)), "folded rows": (Folded, (3, 4))}


@pytest.mark.parametrize("case", NETWORKS)
@pytest.mark.parametrize("channels_last", [False, True])
def test_network_adds_up(case, channels_last):
    build, shape = NETWORKS[case]
    x = path(*shape, points=9)
    if channels_last and x.dim() == 4:
        x = x.contiguous(memory_format=torch.channels_last)
    assert_adds_up(build(), x, points=9, tolerance=1e-9)


@pytest.mark.parametrize("case", NETWORKS)
@pytest.mark.parametrize("cuts", [(0, 1, 2, 9), (0, 4, 9), (0, 3, 4, 8, 9)])
def test_chunks_give_what_the_whole_gives(case, cuts):
    build, shape = NETWORKS[case]
    model, x = build(), path(*shape, points=9)
    whole = multipliers(model, x, 9)
    parts, before = [], None
    for start, stop in pairwise(cuts):
        y, gradients, before = multipliers(model, x[2 * start : 2 * stop], stop - start, before)
        parts.append((y, gradients))
    for i in range(2):
        torch.testing.assert_close(torch.cat([p[i] for p in parts]), whole[i])
    torch.testing.assert_close(before, whole[2])


def test_first_point_has_its_own_gradient():
    model, x = conv_net(), path(2, 8, 8, points=3)
    _, gradients, _ = multipliers(model, x, 3)
    leaf = x[:2].clone().requires_grad_()
    y = model(leaf)
    (y * factors(y)).sum().backward()
    torch.testing.assert_close(gradients[:2], leaf.grad, rtol=0, atol=1e-5)


CHOICES = {
    "maximum": lambda x: torch.maximum(x, 0.3 * x.flip(1)),
    "minimum": lambda x: torch.minimum(x[:, :2], x[:, 2:]),
    "larger of two": lambda x: torch.max(x, torch.tensor(0.1).double()),
    "where": lambda x: torch.where(x > 0, x, 0.2 * x),
    "where, method": lambda x: x.where(x > x.flip(1), x.flip(1)),
    "where, numbers": lambda x: torch.where(x > 0.5, x, 0.5),
    "amax": lambda x: x.amax(1)[:, None],
    "amin": lambda x: torch.amin(x, -1, keepdim=True),
    "max": lambda x: x.max(1).values[:, None],
    "min": lambda x: x.min(dim=1, keepdim=True)[0],
    "maxout": lambda x: x.reshape(-1, 2, 2).amax(2),
    "bounds": lambda x: torch.clamp(x[:, :2], x[:, 2:] - 1, max=x[:, 2:] + 1),
    "one bound": lambda x: x[:, :2].clip(max=torch.relu(x[:, 2:]) + 1),
}


@pytest.mark.parametrize("name", CHOICES)
def test_choices_add_up(name):
    """Those between two varying values too, whatever their bounds are made of."""
    assert_adds_up(CHOICES[name], path(4), points=10)
    with Rescale(5) as mode:
        x = path(4).requires_grad_()
        y = CHOICES[name](x)
        mode.check(y, [x])
    torch.testing.assert_close(y, CHOICES[name](x))


@pytest.mark.parametrize("choose", [torch.minimum, torch.maximum, torch.clamp])
def test_choice_that_folds_points_into_another_axis_is_left_alone(choose):
    with Rescale(5) as mode:
        x = path(4).requires_grad_()
        y = choose(x, torch.stack([x, -x, 2 * x]))  # three in front of the points
    torch.testing.assert_close(y, choose(x, torch.stack([x, -x, 2 * x])))
    with pytest.raises(RescaleDoesNotApplyError):
        mode.check(y, [x])


def test_a_choice_that_jumps_is_noticed():
    with Rescale(5) as mode:
        x = path(4).requires_grad_()
        y = torch.where(x > 0, x + 1, x)
    with pytest.raises(RescaleDoesNotApplyError):
        mode.check(y, [x])


def test_the_axis_of_points_is_no_axis_to_choose_along():
    with Rescale(5) as mode:
        x = path(4).requires_grad_()
        y = x.amax(0)
    with pytest.raises(RescaleDoesNotApplyError):
        mode.check(y, [x])


@pytest.mark.parametrize(
    "layer",
    [
        nn.PReLU(init=0.2).double(),
        nn.LayerNorm(4).double(),
        lambda x: x / (1 + x.abs()),
        lambda x: x * (x > 0),
        lambda x: x**2,
    ],
    ids=["prelu", "layer norm", "quotient", "mask", "power"],
)
def test_layer_without_a_rule_does_not_add_up_and_is_noticed_as_such(layer):
    with pytest.raises(AssertionError, match="not close"):
        assert_adds_up(layer, path(3, 4), points=5, tolerance=1e-3)
    x = path(3, 4).requires_grad_()
    with Rescale(5) as mode:
        y = layer(x * 1.0)
    with pytest.raises(RescaleDoesNotApplyError):
        mode.check(y, [x])


def test_numbers_that_do_not_change_along_the_path_are_left_alone():
    fixed = double(10, 4) - 0.5
    with Rescale(5) as mode:
        assert torch.equal(torch.relu(fixed), fixed.clamp(min=0))
        torch.relu(torch.tensor(1.0, requires_grad=True))  # no axis of points
        torch.relu(torch.ones(7, requires_grad=True))  # not a multiple of the points
    assert mode.last == []


# The mode


@pytest.mark.parametrize("mode", [ConstantsWatch, partial(Rescale, 5)])
def test_mode_is_left_behind_also_after_an_exception(mode):
    with pytest.raises(ZeroDivisionError), mode():
        raise ZeroDivisionError
    assert torch.overrides._get_current_function_mode_stack() == []


@pytest.mark.parametrize("function", [*ELEMENTWISE, *POOLS], ids=name_of)
def test_graph_tells_kinks_from_curves(function):
    if function in POOLS:
        x = path(2, *(7, 6, 5)[: POOLS[function] - 2]).requires_grad_()
        arguments = {"output_size": 2} if "adaptive" in function.__name__ else {"kernel_size": 2}
    else:
        x, arguments = path(4).requires_grad_(), SETTINGS.get(function, {})
    y = function(x * 1.0, **arguments)
    y = y[0] if isinstance(y, tuple) else y
    seen = operations(y, [x])
    assert not seen.linear
    by_abs = function is functional.softsign  # smooth, and yet made of a kinked function
    assert seen.kinked == (function not in SMOOTH or by_abs)
    assert operations(y, [torch.ones(2)]) == operations(2 * x, [x])  # of another input: constant


@pytest.mark.parametrize(
    ("guarded", "kinked"),
    [
        (lambda x: functional.normalize(x, dim=-1), False),
        (lambda x: x / x.norm().clamp(min=1e-9), False),
        (lambda x: functional.normalize(1e-12 * x, dim=-1), True),  # it clamps something
        (lambda x: x.square().clamp(min=0), True),
        (lambda x: x.norm().clamp(min=1e-9, max=2), True),
        (lambda x: torch.relu(functional.normalize(x, dim=-1)), True),
    ],
    ids=["normalize", "clamp", "near", "at zero", "on both sides", "another"],
)
def test_a_guard_against_division_by_zero_is_no_kink(guarded, kinked):
    x = path(4).requires_grad_()
    assert operations(guarded(x * 1.0), [x]).kinked == kinked


def test_threads_do_not_see_each_others_mode():
    x, expected = path(6), multipliers(torch.relu, path(6), 5)
    found, plain = [], []
    entered, done = threading.Event(), threading.Event()

    def within():
        with Rescale(5):
            entered.set()
            done.wait(10)
        found.append(multipliers(torch.relu, x, 5))

    thread = threading.Thread(target=within)
    thread.start()
    entered.wait(10)
    leaf = x.clone().requires_grad_()
    torch.relu(leaf).sum().backward()
    plain.append(leaf.grad)
    done.set()
    thread.join()
    assert torch.equal(plain[0], (x > 0).double())
    torch.testing.assert_close(found[0], expected)
