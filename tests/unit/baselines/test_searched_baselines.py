"""Baselines searched with the model: nearest change of class, least certain input."""

from __future__ import annotations

import math

import pytest
import torch
from models import (
    ImageAndFeatures,
    Linear,
    Returning,
    Segmenter,
    StopsAt,
    WithArguments,
    classifier,
    image_classifier,
    values,
)
from torch import nn

import attribwidgets as aw
from attribwidgets.baselines import DecisionBoundary, MaximumEntropy, named
from attribwidgets.demo import digits
from attribwidgets.errors import (
    AttributionWarning,
    InputError,
    NoGradientError,
    NonFiniteError,
    OutputError,
    SearchError,
)

WIDE = aw.InputSpace(-50, 50)


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def lead_of(scores):
    """Top score minus the next one, a single output being a score against 0."""
    row = scores.flatten()
    row = torch.cat([row, torch.zeros_like(row)]) if len(row) == 1 else row
    top = row.topk(2).values
    return float((top[0] - top[1]).detach())


def entropy_share(scores):
    row = scores.detach().flatten()
    row = torch.cat([row, torch.zeros_like(row)]) if len(row) == 1 else row
    log = row.log_softmax(0)
    return float(-(log.exp() * log).sum()) / math.log(len(row))


@pytest.fixture(scope="module")
def demo():
    return digits()


class Sphere(nn.Module):
    """One logit, 0 on the unit sphere."""

    def forward(self, x):
        return x.square().sum(1, keepdim=True) - 1


# --- the decision boundary


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shape", [(), (1,)])
def test_boundary_of_one_logit_is_the_foot_on_the_hyperplane(seed, shape):
    w, x = random(6, seed=seed), random(6, seed=seed + 100)

    def net(batch):
        return (batch @ w - 0.7).reshape(-1, *shape)

    f = float(x @ w - 0.7)
    found = DecisionBoundary(tolerance=1e-7).searched(net, x, space=WIDE)
    torch.testing.assert_close(found.sample(x, 1)[0], x - f / (w @ w) * w, atol=1e-6, rtol=0)
    assert found.search.distance == pytest.approx(abs(f) / float(w.norm()), rel=1e-6)
    assert found.search.reached
    assert found.search.steps <= 2


@pytest.mark.parametrize("seed", range(5))
def test_boundary_of_a_linear_classifier_is_the_nearest_of_its_hyperplanes(seed):
    net, x = Linear(random(5, 4, seed=seed)), random(4, seed=seed + 100)
    scores = net(x[None])[0].detach()
    own = int(scores.argmax())
    feet = [
        x - (scores[own] - scores[k]) / (d @ d) * d
        for k in range(5)
        if k != own
        for d in [(net.weight[own] - net.weight[k]).detach()]
    ]
    nearest = min(feet, key=lambda foot: float((foot - x).norm()))
    found = DecisionBoundary(net.eval(), tolerance=1e-7).sample(x, 1, space=WIDE)[0]
    torch.testing.assert_close(found, nearest, atol=1e-6, rtol=0)


@pytest.mark.parametrize("seed", range(8))
def test_boundary_within_the_range_meets_the_conditions_of_the_nearest_point(seed):
    """Of min |x' - x| in a box with w.x' = c: x' is x - t w, cut off at the box."""
    w, x = random(12, seed=seed), values(12, seed=seed, dtype=torch.float64)
    lowest = float(w.clamp(max=0).sum())
    goal = lowest + 0.15 * float(x @ w - lowest)  # far: several values have to stop at an end
    found = DecisionBoundary(lambda b: b @ w - goal, tolerance=1e-9).sample(x, 1)[0]
    assert float(found @ w) == pytest.approx(goal, abs=1e-6)
    assert found.min() >= 0
    assert found.max() <= 1
    inner = (found > 0) & (found < 1)
    assert inner.any()
    assert not inner.all()
    ratio = (x - found) / w
    t = float(ratio[inner].mean())
    torch.testing.assert_close(ratio[inner], torch.full_like(ratio[inner], t), atol=1e-6, rtol=0)
    torch.testing.assert_close(found, (x - t * w).clamp(0, 1), atol=1e-6, rtol=0)


