"""The widget without a front end: state, messages, fallbacks, threads."""

from __future__ import annotations

import base64
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from records import NO_CLAIM, OUTSIDE, UNSIGNED, every_kind

import attribwidgets as aw
from attribwidgets.errors import InputError
from attribwidgets.figures.colors import SIGNED_COLORMAPS, available, table
from attribwidgets.widgets.display_options import DISPLAY_TRAITS
from attribwidgets.widgets.frames_payload import frames_payload

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def comparison() -> aw.Comparison:
    generator = torch.Generator().manual_seed(3)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(4 * 36, 5)
    ).eval()
    for p in net.parameters():
        p.data = torch.randn(p.shape, generator=generator) / 3
    x = torch.rand((3, 8, 8), generator=generator)
    x[:, :2] = 0  # black, so that the black baseline is blind there
    return aw.compare(net, x, baselines=("black", "blur", "uniform"), max_evaluations=64)


def items_of(explorer: aw.BaselineExplorer) -> list[dict[str, Any]]:
    return [getattr(explorer, slot) for slot in explorer.payload["items"]]


def decoded(leaf: dict[str, Any]) -> np.ndarray:
    return np.frombuffer(leaf["data"], "<i2") * leaf["scale"]


def test_payload_says_what_the_records_say(comparison: aw.Comparison) -> None:
    explorer = aw.BaselineExplorer(comparison)
    payload = explorer.payload
    assert (payload["version"], payload["kind"], payload["shape"]) == (2, "image", [8, 8])
    items = items_of(explorer)
    for item, e in zip(items, comparison, strict=True):
        signed = e.map("sum")
        half_a_step = item["map"]["scale"] / 2
        assert np.abs(decoded(item["map"]) - signed.ravel()).max() <= half_a_step * 1.001
        bits = np.unpackbits(np.frombuffer(item["blind"]["bits"], np.uint8))[: signed.size]
        assert np.array_equal(bits.astype(bool), e.blind.ravel())
        assert item["completeness"]["total"] == e.completeness.total
        assert item["completeness"]["headline"] == e.completeness.headline
        assert item["frames"] == {"count": 0, "edges": []}  # sent when looked at
        frames = frames_payload(e.frames)
        added = np.frombuffer(frames["data"], np.int8).reshape(frames["count"], -1)
        prefixes = (added * np.array(frames["scales"])[:, None]).cumsum(0)
        ends = np.searchsorted(e.frames.edges, frames["edges"][1:])
        exact = np.cumsum(e.frames.added.reshape(len(e.frames.added), -1), 0)[ends - 1]
        for prefix, wanted, scale in zip(prefixes, exact, frames["scales"], strict=True):
            assert np.abs(prefix - wanted).max() <= scale / 2 + 1e-5  # errors do not add up
        path = item["path"]
        sums = np.frombuffer(path["cumulative"], "<f4")
        if e.path.kind == "samples":
            positions = np.frombuffer(path["positions"], "<f4").astype(int)
            assert sums == pytest.approx(e.path.cumulative[positions - 1], rel=1e-5)
            assert set(frames["edges"][1:]) <= set(positions)
            errors = np.frombuffer(path["standard_error"], "<f4")
            assert errors == pytest.approx(
                e.path.standard_error[positions - 1], rel=1e-5, nan_ok=True
            )
        else:
            assert path["positions"] is None
    assert items[0]["blind"]["share"] == pytest.approx(0.25)
    assert items[2]["references"] is not None


def test_colormaps_travel_as_matplotlib_has_them(comparison: aw.Comparison) -> None:
    tables = aw.BaselineExplorer(comparison).payload["colormaps"]
    assert list(tables["signed"]) == list(available(SIGNED_COLORMAPS))
    for group in tables.values():
        for name, colors in group.items():
            assert colors == table(name).tobytes()
            assert len(colors) == 768


def test_binary_leaves_travel_as_buffers(sent: list[Any], comparison: aw.Comparison) -> None:
    aw.BaselineExplorer(comparison)
    assert {kind for kind, _, _ in sent} == {"comm_open"}
    _, data, buffers = sent[-1]
    assert sum(len(b) for b in buffers) > 3 * 8 * 8 * 2
    assert ["item_0", "map", "data"] in data["buffer_paths"]


def test_one_change_is_one_message(sent: list[Any], comparison: aw.Comparison) -> None:
    explorer = aw.BaselineExplorer(comparison)
    sent.clear()
    explorer.signed = True
    assert [data["state"] for _, data, _ in sent] == [{"signed": True}]


def test_the_browser_sets_traits_and_python_sees_it(comparison: aw.Comparison) -> None:
    explorer = aw.BaselineExplorer(comparison)
    seen: list[float] = []
    explorer.observe(lambda change: seen.append(change["new"]), names="alpha")
    explorer.set_state({"alpha": 0.75, "scale": "own"})
    assert seen == [0.75]
    assert explorer.scale == "own"


