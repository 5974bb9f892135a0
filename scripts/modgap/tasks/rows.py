"""Unit rows of a cloud in blocks, so that memory does not grow with the number of its pictures.

What a sweep over shifts needs of all rows are sums over them and their products with a few
vectors; ``UnitRows`` gives the rows as often as they are asked for, from the files they lie in.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from modgap.errors import InputError
from modgap.statistics.clouds import are_pairs, load_pair
from modgap.statistics.geometry import normalise
from modgap.tables import (
    check_same_provenance,
    list_embeddings,
    read_embedding_blocks,
    read_metadata,
    read_table,
)

# Rows held at a time in double precision; so many are read once and kept.
BLOCK = 8192


@dataclass
class UnitRows:
    """n rows of ``dim`` numbers, divided by their lengths.

    read : function of a number of rows that gives the raw rows in blocks of at most so many, as
    often as it is called. n : rows in all of them. chosen : (m,) increasing, which of them count;
    None for all.
    """

    read: Callable
    n: int
    dim: int
    chosen: np.ndarray | None = None
    kept: list = field(default_factory=list)
    mean: np.ndarray | None = None

    def __len__(self):
        return self.n if self.chosen is None else len(self.chosen)

    def blocks(self):
        """Yield (rows (slice), unit rows float64), in their order."""
        if self.kept:
            yield from self.kept
            return
        start = stop = 0
        for raw in self.read(BLOCK):
            block, start = self.choose(raw, start), start + len(raw)
            if len(block):
                stop += len(block)
                here = slice(stop - len(block), stop), normalise(block)
                if len(self) <= BLOCK and len(here[1]) == len(self):
                    self.kept.append(here)
                yield here

    def choose(self, raw, start):
        """Those of the raw rows from number ``start`` on that count."""
        if self.chosen is None:
            return raw
        first, last = np.searchsorted(self.chosen, [start, start + len(raw)])
        return raw[self.chosen[first:last] - start]

    def add_up(self, of_block):
        """Sum over blocks of ``of_block(rows, block)``."""
        return sum(of_block(rows, block) for rows, block in self.blocks())

    def centre(self, rows=None):
        """Mean (dim,) of all rows, or of those with these numbers."""
        if rows is None:
            if self.mean is None:
                self.mean = self.add_up(lambda _, block: block.sum(axis=0)) / len(self)
            return self.mean
        among = np.zeros(len(self), dtype=bool)
        among[rows] = True
        return self.add_up(lambda here, block: among[here] @ block) / among.sum()

    def collect(self, of_block):
        """Results of ``of_block(rows, block)``, side by side along their last axis."""
        return np.concatenate([of_block(*pair) for pair in self.blocks()], axis=-1)


def rows_of(array):
    """``UnitRows`` of rows in memory (n, dim), raw or unit."""

    def read(size):
        return (array[start : start + size] for start in range(0, len(array), size))

    return UnitRows(read, *array.shape)


def as_unit_rows(given):
    """``UnitRows`` of what is that already, or an array."""
    return given if isinstance(given, UnitRows) else rows_of(given)


def stored_rows(paths, chosen=None):
    """``UnitRows`` of the shards of one modality."""
    ids, dim, _ = list_embeddings(paths)
    return UnitRows(lambda size: read_embedding_blocks(paths, size), len(ids), dim, chosen)


def open_pictures(images, samples, prompts):
    """``UnitRows`` of pictures and their rows of the samples table.

    images : embedding shards. prompts : embedded prompts, which must come from the same model.
    """
    ids, _, provenance = list_embeddings(images)
    check_same_provenance(images[0], provenance, prompts, read_metadata(prompts))
    table = read_table(samples).drop_duplicates("sample_id")
    return stored_rows(images), ids.merge(table, on="sample_id", how="left", validate="1:1")


def open_clouds(first, second, samples, caption):
    """``UnitRows`` of both modalities of the embedding set that gives the gap direction.

    Raises
    ------
    InputError : other widths, and all of ``load_pair``.
    """
    dims = [list_embeddings(paths)[1] for paths in (first, second)]
    if dims[0] != dims[1]:
        raise InputError(
            f"{second[0]}: {dims[1]} dimensions, but {first[0]} has {dims[0]}; "
            "the two modalities do not share a space"
        )
    if not are_pairs(first):
        return stored_rows(first), stored_rows(second)
    # Numbers of the rows stand for them while pictures and texts are matched.
    pair = load_pair(first, second, samples, read=number_embeddings).choose(caption)
    return stored_rows(first, pair.first[:, 0]), stored_rows(second, pair.second[:, 0])


def number_embeddings(paths):
    """Like ``read_embeddings``, with the number of each row (n, 1) in its place."""
    ids, _, provenance = list_embeddings(paths)
    return ids, np.arange(len(ids))[:, None], provenance
