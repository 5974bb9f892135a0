"""Train a ResNet on class labels, for the trained row of Figure 2(a)."""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.job import start_log
from modgap.training.classifier import train_classifier


def main(inputs, outputs, **settings):
    train_classifier(inputs, outputs, **settings)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        {key: list(paths) for key, paths in snakemake.input.items()},
        dict(snakemake.output.items()),
        **snakemake.params.settings,
    )