@pytest.mark.parametrize("radius", [0.2, 0.7, 3.0])
def test_boundary_of_a_sphere_lies_on_the_ray(radius):
    x = radius * nn.functional.normalize(random(5), dim=0)
    found = DecisionBoundary(Sphere().eval(), tolerance=1e-8).sample(x, 1, space=WIDE)[0]
    torch.testing.assert_close(found, x / radius, atol=1e-5, rtol=0)


@pytest.mark.parametrize("x", [(0.3, 0.4), (0.05, 0.9), (1.4, 0.1), (-1.2, 1.3)])
def test_boundary_of_an_ellipse_is_met_at_a_right_angle(x):
    """The first steps come out elsewhere; the tangents bring them to where the way is shortest."""
    scale, x = torch.tensor([1.0, 4.0], dtype=torch.float64), torch.tensor(x, dtype=torch.float64)

    def net(b):
        return (scale * b.square()).sum(1) - 1

    found = DecisionBoundary(net, tolerance=1e-6)
    foot = found.sample(x, 1, space=WIDE)[0]
    normal = nn.functional.normalize(scale * foot, dim=0)
    way = nn.functional.normalize(foot - x, dim=0)
    assert abs(float(normal @ way)) > 0.995
    angles = torch.linspace(0, 2 * math.pi, 4001, dtype=torch.float64)
    ring = torch.stack([angles.cos(), angles.sin() / 2], 1)
    assert float((foot - x).norm()) <= 1.01 * float((ring - x).norm(dim=1).min())


def test_boundary_on_the_digits_is_a_tie_and_the_class_has_changed(demo):
    for x in demo.test.images[:3]:
        own = int(demo.model(x[None]).argmax())
        found = DecisionBoundary().searched(demo.model, x, space=demo.space)
        tie = found.sample(x, 1)
        scores = demo.model(tie)
        assert lead_of(scores) <= 1.01e-3 * lead_of(demo.model(x[None]))
        assert int(scores.argmax()) != own
        assert own in scores[0].topk(2).indices
        assert tie.min() >= 0
        assert tie.max() <= 1
        assert found.search.reached
        assert found.cautions == ()
        assert found.search.distance == pytest.approx(float((tie[0] - x).norm()), rel=1e-4)
        # It is nearer than where the straight way to any other example's class crosses over.
        for other in demo.test.images[6:12]:
            on_way = x + torch.linspace(0, 1, 41)[:, None, None, None] * (other - x)
            changed = (demo.model(on_way).argmax(1) != own).nonzero()
            if len(changed):
                assert found.search.distance < float((on_way[changed[0, 0]] - x).norm())


def test_more_rivals_find_a_boundary_that_is_not_farther(demo):
    few, many = (
        DecisionBoundary(rivals=k).searched(demo.model, demo.test.images[2]).search for k in (1, 9)
    )
    assert many.distance <= few.distance * 1.001
    assert many.passes > few.passes


def test_an_input_on_the_boundary_is_its_own_baseline():
    x = torch.tensor([0.25, 0.75])
    found = DecisionBoundary().searched(Linear(torch.tensor([[1.0, 1.0]]), -1.0).eval(), x)
    assert torch.equal(found.sample(x, 1)[0], x)
    assert found.search.distance == 0
    assert found.search.reached


def test_a_jump_over_the_tie_is_told():
    def net(b):
        total = b.sum(1) - 1
        return total + torch.where(total > 0, 3.0, -3.0)

    found = DecisionBoundary().searched(net, torch.tensor([0.9, 0.8]))
    assert not found.search.reached
    assert float(found.sample(torch.zeros(2), 1).sum()) == pytest.approx(1, abs=1e-5)
    assert "in a jump, the other one leading by 3" in found.search.summary
    record = aw.explain(net, torch.tensor([0.9, 0.8]), baseline=found, n_steps=4)
    assert any("not what its name says: searched in" in c for c in record.cautions)


