"""What one pair of modalities shows without comparing all pairs, as one tidy table: the gap first.

``caption`` chooses the texts of a picture that enter the geometry (first, last or all of them). It
moves the numbers. Of clouds that are read shard by shard there are the moments of all pairs and
the rows of a sample; the rows say what they are about.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.errors import InputError
from modgap.job import start_log
from modgap.statistics.clouds import are_pairs, load_pair, load_unpaired, name_sources
from modgap.statistics.geometry import normalise
from modgap.statistics.measurements import measure_linear, measure_moments
from modgap.statistics.moments.files import read_moments
from modgap.statistics.moments.sums import describe_norms
from modgap.statistics.moments.unpaired import measure_unpaired
from modgap.tables import read_metadata, write_table

# Leaving one picture out must leave pairs, and so must each half of a held-out split. Intervals
# need more pictures; the rows of fewer say so.
FEWEST = 4


def main(first, second, samples, table, *, moments=None, name, caption, n_resamples, seed):
    """moments : of all pairs, where ``first`` and ``second`` hold a sample of them."""
    options = {"n_resamples": n_resamples, "seed": seed}
    if are_pairs(first):
        pair = load_pair(first, second, samples).choose(caption)
        X, Y, owner, notes = pair.first, pair.second, pair.owner, pair.notes
    else:
        X, Y = load_unpaired(first, second)
        owner, notes = None, ()
    for path, rows in ((first[0], X), (second[0], Y)):
        if len(rows) < FEWEST:
            raise InputError(
                f"{path}: {len(rows)} rows; the statistics of {name!r} need at least {FEWEST}"
            )
    if moments is not None:
        pairs, _ = read_moments(moments)
        measured = measure_moments(name, pairs, (normalise(X), normalise(Y), owner), **options)
        notes = (*notes, *describe_norms(pairs))
    elif owner is None:
        measured = measure_unpaired(name, X, Y, **options)
    else:
        measured = measure_linear(name, X, Y, owner, **options)
    sources = name_sources(table, first, second, samples, caption)
    # Ready embeddings do not say with which scale their model was trained.
    scale = read_metadata(first[0]).get("logit_scale")
    write_table(measured, table, {**sources, "notes": notes, "logit_scale": scale})


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.first,
        snakemake.input.second,
        next(iter(snakemake.input.samples), None),
        snakemake.output.table,
        moments=next(iter(snakemake.input.moments), None),
        **snakemake.params.settings,
    )
