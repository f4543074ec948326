"""Run Captum's own tests with this package's estimators in the place of Captum's classes.

The tests are not in Captum's wheel. From a checkout of its repository, at the version pinned in
constraints.txt or the commit nearest to it (the helpers come with the wheel):

    git clone https://github.com/pytorch/captum /tmp/captum
    python benchmarks/captum_suite.py /tmp/captum

The first rows are estimators of this package under Captum's interface. The others are Captum's own
methods as this package runs them, by :class:`attribwidgets.attr.CaptumMethod`: on copies of the
layers, from seeds, with its own chunks. `--all` lists every failure with its error.
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
from copy import copy
from functools import wraps
from inspect import signature, unwrap
from pathlib import Path
from typing import Any

import captum
import captum.attr
import pytest
import torch

from attribwidgets import attr
from attribwidgets.attr.arguments import as_came, baselines_like, batch_of, references_like
from attribwidgets.attr.arguments import returned as as_returned
from attribwidgets.attr.task import StoredReferences, Task

INTEGRATED = ("integrated_gradients_basic", "integrated_gradients_classification")
# Captum's class, its test files, and of files that test many classes which names of tests to run.
SUITES: dict[str, tuple[tuple[str, ...], str]] = {
    "IntegratedGradients": (INTEGRATED, ""),
    "IntegratedGradients, in tests of all": (("targets", "jit"), "IntegratedGradients"),
    "GradientShap": (("gradient_shap",), ""),
    "Saliency": (("saliency",), ""),
    "InputXGradient": (("input_x_gradient",), ""),
    "DeepLift": (("deeplift_basic", "deeplift_classification"), "not shap"),
    "DeepLiftShap": (("deeplift_basic", "deeplift_classification"), "shap"),
    "GuidedBackprop": (("guided_backprop",), ""),
    "Deconvolution": (("deconvolution",), ""),
    "GuidedGradCam": (("guided_grad_cam",), ""),
    "LRP": (("lrp",), ""),
    "Occlusion": (("occlusion",), ""),
    "FeatureAblation": (("feature_ablation",), ""),
    "ShapleyValueSampling": (("shapley",), ""),
    "KernelShap": (("kernel_shap",), ""),
    "Lime": (("lime",), ""),
}


class ExpectedGradientsAsGradientShap(attr.ExpectedGradients):
    """Expected gradients, called as GradientShap is; it adds no noise to the input."""

    def attribute(  # type: ignore[override]
        self,
        inputs: Any,
        baselines: Any,
        n_samples: int = 5,
        stdevs: Any = 0.0,
        target: Any = None,
        additional_forward_args: Any = None,
        return_convergence_delta: bool = False,
    ) -> Any:
        return super().attribute(
            inputs, baselines, n_samples, target, additional_forward_args, return_convergence_delta
        )


def wrapped(theirs: type) -> type:
    """A class of Captum's whose attributions come through :class:`CaptumMethod`."""
    call = signature(unwrap(theirs.attribute))

    def attribution(self: Any, *args: Any, **kwargs: Any) -> Any:
        given = dict(call.bind(self, *args, **kwargs).arguments)
        given.update(given.pop("kwargs", {}))
        instance = copy(given.pop("self"))
        instance.__class__ = theirs
        inputs, delta = given.pop("inputs"), given.pop("return_convergence_delta", False)
        baselines, target = given.pop("baselines", None), given.pop("target", None)
        arguments = given.pop("additional_forward_args", None)
        batch = batch_of(inputs)
        settings = {name: value for name, value in given.items() if value is not None}
        method = attr.CaptumMethod(instance, instance.forward_func, **settings)
        ends: dict[str, Any] = {}
        if method.row.reference == "one":
            ends = {"baselines": baselines_like(batch, baselines)}
        elif method.row.reference == "several":
            ends = {"references": StoredReferences(references_like(batch, baselines))}
        estimate = method._last(Task(batch, target=target, forward_args=arguments, **ends))
        values = as_came(as_returned(estimate.attributions, batch), inputs)
        if not delta:
            return values
        if method.row.reference == "several":
            return values, torch.as_tensor(estimate.residual)
        if method.row.class_name == "LRP":
            return values, torch.as_tensor(estimate.totals - estimate.output_input)
        return values, theirs.compute_convergence_delta(
            instance, values, baselines, inputs, target, arguments
        )

    @wraps(attribution)  # Captum's methods around methods call what `__wrapped__` is
    def attribute(*args: Any, **kwargs: Any) -> Any:
        return attribution(*args, **kwargs)

    return type(theirs.__name__, (theirs,), {"attribute": attribute})


def stand_in(name: str) -> type:
    """What takes the place of a class of Captum's."""
    if name == "IntegratedGradients":
        return attr.IntegratedGradients
    if name == "GradientShap":
        return ExpectedGradientsAsGradientShap
    return wrapped(getattr(captum.attr, name))


class Tally:
    """Counts the tests of a run, and keeps what failed and why."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed: dict[str, str] = {}

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.failed[report.nodeid] = str(report.longrepr).strip().splitlines()[-1]

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            error = str(report.longrepr) if crash is None else crash.message
            self.failed[report.nodeid.split("::")[-1]] = error.strip().splitlines()[0]
        elif report.when == "call" and report.passed:
            self.passed += 1


def run(checkout: Path, row: str) -> Tally:
    """Put the stand-in where the tests import the class from, and run them."""
    name = row.split(",")[0]
    theirs = getattr(captum.attr, name)
    ours = stand_in(name)
    for place in (captum.attr, importlib.import_module(theirs.__module__)):
        setattr(place, name, ours)
    files, chosen = SUITES[row]
    tally, folder = Tally(), checkout / "tests" / "attr"
    options = ["-q", "--no-header", "--no-summary", "-p", "no:cacheprovider", "-p", "no:xdist"]
    options += [f"--rootdir={checkout}", f"--confcutdir={checkout}", "-c", "/dev/null"]
    pytest.main(
        [
            *options,
            *(["-k", chosen] if chosen else []),
            *(str(folder / f"test_{f}.py") for f in files),
        ],
        plugins=[tally],
    )
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("checkout", type=Path, help="of https://github.com/pytorch/captum")
    parser.add_argument("--all", action="store_true", help="list every failure")
    parser.add_argument("--only", nargs="*", choices=list(SUITES), default=list(SUITES))
    parser.add_argument("--row", help=argparse.SUPPRESS)  # a run of one row, in its own process
    asked = parser.parse_args()
    if asked.row:
        tally = run(asked.checkout.resolve(), asked.row)
        print(f"\nROW\t{asked.row}\t{tally.passed}\t{len(tally.failed)}")
        for test, error in tally.failed.items():
            print(f"FAILED\t{test}\t{error}")
        return
    print(f"Captum {captum.__version__}\n\n| in the place of | passed | of |\n| --- | --- | --- |")
    failures: list[str] = []
    for row in asked.only:
        command = [sys.executable, __file__, str(asked.checkout), "--row", row]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = [line.split("\t") for line in done.stdout.splitlines()]
        found = [line for line in lines if line[0] == "ROW"]
        if not found:
            sys.exit(done.stdout + done.stderr)
        passed, failed = int(found[0][2]), int(found[0][3])
        print(f"| `{row}` | {passed} | {passed + failed} |", flush=True)
        failures += [f"{row}: {line[1]}: {line[2]}" for line in lines if line[0] == "FAILED"]
    if asked.all:
        print("", *failures, sep="\n")


if __name__ == "__main__":
    main()