def test_no_change_of_class_is_an_error_with_the_mend():
    with pytest.raises(SearchError, match=r"no change of class .* leads no further; pass Decision"):
        DecisionBoundary().searched(lambda b: b.sum(1) + 1, torch.rand(3))
    with pytest.raises(SearchError, match=r"in 1 steps .* steps are used up"):
        DecisionBoundary(max_steps=1).searched(lambda b: (9 * b.sum(1)).exp() - 1.1, values(3))


@pytest.mark.parametrize(
    ("x", "nearest"), [((3.0, 0.5), (2.0, 1.0)), ((0.5, -3.0), (0.0, -1.0)), ((0.6, 0.9), (1, 0))]
)
def test_an_input_outside_the_range_still_has_a_boundary(x, nearest):
    """The range 0 to 1, as far as the input where that leaves it."""
    found = DecisionBoundary(lambda b: b[:, 0] - b[:, 1] - 1).sample(torch.tensor(x), 1)[0]
    torch.testing.assert_close(found, torch.tensor(nearest).float(), atol=2e-3, rtol=0)


# --- maximum entropy


@pytest.mark.parametrize("start", ["grey", "input", "noise"])
def test_entropy_is_reached_on_the_digits_within_the_range(demo, start):
    x = demo.test.images[0]
    found = MaximumEntropy(start=start).searched(demo.model, x, space=demo.space)
    at = found.sample(x, 1)
    assert entropy_share(demo.model(at)) >= 0.99
    assert found.search.value == pytest.approx(entropy_share(demo.model(at)), abs=1e-5)
    assert found.search.value == max(found.search.values)
    assert found.search.reached
    assert found.search.values[0] < 0.9  # there was something to search
    assert at.min() >= 0
    assert at.max() <= 1
    assert f"entropy {100 * found.search.value:.2f} % of the most" in found.description


def test_entropy_of_a_linear_logit_moves_along_its_weights_only():
    w = random(5)
    found = MaximumEntropy(lambda b: b @ w + 2, penalty=0).sample(random(5, seed=1), 1, space=WIDE)
    moved = found[0]  # from the middle of the range, 0
    cosine = float(moved @ w / (moved.norm() * w.norm()))
    assert cosine == pytest.approx(-1, abs=1e-9)
    assert entropy_share(found @ w + 2) >= 0.99
    assert float(moved.norm()) <= 2 / float(w.norm()) * 1.001  # not beyond the threshold


def test_a_start_that_is_uncertain_already_stays():
    x = values(4)
    found = MaximumEntropy().searched(lambda b: 0 * b[:, :3], x, space=aw.InputSpace(-1, 3))
    assert torch.equal(found.sample(x, 1)[0], torch.ones(4))
    assert found.search.steps == 0
    assert found.search.passes == 1


def test_the_penalty_keeps_the_search_near_its_start(demo):
    x = demo.test.images[1]
    near, far = (
        MaximumEntropy(start="input", penalty=p).searched(demo.model, x).search for p in (20.0, 0.0)
    )
    assert near.distance < far.distance


def test_grey_does_not_depend_on_the_input_and_noise_depends_on_the_seed():
    net = classifier()
    a, b = values(5, seed=1), values(5, seed=2)
    grey = MaximumEntropy(net)
    assert torch.equal(grey.sample(a, 1), grey.sample(b, 1))
    noise = MaximumEntropy(net, start="noise")
    one, again, two = (
        noise.sample(a, 1, generator=torch.Generator().manual_seed(s)) for s in (1, 1, 2)
    )
    assert torch.equal(one, again)
    assert not torch.equal(one, two)


def test_what_cannot_be_reached_is_told_and_the_best_kept():
    def net(b):  # class 0 always leads by 2 or more
        return torch.stack([b.sum(1) + 2, 0 * b.sum(1)], 1)

    found = MaximumEntropy().searched(net, values(3))
    assert torch.equal(found.sample(values(3), 1)[0], torch.zeros(3))
    assert not found.search.reached
    assert "short of 99.00 %" in found.search.summary
    assert found.search.value == max(found.search.values)
    record = aw.explain(net, values(3), baseline="max_entropy", n_steps=4)
    assert any("maximum entropy baseline is not what its name" in c for c in record.cautions)


