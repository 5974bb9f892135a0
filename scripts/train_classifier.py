"""Train a ResNet on class labels, for the trained row of Figure 2(a)."""

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
