"""Contrastive loss of one embedding set while its modalities move along the gap.

Reads the embeddings of both modalities; writes the losses over shift, temperature and batch size,
their minima and barriers, the derivative along the gap at shift 0, and shifted clouds to draw.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.embeddings.devices import take_gpus
from modgap.job import start_log
from modgap.shift.sweeping import sweep_shifts
from modgap.statistics.clouds import count_pictures, load_pair
from modgap.statistics.moments.files import read_moments
from modgap.tables import write_table


def main(
    first, second, samples, landscape, extrema, gradient, clouds, *, name, device, threads,
    moments=None, **sweep,
):  # fmt: skip
    """Write the four tables of one embedding set; ``sweep_shifts`` says what the settings are.

    moments : path of the moments of all pairs, where ``first`` and ``second`` hold a sample.
    """
    if device == "cpu":
        from modgap.shift.log_sums_cpu import use_threads

        use_threads(threads)
    pair = load_pair(first, second, samples)
    # One text a picture counts, so the pairs are as many as the pictures.
    total = count_pictures(first, len(pair.first))
    difference = None
    if moments is not None:
        pairs, _ = read_moments(moments)
        difference = pairs.first.centre - pairs.second.centre
    given = {"device": device, "total": total, "difference": difference}
    tables, about = sweep_shifts(name, pair, **given, **sweep)
    for table, path in zip(tables, (landscape, extrema, gradient, clouds), strict=True):
        write_table(table, path, about)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    take_gpus(snakemake.resources.get("gpu", 0))
    main(
        snakemake.input.first,
        snakemake.input.second,
        next(iter(snakemake.input.samples), None),
        snakemake.output.landscape,
        snakemake.output.extrema,
        snakemake.output.gradient,
        snakemake.output.clouds,
        threads=snakemake.threads,
        moments=next(iter(snakemake.input.moments), None),
        **snakemake.params.settings,
    )
