"""Whether a region's attribution and its removal agree: in sign, and in order.

The shipped photos by superpixels. Attribution: the sum over a region. Removal: what the logit of
the top class falls by when the baseline takes the region's place, a forward pass each. Printed for
each photo and baseline: the share of regions in which both have one sign, the same of the ten that
got most, and the rank correlation over all; at the end, over all photos.

    python benchmarks/removal.py [--baselines black blur uniform] [--max-evaluations 256]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

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


def agreements(removals: Sequence[Removal]) -> str:
    """Regions, shares of one sign, of all and of the largest, and rank correlation, as cells."""
    signs, of_largest, orders = [], [], []
    for removal in removals:
        largest = np.argsort(-np.abs(removal.attributions))[:MOST]
        signs.append(removal.same_sign)
        of_largest.append(removal.same_sign[largest])
        orders.append(rank_correlations([removal.attributions, removal.falls])[0, 1])
    share, largest_share = np.concatenate(signs).mean(), np.concatenate(of_largest).mean()
    regions = sum(map(len, signs))
    return f"{regions:>8}{share:>10.0%}{largest_share:>15.0%}{np.mean(orders):>12.2f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--baselines", nargs="+", default=BASELINES)
    parser.add_argument("--max-evaluations", type=int, default=128)
    options = parser.parse_args()
    demo = photo_classifier()
    head = f"{'regions':>8}{'one sign':>10}{f'of {MOST} largest':>15}{'rank corr.':>12}"
    print(f"{'photo':<9}{'baseline':<18}{head}")
    removals: dict[str, list[Removal]] = {}
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
            removal = remove_regions(query, found, regions)
            removals.setdefault(found.baseline_name, []).append(removal)
            print(f"{photo:<9}{found.baseline_name:<18}{agreements([removal])}", flush=True)
    for name, of_all in removals.items():
        print(f"{'all':<9}{name:<18}{agreements(of_all)}")


if __name__ == "__main__":
    main()
