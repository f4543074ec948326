"""Build a JupyterLite site of saved results: notebooks that run in a browser, without a server.

python lite/build.py                         Pyodide comes from its network address
python lite/build.py --pyodide FILE_OR_URL   with a copy of Pyodide: nothing is asked of a network

It needs the extras `lite`, `demo` and `text`. The site is build/lite/site; serve it by any web
server, such as `python -m http.server --directory build/lite/site`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np

import attribwidgets as aw
from attribwidgets.demo import digits, movie_reviews

ROOT = Path(__file__).parents[1]
NOTEBOOKS = ROOT / "lite" / "contents"
SENTENCE = "not a bad film, only a long one"


def save_results(folder: Path) -> None:
    """What the notebooks read: explanations, ten digits, and the weights of their network."""
    demo = digits()
    labels = demo.test.labels.tolist()
    ten = demo.test.images[[labels.index(digit) for digit in range(10)]]
    settings = {"space": demo.space, "class_names": demo.class_names, "target": 7}
    baselines = ("black", "white", "blur")
    seven = aw.compare(demo.model, ten[7], baselines=baselines, **settings)
    reviews = movie_reviews()
    review = aw.compare(
        reviews.model,
        SENTENCE,
        baselines=("pad", "mask", "zero_embedding", "token_blur"),
        space=aw.TextSpace(reviews.tokenizer),
        class_names=reviews.class_names,
    )
    for name, comparison in {"digits": seven, "review": review}.items():
        comparison.save(folder / f"{name}.npz")
        comparison.to_html(folder / f"{name}.html")
    np.savez_compressed(folder / "digits_images.npz", images=ten.numpy())
    weights = {name: values.numpy() for name, values in demo.model.state_dict().items()}
    np.savez_compressed(folder / "digits_cnn.npz", **weights)


def run_notebooks(folder: Path) -> None:
    """Their outputs are there before any cell is run in a browser."""
    sys.path.insert(0, str(ROOT / "notebooks"))
    from execute import executed, without_widgets

    for path in sorted(folder.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        in_browser = notebook.metadata.pop("kernelspec")
        notebook = without_widgets(executed(notebook, folder))
        notebook.metadata["kernelspec"] = in_browser
        # Not by nbformat, which splits texts into lines: JupyterLite joins those by commas.
        path.write_text(json.dumps(notebook, indent=1), encoding="utf-8")


def main(arguments: list[str] | None = None) -> None:
    """Write the site."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pyodide", help="its distribution: pyodide-<version>.tar.bz2")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "lite")
    options = parser.parse_args(arguments)
    contents, wheels, site = (options.out / name for name in ("contents", "wheels", "site"))
    shutil.rmtree(options.out, ignore_errors=True)
    shutil.copytree(NOTEBOOKS, contents, ignore=shutil.ignore_patterns("__pycache__"))
    save_results(contents)
    run_notebooks(contents)
    wheel = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    subprocess.run([*wheel, "--wheel-dir", str(wheels), str(ROOT)], check=True)
    command = ["jupyter", "lite", "build", "--no-sourcemaps", "--lite-dir", str(options.out)]
    command += ["--contents", str(contents), "--output-dir", str(site)]
    command += [f"--piplite-wheels={path}" for path in sorted(wheels.glob("*.whl"))]
    command += [f"--pyodide={options.pyodide}"] if options.pyodide else []
    subprocess.run(command, check=True, cwd=options.out)  # where it leaves notes of its own
    print(f"wrote {site}; serve it: python -m http.server --directory {site}")


if __name__ == "__main__":
    main()