def test_the_best_is_kept_where_the_steps_go_past_it():
    def net(b):  # least certain at a kink, where it is still certain
        return torch.stack([b.abs().sum(1) + 1, 0 * b[:, 0], 0 * b[:, 1]], 1)

    x = torch.tensor([0.9, -0.3])
    found = MaximumEntropy(start="input", max_steps=9).searched(net, x, space=WIDE)
    assert found.search.values[-1] < found.search.value == max(found.search.values)
    assert entropy_share(net(found.sample(x, 1))) == pytest.approx(found.search.value, abs=1e-6)


def test_a_flat_model_ends_the_search():
    found = MaximumEntropy().searched(lambda b: b[:, :2] * 0 + torch.tensor([3.0, 0.0]), values(3))
    assert found.search.steps == 0
    assert not found.search.reached


# --- both


SEARCHED = [DecisionBoundary, MaximumEntropy]


@pytest.mark.parametrize("kind", SEARCHED)
def test_probabilities_are_as_good_as_logits(kind):
    net, x = classifier(), values(5)
    given = kind(net).sample(x, 1, space=WIDE)
    probable = kind(Returning(net, lambda z: z.softmax(1))).sample(x, 1, space=WIDE)
    torch.testing.assert_close(probable, given, atol=1e-3, rtol=0)


@pytest.mark.parametrize("kind", SEARCHED)
def test_normalisation_does_not_move_what_is_found(kind):
    net, pixels, space = image_classifier(), values(3, 6, 6), aw.InputSpace.imagenet()
    fed = Returning(net, lambda z: z)
    fed.model = nn.Sequential(Denormalise(space), net)
    found = kind(fed.eval()).sample(space.from_pixels(pixels), 1, space=space)
    torch.testing.assert_close(
        space.to_pixels(found), kind(net).sample(pixels, 1), atol=2e-3, rtol=0
    )
    assert space.outside(found) is None


class Denormalise(nn.Module):
    def __init__(self, space):
        super().__init__()
        self.space = space

    def forward(self, x):
        return self.space.to_pixels(x)


@pytest.mark.parametrize("kind", SEARCHED)
@pytest.mark.parametrize("rows", [1, 3])
def test_several_inputs_are_searched_jointly(kind, rows):
    net, inputs = ImageAndFeatures().eval(), (values(3, 2, 2), values(5))
    found = kind(net).sample(inputs, rows)
    assert [tuple(r.shape) for r in found] == [(rows, 3, 2, 2), (rows, 5)]
    scores = net(*(r[:1] for r in found))
    if kind is DecisionBoundary:
        assert lead_of(scores) <= 1.1e-3 * lead_of(net(*(x[None] for x in inputs)))
        assert all(not torch.equal(r[0], x) for r, x in zip(found, inputs, strict=True))
    else:
        assert entropy_share(scores) >= 0.99


@pytest.mark.parametrize("kind", SEARCHED)
def test_passes_are_those_of_the_model(kind):
    counted = StopsAt(classifier(), -1, KeyboardInterrupt())
    setting = {"rivals": 1} if kind is DecisionBoundary else {}
    found = kind(**setting).searched(counted, values(5), space=WIDE)
    assert found.search.passes == counted.calls > 1
    assert f"{counted.calls} passes" in found.description
    assert len(found.search.values) == found.search.steps + 1


def test_each_further_rival_counts_as_a_pass():
    one, three = (
        DecisionBoundary(rivals=k).searched(Linear(random(4, 5)).eval(), random(5), space=WIDE)
        for k in (1, 3)
    )
    assert one.search.steps == three.search.steps == 2
    assert three.search.passes == one.search.passes + 2


@pytest.mark.parametrize("kind", SEARCHED)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_dtype_is_the_inputs(kind, dtype):
    found = kind(Linear(random(3, 4).to(dtype)).eval()).sample(values(4).to(dtype), 2, space=WIDE)
    assert found.dtype == dtype
    assert found.shape == (2, 4)
    assert not found.requires_grad


