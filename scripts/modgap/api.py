"""The public interface: what ``import modgap`` offers, measured as the workflow measures it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from modgap.embeddings.formats import read_array
from modgap.embeddings.ready import as_storage, number_copies, number_rows
from modgap.errors import InputError
from modgap.plan.outputs.references import read_references
from modgap.project import project_folder
from modgap.report.answers.table import UNNAMED, describe_answer
from modgap.statistics.all_pairs import measure_sampled
from modgap.statistics.clouds import Pair, find_sources, join_clouds, load_pair
from modgap.statistics.headline import headline_gap
from modgap.statistics.measurements import measure_linear
from modgap.tables import BY_ID, BY_ROW, read_table
from modgap.yaml_files import read_yaml

FEWEST = 4  # leaving one picture out must leave pairs


def take_given(given, where):
    """An array, DataFrame, tensor or column of lists as (n, dim) float16 or float32.

    Raises
    ------
    InputError : no (n, dim) of floats, values that are not finite, rows of zeros.
    """
    if hasattr(given, "detach"):  # a torch tensor, without importing torch
        given = given.detach().cpu()
        given = given.float() if str(given.dtype) == "torch.bfloat16" else given
    try:
        block = np.asarray(given if hasattr(given, "__array__") else list(given))
    except (TypeError, ValueError) as error:
        raise InputError(f"{where}: no (n, dim) array ({error})") from error
    if not np.issubdtype(block.dtype, np.floating) or block.ndim != 2 or 0 in block.shape:
        raise InputError(
            f"{where}: {block.dtype} of shape {block.shape}, expected (n, dim) floating point"
        )
    return as_storage(block, where)


def load(path, name=None):
    """Embeddings of a file, (n, dim) float16 or float32.

    path : .npy, .npz, .csv, .tsv, .parquet, .pt, .pth or .safetensors.
    name : array, column or tensor in it, or block 0 or 1 of an array of shape (2, n, dim).

    Raises
    ------
    InputError : see ``embeddings.formats.read_array``.
    """
    return as_storage(read_array(str(path), name)[0], str(path))


@dataclass(frozen=True)
class Gap:
    """A measured gap. It prints as the line that the workflow says."""

    pair: Pair
    label: str
    caption: str
    seed: int
    settings: dict

    @cached_property
    def linear(self):
        """What ``measure_gap`` of the workflow writes."""
        chosen = self.pair.choose(self.caption)
        resamples = self.settings["n_resamples"]
        return measure_linear(
            self.label,
            chosen.first,
            chosen.second,
            chosen.owner,
            n_resamples=resamples,
            seed=self.seed,
        )

    @cached_property
    def compared(self):
        """What ``measure_pairs`` of the workflow writes."""
        options = {key: self.settings[key] for key in ("exact_rows", "block")}
        return measure_sampled(
            self.label, self.pair, None, caption=self.caption, seed=self.seed, **options
        )[0]

    @property
    def value(self):
        return float(headline_gap(self.linear)["value"])

    @property
    def interval(self):
        row = headline_gap(self.linear)
        return float(row["low"]), float(row["high"])

    @property
    def n(self):
        return int(headline_gap(self.linear)["n"])

    def table(self):
        """All statistics: DataFrame of ``statistics.measurements.COLUMNS``."""
        return pd.concat([self.linear, self.compared], ignore_index=True)

    def describe(self, frame):
        """What the workflow says of statistics of this gap: a dict, see ``describe_answer``."""
        about = {"name": self.label, "label": self.label, "state": "", "modalities": UNNAMED}
        return describe_answer(about, frame, read_references(project_folder()), self.pair.notes)

    def sentences(self):
        """What else was measured, in words: separability, retrieval, what is odd about it."""
        said = self.describe(self.table())
        return [said[key] for key in ("separable", "retrieval", "warning") if said[key]]

    def __repr__(self):
        return self.describe(self.linear)["line"]


def read_settings():
    """The statistics section of the default configuration."""
    return read_yaml(project_folder() / "config" / "config.yaml")["statistics"]


def open_set(table):
    """The gap of an embedding set of a run, from its table in ``<results>/statistics/gap``.

    Raises
    ------
    InputError : see ``statistics.clouds.find_sources``.
    """
    files, caption = find_sources(table)
    seed = int(read_table(table)["seed"].iloc[0])
    return Gap(load_pair(*files), Path(table).stem, caption, seed, read_settings())


def gap(first, second, groups=None, *, label="your embeddings", caption="first", seed=0):
    """The modality gap of two sets of embeddings, as the workflow measures it.

    Parameters
    ----------
    first, second : (n, dim) and (m, dim), raw or normalised.
    groups : (m,) for each row of ``second`` its row of ``first``; or, where both have m rows, the
        item of each row, copies counting once. None: row i of both is a pair.
    label : what the line calls them. caption : first, last or all of several texts a picture.

    Raises
    ------
    InputError : wrong shapes, values that are not finite, too few rows.
    """
    X, Y = take_given(first, "first"), take_given(second, "second")
    ids, text_ids = (pd.DataFrame({"sample_id": number_rows(range(len(b)))}) for b in (X, Y))
    about = {"joined": BY_ROW}
    if groups is not None:
        keys = np.asarray(groups)
        if keys.shape != (len(Y),):
            raise InputError(f"groups: shape {keys.shape}, expected ({len(Y)},)")
        if len(X) == len(Y):
            about = {"joined": BY_ID}
            ids, X = number_copies([str(key) for key in keys], X, grouped=True)
            text_ids, Y = number_copies([str(key) for key in keys], Y, grouped=True)
        else:
            if not np.issubdtype(keys.dtype, np.integer) or (keys < 0).any():
                raise InputError("groups: expected rows of the first modality, from 0")
            text_ids, Y = number_copies(number_rows(keys.tolist()), Y, grouped=False)
    pair, _ = join_clouds((ids, X, about), (text_ids, Y, about), ("first", "second"), ready=True)
    if len(pair.first) < FEWEST:
        raise InputError(f"first: {len(pair.first)} rows; a gap needs at least {FEWEST}")
    return Gap(pair, label, caption, seed, read_settings())
