"""Every statistic of one pair of modalities, as one tidy table.

``caption`` chooses the texts of a picture that enter the geometry (first, last or all of them). It
moves the numbers. Retrieval always ranks every text there is, as CLIP's evaluation does.
"""

import numpy as np

from modgap.errors import InputError
from modgap.job import start_log
from modgap.statistics.clouds import load_pair
from modgap.statistics.measurements import measure_pair
from modgap.statistics.retrieval import mentioned_relevance
from modgap.tables import write_table

# Leaving one picture out must leave pairs, and so must each half of a held-out split.
FEWEST = 4


def main(first, second, samples, table, *, name, caption, n_resamples, seed, block):
    pair = load_pair(first, second, samples)
    if len(pair.first) < FEWEST:
        raise InputError(
            f"{first[0]}: {len(pair.first)} rows; the statistics of {name!r} need at least {FEWEST}"
        )
    captions = relevance = None
    if samples is not None:
        captions = pair.texts["caption"].to_numpy()
        relevance = caption_relevance(pair.texts, pair.owner, samples)
    chosen = pair.choose(caption)
    frame = measure_pair(
        name,
        pair.first,
        chosen.second,
        chosen.owner,
        gallery=(pair.second, pair.owner),
        captions=captions,
        relevance=relevance,
        n_resamples=n_resamples,
        seed=seed,
        block=block,
    )
    write_table(frame, table, {"notes": pair.notes})


def caption_relevance(texts, owner, samples):
    """Codes and kinds of ``statistics.retrieval`` from what the captions say they mention."""
    for mentioned in texts["mentioned"].dropna().unique():
        for column in mentioned.split("+"):
            if column not in texts.columns:
                raise InputError(
                    f"{samples}: a caption mentions {mentioned!r}, but there is no column "
                    f"{column!r}; add it or empty the column 'mentioned'"
                )
    # Attributes are the picture's, so any of its texts has them.
    pictures = texts.iloc[np.unique(owner, return_index=True)[1]]
    return mentioned_relevance(pictures, texts["mentioned"])


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.first,
        snakemake.input.second,
        next(iter(snakemake.input.samples), None),
        snakemake.output.table,
        **snakemake.params.settings,
    )
