"""What one pair of modalities shows without comparing all pairs, as one tidy table: the gap first.

``caption`` chooses the texts of a picture that enter the geometry (first, last or all of them). It
moves the numbers.
"""

from modgap.errors import InputError
from modgap.job import start_log
from modgap.statistics.clouds import load_pair, name_sources
from modgap.statistics.measurements import measure_linear
from modgap.tables import write_table

# Leaving one picture out must leave pairs, and so must each half of a held-out split. Intervals
# need more pictures; the rows of fewer say so.
FEWEST = 4


def main(first, second, samples, table, *, name, caption, n_resamples, seed):
    pair = load_pair(first, second, samples).choose(caption)
    if len(pair.first) < FEWEST:
        raise InputError(
            f"{first[0]}: {len(pair.first)} rows; the statistics of {name!r} need at least {FEWEST}"
        )
    frame = measure_linear(
        name, pair.first, pair.second, pair.owner, n_resamples=n_resamples, seed=seed
    )
    sources = name_sources(table, first, second, samples, caption)
    write_table(frame, table, {**sources, "notes": pair.notes})


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.first,
        snakemake.input.second,
        next(iter(snakemake.input.samples), None),
        snakemake.output.table,
        **snakemake.params.settings,
    )
