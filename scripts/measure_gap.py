"""Every statistic of one pair of modalities, as one tidy table.

``caption`` chooses the texts of a picture that enter the geometry (first, last or all of them). It
moves the numbers. Retrieval always ranks every text there is, as CLIP's evaluation does.
"""

import pandas as pd

from modgap.errors import InputError
from modgap.job import start_log
from modgap.measurements import measure_pair
from modgap.pairing import caption_indices, choose_captions, read_pair
from modgap.retrieval import mentioned_relevance
from modgap.tables import check_same_provenance, read_metadata, read_table, write_table

# Leaving one picture out must leave pairs, and so must each half of a held-out split.
FEWEST = 4


def main(first, second, samples, table, *, name, caption, n_resamples, seed, block):
    first_ids, X, second_ids, Y, owner = read_pair(first, second, by_position=samples is None)
    if len(X) < FEWEST:
        raise InputError(
            f"{first[0]}: {len(X)} rows; the statistics of {name!r} need at least {FEWEST}"
        )
    captions = relevance = None
    if samples is not None:
        check_same_provenance(samples, read_metadata(samples), first[0], read_metadata(first[0]))
        captions, relevance = described(samples, first_ids, second_ids)
    frame = measure_pair(
        name,
        X,
        Y,
        owner,
        chosen=choose_captions(owner, caption_indices(second_ids), caption),
        captions=captions,
        relevance=relevance,
        n_resamples=n_resamples,
        seed=seed,
        block=block,
    )
    write_table(frame, table)


def described(samples, first_ids, second_ids):
    """The captions of the texts, and the relevance that what they mention implies."""
    rows = read_table(samples)
    texts = rows.set_index(["sample_id", "caption_index"])[["caption", "mentioned"]]
    wanted = pd.MultiIndex.from_arrays([second_ids["sample_id"], caption_indices(second_ids)])
    place = texts.index.get_indexer(wanted)
    if (place < 0).any():
        sample, index = wanted[(place < 0).argmax()]
        raise InputError(
            f"{samples}: no caption {index} of sample {sample!r}, although there is an embedding "
            "of it; remove the embeddings and run again"
        )
    texts = texts.iloc[place]
    pictures = rows.drop_duplicates("sample_id").set_index("sample_id")
    pictures = pictures.reindex(first_ids["sample_id"])
    for mentioned in texts["mentioned"].dropna().unique():
        for column in mentioned.split("+"):
            if column not in pictures.columns:
                raise InputError(
                    f"{samples}: a caption mentions {mentioned!r}, but there is no column "
                    f"{column!r}"
                )
    relevance = mentioned_relevance(pictures, texts["mentioned"].to_numpy())
    return texts["caption"].to_numpy(), relevance


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.first,
        snakemake.input.second,
        snakemake.input.get("samples"),
        snakemake.output.table,
        **snakemake.params.settings,
    )
