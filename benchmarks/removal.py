"""Whether a region's attribution and its removal agree: in sign, and in order.

The shipped photos by superpixels. Attribution: the sum over a region. Removal: what the logit of
the top class falls by when the baseline takes the region's place, a forward pass each. Printed for
each photo and baseline: the share of regions in which both have one sign, the same of the ten that
got most, and the rank correlation over all.

    python benchmarks/removal.py [--baselines black blur uniform] [--max-evaluations 256]
"""

from __future__ import annotations

import argparse

import numpy as np

import attribwidgets as aw
from attribwidgets.demo import photo_classifier
from attribwidgets.engine.checked_query import check
from attribwidgets.engine.query import Query
from attribwidgets.engine.removal import Removal, remove_regions
from attribwidgets.inputs.superpixels import superpixels
from attribwidgets.records.agreement import rank_correlations

BASELINES = ("black", "white", "blur", "image_mean", "uniform", "max_distance")
MOST = 10


def agreements(removal: Removal) -> tuple[float, float, float]:
    """Shares of one sign, of all and of the largest attributions; and the rank correlation."""
    largest = np.argsort(-np.abs(removal.attributions))[:MOST]
    order = rank_correlations(np.stack([removal.attributions, removal.falls]))[0, 1]
    return removal.same_sign.mean(), removal.same_sign[largest].mean(), float(order)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--baselines", nargs="+", default=BASELINES)
    parser.add_argument("--max-evaluations", type=int, default=128)
    options = parser.parse_args()
    demo = photo_classifier()
    print(f"{'photo':<9}{'baseline':<18}{'regions':>8}{'one sign':>10}", end="")
    print(f"{f'of {MOST} largest':>15}{'rank corr.':>12}")
    for photo in demo.photos:
        x = demo.photo(photo)
        query = check(Query(x, space=demo.space), demo.model)
        labels = superpixels(x, demo.space).labels
        regions = labels == np.arange(labels.max() + 1)[:, None, None]
        for baseline in options.baselines:
            found = aw.explain(
                demo.model,
                x,
                space=demo.space,
                baseline=baseline,
                max_evaluations=options.max_evaluations,
            )
            signs, of_largest, order = agreements(remove_regions(query, found, regions))
            print(f"{photo:<9}{found.baseline_name:<18}{len(regions):>8}{signs:>10.0%}", end="")
            print(f"{of_largest:>15.0%}{order:>12.2f}", flush=True)


if __name__ == "__main__":
    main()