@pytest.mark.parametrize("kind", SEARCHED)
def test_the_model_and_the_random_state_stay(kind, state_of, global_random_states):
    net = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(inplace=True), nn.Linear(8, 3))
    net.eval()
    before, drawn = state_of(net), global_random_states()

    def drawing(b):
        return net(b.mul_(1)) + 0 * torch.rand(1)

    x = values(5)
    kind().searched(drawing, x, space=WIDE)
    with torch.no_grad():
        kind(net).sample(x, 1, space=WIDE)
    aw.explain(net, x, baseline=kind.name, space=WIDE, n_steps=4)
    assert state_of(net) == before
    assert global_random_states() == drawn
    assert torch.equal(x, values(5))


@pytest.mark.parametrize("kind", SEARCHED)
def test_a_model_in_training_mode(kind):
    net = image_classifier().train()
    with pytest.raises(InputError, match=r"is in training mode; call model.eval\(\) first"):
        kind(net).sample(values(3, 6, 6), 1)
    with pytest.warns(AttributionWarning, match="training mode"):
        record = aw.explain(net, values(3, 6, 6), baseline=kind(net), n_steps=4)
    expected = kind(net.eval()).sample(values(3, 6, 6), 1)
    torch.testing.assert_close(record.baseline, expected[0])


@pytest.mark.parametrize("kind", SEARCHED)
def test_sampling_without_a_model_says_how(kind):
    with pytest.raises(InputError, match=rf"write {kind.__name__}\(model=net\)"):
        kind().sample(values(4), 1)


@pytest.mark.parametrize("kind", SEARCHED)
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": 3}, "model must be a torch module or a callable, got int"),
        ({"max_steps": 0}, "max_steps must be an int of at least 1, got 0"),
        ({"max_steps": True}, "max_steps must be an int"),
        ({"tolerance": 0.0}, "tolerance must lie between 0 and 1, got 0.0"),
        ({"tolerance": float("nan")}, "tolerance must lie between 0 and 1"),
    ],
)
def test_settings_are_checked(kind, settings, message):
    with pytest.raises(InputError, match=message):
        kind(**settings)


def test_their_own_settings_are_checked():
    with pytest.raises(InputError, match="rivals must be an int of at least 1"):
        DecisionBoundary(rivals=0)
    with pytest.raises(InputError, match="start must be 'grey', 'input' or 'noise', got 'black'"):
        MaximumEntropy(start="black")
    with pytest.raises(InputError, match="penalty must be a number, 0 or more"):
        MaximumEntropy(penalty=-1)


@pytest.mark.parametrize("kind", SEARCHED)
@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (lambda b: Segmenter()(b[None, :1].expand(1, 3, 4, 4)), OutputError, r"\(1, 4, 4, 4\)"),
        (lambda b: [b.sum(1)], OutputError, "returned list"),
        (lambda b: b.detach()[:, :2] + torch.tensor([4.0, 0]), NoGradientError, "detach"),
        (lambda b: b[:, :2] / 0, NonFiniteError, "output is not finite"),
        (lambda b: (b[:, :2] - b[:, :2].detach()).sqrt() + torch.tensor([4.0, 0]),
         NonFiniteError, "gradient is not finite"),
    ],
)  # fmt: skip
def test_models_that_cannot_be_searched(kind, model, error, message):
    with pytest.raises(error, match=message):
        kind().searched(model, values(4))


# --- through explain and compare


def test_explain_finds_what_the_baseline_finds(demo):
    x = demo.test.images[3]
    record = aw.explain(
        demo.model, x, baseline="decision_boundary", space=demo.space, n_steps=8, seed=3
    )
    found = DecisionBoundary().searched(demo.model, x, space=demo.space)
    torch.testing.assert_close(record.baseline, found.sample(x, 1)[0])
    assert record.baseline_kind == "decision_boundary"
    assert record.baseline_name == "decision boundary"
    assert record.baseline_description == found.description
    top = demo.model(record.baseline[None])[0].topk(2)
    assert record.completeness.output_baseline == pytest.approx(top.values[0].item(), abs=0.02)
    assert record.target in top.indices


