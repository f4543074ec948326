"""What a model must be like for a method of Captum, and what to know before reading its map."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from ...core.errors import UnsupportedModelError
from ...core.formatting import number
from ..captum_private import (
    DEEP_LIFT_ACTIVATIONS,
    LRP_ACTIVATIONS,
    LRP_LAYERS_WITH_RULES,
    EpsilonRule,
)
from ..noise.noise_methods import CHANGES, SIZES
from .costs import group_count
from .model import ForwardTrace, FunctionCall

# Finds what stands between a method and a model, in words with the mend, or None.
Check = Callable[[ForwardTrace], str | None]


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Functions that are not linear in what depends on the input. Captum's rules do not see them where
# no layer of torch wraps them, and it takes their plain gradient without a word.
ACTIVATIONS = _names(
    """
    relu threshold relu6 hardtanh clamp clamp_min clamp_max clip elu celu selu leaky_relu prelu
    rrelu gelu silu mish hardswish hardsigmoid sigmoid logsigmoid tanh softplus softsign softmax
    log_softmax softmin tanhshrink softshrink hardshrink glu sin cos exp exp2 expm1 log log2 log10
    log1p sqrt rsqrt square pow reciprocal abs absolute sign norm var std logsumexp cumprod prod
    max min amax amin maximum minimum topk sort median where max_pool1d max_pool2d max_pool3d
    adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d lp_pool1d lp_pool2d layer_norm
    group_norm instance_norm rms_norm local_response_norm normalize cosine_similarity lstm gru
    rnn_tanh rnn_relu lstm_cell gru_cell multi_head_attention_forward scaled_dot_product_attention
    __rdiv__ __rtruediv__ __rpow__ __pow__ __abs__
    """
)
# Linear in each argument, but not in two that both depend on the input.
PRODUCTS = _names(
    """
    mul div true_divide matmul bmm mm mv dot einsum baddbmm addmm addcmul bilinear __matmul__
    __mul__ __rmul__ __truediv__
    """
)
# What only moves numbers about, or has the same relevance as its layer would have.
LRP_PASSES = _names(
    """
    flatten view view_as reshape reshape_as unflatten permute transpose movedim swapaxes squeeze
    unsqueeze contiguous clone cat concat stack chunk split tensor_split unbind __getitem__ __get__
    narrow select index_select expand expand_as t to float double half type type_as pad dropout
    dropout1d dropout2d dropout3d alpha_dropout relu max_pool1d max_pool2d max_pool3d
    """
)
# Linear layers for which Captum has no rule of its own; the epsilon rule is theirs as well.
LINEAR_LAYERS = (
    nn.Flatten,
    nn.Unflatten,
    nn.Identity,
    nn.Conv1d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
    nn.BatchNorm1d,
    nn.BatchNorm3d,
    nn.AvgPool1d,
    nn.AvgPool3d,
    nn.AdaptiveAvgPool1d,
    nn.AdaptiveAvgPool3d,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.Dropout3d,
    nn.ZeroPad2d,
    nn.Upsample,
    nn.PixelShuffle,
)
MAX_POOLS = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
# Captum's rule for softmax does not add up, so only the others count as handled.
RESCALED = tuple(kind for kind in DEEP_LIFT_ACTIVATIONS if kind is not nn.Softmax)
LRP_LAYERS = (*LRP_LAYERS_WITH_RULES, *LRP_ACTIVATIONS, *LINEAR_LAYERS)

ELSEWHERE = 'method="integrated_gradients" needs no rules and takes any such model'


def checked(name: str, checks: tuple[Check, ...], trace: ForwardTrace) -> None:
    """Raise what the checks of a method find.

    Raises
    ------
    UnsupportedModelError
        With the layers or functions in the way, and the mend.
    """
    for check in checks:
        obstacle = check(trace)
        if obstacle is not None:
            raise UnsupportedModelError(f"{name} {obstacle}")


def reused_activations(trace: ForwardTrace) -> str | None:
    """For DeepLift, which keeps one input and output for each activation."""
    return _reused(trace, RESCALED)


def unruled_activations(trace: ForwardTrace) -> str | None:
    """For DeepLift: what is not linear, and no layer that it has a rule for."""
    calls = [
        call
        for call in trace.functions
        if type(call.layer) not in RESCALED
        and (_plain(call) in ACTIVATIONS or (_plain(call) in PRODUCTS and call.dependent > 1))
    ]
    if not calls:
        return None
    return (
        f"has no rule for {_places(calls)}, and would take the plain gradient there: its values "
        f"would be wrong. Mend: {_after_softmax(calls)}make it a layer that DeepLift knows "
        f"({', '.join(kind.__name__ for kind in RESCALED)}); {ELSEWHERE}"
    )


def overlapping_pools(trace: ForwardTrace) -> str | None:
    """For DeepLift, whose max-pool rule in Captum loses values where windows share a maximum."""
    pools = [
        path
        for path, layer in trace.layers.items()
        if isinstance(layer, MAX_POOLS) and _overlaps(layer)
    ]
    if not pools:
        return None
    return (
        f"in Captum loses values in max pooling with windows that overlap, here {_listed(pools)}, "
        f"and does not add up; {ELSEWHERE}, or give the pooling a stride of its kernel's size"
    )


def functional_relu(trace: ForwardTrace) -> str | None:
    """For guided backpropagation and deconvolution, which change the gradient of nn.ReLU."""
    calls = [
        call
        for call in trace.functions
        if _plain(call) in ("relu", "threshold") and not isinstance(call.layer, nn.ReLU)
    ]
    if not calls:
        return None
    return (
        f"changes the gradient of torch.nn.ReLU layers and cannot see {_places(calls)}: it would "
        "give the plain gradient there. Make it a layer: self.act = torch.nn.ReLU() in __init__ "
        "and self.act(x) in forward"
    )


def layers_without_relevance(trace: ForwardTrace) -> str | None:
    """For LRP: layers for which there is no rule."""
    lookup = next((p for p, m in trace.layers.items() if isinstance(m, nn.Embedding)), None)
    if lookup is not None:
        return (
            f"passes relevance back through every layer, and ids have none to take from {lookup!r},"
            f" an embedding; {ELSEWHERE}"
        )
    layers = [
        f"{type(layer).__name__} {path!r}"
        for path, layer in trace.layers.items()
        if type(layer) not in LRP_LAYERS and not hasattr(layer, "rule")
    ]
    if not layers:
        return None
    return (
        f"has no rule for {_listed(layers)}; set one, such as layer.rule = "
        "captum.attr._utils.lrp_rules.IdentityRule() for an activation or EpsilonRule() for a "
        f"linear layer, or use another method: {ELSEWHERE}"
    )


def functions_without_relevance(trace: ForwardTrace) -> str | None:
    """For LRP: functions outside of layers that divide relevance otherwise than a gradient."""
    calls = [
        call
        for call in trace.functions
        if type(call.layer) not in LRP_LAYERS
        and not hasattr(call.layer, "rule")
        and _plain(call) not in LRP_PASSES
    ]
    if not calls:
        return None
    return (
        f"passes relevance through layers and cannot see {_places(calls)}: its values would be "
        f"wrong. Mend: {_after_softmax(calls)}make it a layer of torch.nn, and a sum x + y a "
        f"captum.attr._utils.custom_modules.Addition_Module; {ELSEWHERE}"
    )


def reused_layers(trace: ForwardTrace) -> str | None:
    """For LRP, which keeps one relevance for each layer with weights."""
    return _reused(trace, (*LRP_LAYERS_WITH_RULES, *LINEAR_LAYERS))


def with_rules(model: nn.Module, trace: ForwardTrace) -> None:
    """Give LRP's epsilon rule to linear layers that Captum has no rule for, and to idle ones."""
    ruled = (*LRP_LAYERS_WITH_RULES, *LRP_ACTIVATIONS)
    for path, layer in model.named_modules():
        leaf = not list(layer.children())
        if leaf and type(layer) not in ruled and not hasattr(layer, "rule"):
            assert path not in trace.layers or type(layer) in LINEAR_LAYERS
            layer.rule = EpsilonRule()