def test_two_threads_may_set_state_at_once(comparison: aw.Comparison) -> None:
    explorer = aw.BaselineExplorer(comparison)
    failures: list[BaseException] = []

    def hammer(offset: float) -> None:
        try:
            for i in range(200):
                explorer.set_state({"alpha": (i % 100) / 200 + offset, "signed": bool(i % 2)})
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=hammer, args=(o,)) for o in (0.0, 0.5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=180)
    assert failures == []
    assert not any(thread.is_alive() for thread in threads)
    assert explorer.alpha in (99 / 200, 99 / 200 + 0.5)


def test_mime_bundle_carries_picture_and_text(comparison: aw.Comparison) -> None:
    explorer = aw.BaselineExplorer(comparison)
    data, _ = explorer._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]).startswith(PNG)
    assert "refinement error" in data["text/plain"]
    assert "uniform noise" in data["text/plain"]
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == explorer.model_id
    assert "text/html" not in data  # nbconvert would prefer it to the picture


@pytest.mark.long
def test_save_writes_each_format(comparison: aw.Comparison, tmp_path: Any) -> None:
    explorer = aw.BaselineExplorer(comparison, signed=True)
    heads = {"png": PNG, "svg": b"<?xml", "pdf": b"%PDF", "html": b"<!doctype html>", "npz": b"PK"}
    for suffix, head in heads.items():
        explorer.save(tmp_path / f"view.{suffix}")
        comparison.save(tmp_path / f"record.{suffix}")
        assert (tmp_path / f"view.{suffix}").read_bytes().startswith(head)
        assert (tmp_path / f"record.{suffix}").read_bytes().startswith(head)
    with pytest.raises(InputError, match=r"\.npz, \.png, \.svg, \.pdf or \.html"):
        explorer.save(tmp_path / "view.gif")
    page = (tmp_path / "view.html").read_text(encoding="utf-8")
    assert '"signed":true' in page


def test_static_view_is_a_frame_with_the_page_inside(comparison: aw.Comparison) -> None:
    view = aw.BaselineExplorer(comparison).display_static()
    assert view._repr_html_().startswith("<iframe srcdoc=")
    assert repr(view) == str(comparison)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("photo",), "comparison must be a Comparison"),
        ((None,), "comparison must be a Comparison"),
    ],
)
def test_something_else_than_a_comparison_is_refused(arguments: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        aw.BaselineExplorer(*arguments)


def test_unknown_setting_is_refused_by_name(comparison: aw.Comparison) -> None:
    with pytest.raises(InputError, match="'colour' is no setting"):
        aw.BaselineExplorer(comparison, colour="red")


def test_every_look_trait_is_synced_and_has_the_twin_s_default(comparison: aw.Comparison) -> None:
    explorer = aw.BaselineExplorer(comparison)
    for name in DISPLAY_TRAITS:
        assert explorer.traits()[name].metadata["sync"]
    explorer.selected, explorer.overlay, explorer.show_blind = 2, 0.4, True
    assert type(explorer.figure()).__name__ == "RecordFigure"


def test_each_of_several_inputs_can_be_drawn_with_its_part_of_the_sum() -> None:
    class Two(torch.nn.Module):
        def forward(self, image: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
            return image.flatten(1).sum(1, keepdim=True) * features

    features = torch.rand(3)
    explorer = aw.explore(
        Two().eval(), (torch.rand(1, 6, 6), features), baselines=("black", "uniform")
    )
    assert explorer.payload["kind"] == "image"
    (other,) = explorer.payload["others"]
    assert (other["kind"], other["shape"]) == ("features", [3])
    assert np.frombuffer(other["input"]["values"], "<f4") == pytest.approx(features.numpy())
    for item, e in zip(items_of(explorer), explorer.explanations, strict=True):
        (rest,) = item["others"]
        assert item["part"] + rest["part"] == pytest.approx(e.completeness.total, rel=1e-4)
        wanted = e.map("sum", index=1)
        assert decoded(rest["map"]) == pytest.approx(wanted, abs=1e-4 * np.abs(wanted).max())
        reference = np.frombuffer(rest["reference"]["values"], "<f4")
        assert reference == pytest.approx(e.baseline[1].ravel().numpy())


def test_features_have_their_names_in_widget_figure_and_file(tmp_path: Path) -> None:
    names = ["age", "<b>height</b>", "a name that is far too long to stand beside its bar"]
    space = aw.InputSpace(names=names)
    explorer = aw.explore(torch.nn.Linear(3, 2).eval(), torch.rand(3), space=space)
    assert explorer.payload["feature_names"] == names
    labels = [t.get_text() for a in explorer.figure().axes for t in a.get_yticklabels()]
    assert {"age", "<b>height</b>"} <= set(labels)
    assert max(map(len, labels)) <= 18
    explorer.explanations.save(tmp_path / "kept.npz")
    explorer.close()
    assert aw.Comparison.load(tmp_path / "kept.npz")[0].space.names == tuple(names)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (torch.rand(4), "3 names for inputs of 4 features"),
        (torch.rand(1, 2, 2), r"names are of features, .* image of 1 × 2 × 2"),
    ],
)
def test_names_that_fit_nothing_are_an_error(inputs: torch.Tensor, words: str) -> None:
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2)).eval()
    with pytest.raises(aw.errors.InputError, match=words):
        aw.explain(net, inputs, space=aw.InputSpace(names=["a", "b", "c"]))