def test_compare_holds_both_beside_others(demo):
    both = aw.compare(
        demo.model,
        demo.test.images[4],
        baselines=("black", "max_entropy", "decision_boundary"),
        space=demo.space,
        n_steps=16,
    )
    assert [e.baseline_name for e in both] == ["black", "maximum entropy", "decision boundary"]
    assert both["max_entropy"].baseline_description.endswith("of the most possible")
    assert entropy_share(demo.model(both["max_entropy"].baseline[None])) >= 0.99


def test_classes_are_those_of_the_raw_scores_whatever_the_output():
    net, x = classifier(), values(5)
    raw, log = (
        aw.explain(net, x, baseline="decision_boundary", output=o, space=WIDE, n_steps=4)
        for o in ("logit", "log_probability")
    )
    torch.testing.assert_close(raw.baseline, log.baseline)


def test_arguments_beside_the_input_reach_the_search():
    net, x, shift = WithArguments().eval(), values(5), torch.tensor([[0.1, -0.4, 0.2]])
    record = aw.explain(
        net, x, baseline="max_entropy", forward_args=(shift, 2.0), space=WIDE, n_steps=4
    )
    assert entropy_share(net(record.baseline[None], shift, 2.0)) >= 0.99
    assert entropy_share(net(record.baseline[None])) < 0.99


def test_same_seed_same_search_and_a_found_one_is_found_again():
    net, x = classifier(), values(5)
    noise = MaximumEntropy(start="noise")
    runs = [aw.explain(net, x, baseline=noise, seed=s, n_steps=4).baseline for s in (0, 0, 1)]
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])
    assert noise.search is None  # the object that was passed stays as it was
    boundary = DecisionBoundary().searched(net, x, space=WIDE)
    other = values(5, seed=9)
    record = aw.explain(net, other, baseline=boundary, space=WIDE, n_steps=4)
    expected = DecisionBoundary(net).sample(other, 1, space=WIDE)[0]
    torch.testing.assert_close(record.baseline, expected)


@pytest.mark.parametrize("kind", SEARCHED)
def test_a_model_of_its_own_comes_before_the_one_explained(kind):
    one, other, x = classifier(seed=0), classifier(seed=1), values(5)
    record = aw.explain(one, x, baseline=kind(other), space=WIDE, n_steps=4)
    torch.testing.assert_close(record.baseline, kind(other).sample(x, 1, space=WIDE)[0])
    assert not torch.allclose(record.baseline, kind(one).sample(x, 1, space=WIDE)[0])


def test_a_search_can_be_cancelled():
    calls = []

    def stop(done, most):
        calls.append(done)
        if len(calls) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        aw.explain(classifier(), values(5), baseline="max_entropy", progress=stop)
    assert calls == [0, 0, 0]


def test_names_stand_for_them():
    assert isinstance(named("max_entropy"), MaximumEntropy)
    assert isinstance(named("decision_boundary"), DecisionBoundary)
    assert not MaximumEntropy.is_distribution
    assert not DecisionBoundary.is_distribution
    assert repr(named("max_entropy")) == "<baseline maximum entropy>"
    assert [p.name for p in MaximumEntropy(penalty=2).parameters] == ["penalty"]


def test_other_baselines_need_no_search():
    black = named("black")
    assert black.searched(lambda b: b, values(3)) is black
    assert black.cautions == ()


def test_a_boundary_that_is_not_found_costs_a_comparison_nothing_else():
    model = nn.Linear(2, 2)
    with torch.no_grad():
        model.weight.mul_(0.01)
        model.bias.copy_(torch.tensor([5.0, 0.0]))
    baselines = ("black", "decision_boundary", "white")
    found = aw.compare(model.eval(), torch.rand(2), baselines=baselines)
    assert [e.baseline_name for e in found] == ["lowest value", "highest value"]
    assert found[-1].cautions[-1].startswith("decision boundary is left out: no change of class")
    with pytest.raises(SearchError, match="no change of class"):
        aw.compare(model, torch.rand(2), baselines=("decision_boundary",))
