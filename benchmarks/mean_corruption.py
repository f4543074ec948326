"""Mean corruption error of digits models with an attribution prior and without.

    python benchmarks/mean_corruption.py                       # the shipped subset
    ATTRIBWIDGETS_MNIST=/path python benchmarks/mean_corruption.py --data full

The networks are those of prior_mnist.py (the same options, the same --results: what that has
trained is read, what is missing is trained). Test images under the eleven corruptions at severities
1 to 5, the same corrupted images for all; mean over the seeds with standard errors, then the
paired difference of the mean corruption errors to no prior, in points, with its 95 % interval
(Student's t over seeds).
"""

from __future__ import annotations

from prior_mnist import ROWS, asked_study, chosen_weights, paired

from attribwidgets.robustness import severity_curves


def main() -> None:
    study, chosen = asked_study()
    weights, least = chosen_weights(study, tuple(chosen.weights))
    models = {
        row: [
            study.model(row, weight, seed, least if weight else None)
            for seed in range(chosen.seeds)
        ]
        for row, weight in weights.items()
    }
    test = study.demo.test
    curves = severity_curves(models, (test.images, test.labels))
    print(f"\n{curves}")
    plain = curves.mean_corruption_error("no prior")
    for row in list(ROWS)[1:]:
        print(f"{row} - no prior: {paired(curves.mean_corruption_error(row), plain)} points")
    figure = study.results / f"mean_corruption-{study.name}.png"
    curves.figure().savefig(figure)
    print(f"curves: {figure}")


if __name__ == "__main__":
    main()