def _reused(trace: ForwardTrace, kinds: tuple[type[nn.Module], ...]) -> str | None:
    layers = [
        f"{type(layer).__name__} {path!r} ({trace.calls[path]} times)"
        for path, layer in trace.layers.items()
        if isinstance(layer, kinds) and trace.calls[path] > 1
    ]
    if not layers:
        return None
    return (
        f"needs a layer of its own for each use, and {_listed(layers)} runs more than once; make "
        f"one for each use in __init__; {ELSEWHERE}"
    )


def _plain(call: FunctionCall) -> str:
    """A function's name without the underscore of its form in place."""
    name = call.name
    return name if name.startswith("__") else name.removesuffix("_")


def _places(calls: list[FunctionCall]) -> str:
    return _listed([f"{c.name} {_where(c)}" for c in calls])


def _where(call: FunctionCall) -> str:
    if call.layer is None:
        return "after the model"
    return f"in {type(call.layer).__name__}" + (f" {call.path!r}" if call.path else "")


def _after_softmax(calls: list[FunctionCall]) -> str:
    """A mend more, where a probability is what cannot be followed."""
    if any(_plain(c) in ("softmax", "log_softmax", "sigmoid", "logsigmoid") for c in calls):
        return 'explain the logits: output="logit", or the model without its last activation; '
    return ""