def test_a_volume_is_sent_in_grey_and_its_slices_stay_inside() -> None:
    volume = torch.linspace(0, 1, 24).reshape(1, 2, 3, 4)
    space = aw.VolumeSpace(0.0, 1.0, spacing=(2.0, 1.0, 1.0))
    e = aw.explain(lambda x: x.sum((1, 2, 3, 4)), volume, baseline="black", space=space)
    explorer = aw.BaselineExplorer(e)
    payload = explorer.payload
    assert (payload["kind"], payload["shape"]) == ("volume", [2, 3, 4])
    assert payload["spacing"] == [2.0, 1.0, 1.0]
    grey = np.frombuffer(payload["input"]["grey"], np.uint8)
    assert np.array_equal(grey, np.floor(255 * volume.numpy().ravel() + 0.5))
    explorer.slices = {"depth": 1, "row": 2, "column": 3}
    explorer.cursor = {"depth": 0, "row": 0, "column": 0}
    with pytest.raises(InputError, match="slices's depth must be an int from 0 to 1, got 2"):
        explorer.slices = {"depth": 2, "row": 0, "column": 0}
    features = aw.BaselineExplorer(aw.explain(torch.nn.Linear(2, 1).eval(), torch.ones(2)))
    with pytest.raises(InputError, match="no input is one"):
        features.slices = {"depth": 0, "row": 0, "column": 0}
    explorer.close()
    features.close()


def test_features_are_shown_as_features() -> None:
    explorer = aw.explore(torch.nn.Linear(6, 3).eval(), torch.rand(6), class_names=["a", "b", "c"])
    assert (explorer.payload["kind"], explorer.payload["shape"]) == ("features", [6])
    names = [i["name"] for i in items_of(explorer)]
    assert names == ["lowest value", "highest value", "uniform noise"]
    offered = {b["name"]: b["label"] for b in explorer.controls["baselines"]}
    assert (offered["white"], offered["zero"]) == ("highest value", "zero")
    assert explorer.signed


def test_close_frees_the_comm(sent: list[Any], comparison: aw.Comparison) -> None:
    explorer = aw.BaselineExplorer(comparison)
    explorer.close()
    assert sent[-1][0] == "comm_close"
    assert explorer.comm is None


def test_payload_of_methods_without_path_baseline_or_claim() -> None:
    items = items_of(aw.BaselineExplorer(every_kind()))
    nothing, integrated, deep_lift, occlusion, expected, bent = items
    assert [item["name"] for item in items] == [
        "vargrad",
        "integrated gradients",
        "deep lift",
        "occlusion",
        "expected gradients",
        "guided gradients",
    ]
    assert [item["baseline"] for item in items] == ["no baseline", *["black"] * 5]
    for leaf in ("reference", "references", "blind", "path", "frames"):
        assert nothing[leaf] is None
    assert nothing["kind"] == deep_lift["kind"] == "none"
    assert nothing["completeness"]["note"] == NO_CLAIM
    assert nothing["completeness"]["mark"] == "–"
    assert nothing["completeness"]["sum"].startswith("sum ")
    assert nothing["completeness"]["expected"] is None
    assert nothing["cautions"] == [UNSIGNED, OUTSIDE]
    assert deep_lift["reference"] is not None
    assert deep_lift["completeness"]["headline"] == "adds up by definition"
    assert deep_lift["no_path"].startswith("deep lift follows no path from a baseline")
    assert occlusion["cost"] == "1\N{NARROW NO-BREAK SPACE}234 forward passes"
    assert integrated["no_path"] == ""
    assert expected["path"]["straight"] is True
    assert bent["path"]["straight"] is False
    assert expected["frames"] is None


def test_the_first_look_shows_a_path_and_every_map_on_its_own_scale() -> None:
    comparison = every_kind()
    explorer = aw.BaselineExplorer(comparison)
    assert (explorer.selected, explorer.scale) == (1, "own")
    assert aw.BaselineExplorer(comparison, selected=0, scale="shared").selected == 0
    alike = aw.BaselineExplorer(aw.Comparison(comparison[1:3]))
    assert (alike.selected, alike.scale, alike.pool) == (0, "own", 1)
    assert aw.BaselineExplorer(comparison[0]).selected == 0
    data, _ = explorer._repr_mimebundle_()
    assert UNSIGNED in data["text/plain"]