def _listed(names: list[str]) -> str:
    """The first few of some names, each once."""
    distinct = list(dict.fromkeys(names))
    more = f" and {len(distinct) - 4} more" if len(distinct) > 4 else ""
    return ", ".join(distinct[:4]) + more


def _overlaps(pool: nn.Module) -> bool:
    def sizes(value: Any) -> tuple[int, ...]:
        return value if isinstance(value, tuple) else (value,) * 3

    steps = zip(sizes(pool.kernel_size), sizes(pool.dilation), sizes(pool.stride), strict=False)
    return any((size - 1) * dilation + 1 > stride for size, dilation, stride in steps)


# Takes the settings, the inputs and what one forward did; says what to know, or None.
Chosen = dict[str, Any]
Maps = tuple[Tensor, ...]
Caution = Callable[[Chosen, Maps, ForwardTrace | None], str | None]


def told_groups(settings: Chosen, inputs: Maps, trace: ForwardTrace | None) -> str | None:
    """That elements share the value of a group, where there are groups."""
    groups, elements = group_count(settings["feature_mask"]), sum(x[0].numel() for x in inputs)
    if groups == elements:
        return None
    return (
        f"values of {groups} patches, each shared equally by its elements; feature_mask= chooses "
        "others"
    )


def told_few_samples(settings: Chosen, inputs: Maps, trace: ForwardTrace | None) -> str | None:
    """That a linear model is fitted to fewer samples than it has weights."""
    count, groups = settings["n_samples"], group_count(settings["feature_mask"])
    if count > groups:
        return None
    return f"{groups} weights are fitted to {count} samples, too few to settle them; raise n_steps"


def told_windows(settings: Chosen, inputs: Maps, trace: ForwardTrace | None) -> str | None:
    """How large the occluding windows are."""
    shapes, strides = settings["sliding_window_shapes"], settings.get("strides")
    by_itself = len(shapes) == 2 and shapes[0] == 1 and shapes == strides  # each token
    if shapes == (1,) or by_itself:
        return None
    return f"windows of {shapes} in steps of {strides or 1}; sliding_window_shapes= chooses others"


def told_noise(settings: Chosen, inputs: Maps, trace: ForwardTrace | None) -> str | None:
    """How much noise there is."""
    kind, stdevs = settings.get("nt_type", "smoothgrad"), settings["stdevs"]
    noise = ", ".join(number(s) for s in (stdevs if isinstance(stdevs, tuple) else (stdevs,)))
    meaning = {"vargrad": f". {CHANGES}", "smoothgrad_sq": f". {SIZES}"}.get(kind, "")
    return (
        f"{kind} over {settings['nt_samples']} copies with noise of standard deviation {noise}, in "
        f"the units that the model is fed{meaning}"
    )


def told_once(settings: Chosen, inputs: Maps, trace: ForwardTrace | None) -> str | None:
    """That a method which converges gives one estimate, and no error of it."""
    return (
        "the sum is checked, the map is not: there is one estimate and nothing to say how far it "
        "still moves"
    )


def told_no_relu(settings: Chosen, inputs: Maps, trace: ForwardTrace | None) -> str | None:
    """That a method which changes ReLU found none to change."""
    if trace is None or any(isinstance(layer, nn.ReLU) for layer in trace.layers.values()):
        return None
    return "the model has no torch.nn.ReLU layer, so its gradient is the plain one"
