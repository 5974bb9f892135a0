"""One measured gap: a line, a table, figures, a comparison."""

from dataclasses import dataclass
from functools import cached_property, partial
from importlib.util import find_spec

import pandas as pd

from modgap.errors import InputError
from modgap.interface.comparing import compare_gaps
from modgap.interface.html import show_page, show_picture, show_table
from modgap.interface.pictures import embed_picture, frame_picture
from modgap.plan.outputs.references import read_references
from modgap.plan.shards import LARGEST_BATCH
from modgap.project import project_folder, read_settings
from modgap.report.answers.table import describe_answer
from modgap.report.drawing import modality_colours
from modgap.report.figures.landscape import draw_landscape_page
from modgap.report.figures.projections import METHODS, draw_gap_page
from modgap.shift.sweeping import sweep_shifts
from modgap.statistics.all_pairs import measure_sampled
from modgap.statistics.clouds import Pair
from modgap.statistics.headline import headline_gap, spell_gap
from modgap.statistics.measurements import measure_linear
from modgap.statistics.projections import project_pair
from modgap.threads import usable_threads

WITHOUT_UMAP = 'UMAP is not installed (pip install "modgap[umap]"): PCA and gap axis'


@dataclass(frozen=True, repr=False)
class Gap:
    """A measured gap. It prints as the line that the workflow says.

    >>> import numpy as np, modgap
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(50, 8)) + 1
    >>> found = modgap.gap(X, X + rng.normal(size=X.shape) - 2)
    >>> found.n, found.interval[0] < found.value < found.interval[1]
    (50, True)
    >>> sorted(found.table().columns)[:4]
    ['dim', 'embeddings', 'high', 'interval_method']
    """

    pair: Pair
    label: str
    caption: str
    seed: int
    settings: dict
    modalities: tuple = ("first", "second")
    samples: str | None = None  # the samples table of a run's set

    @cached_property
    def linear(self):
        """What ``measure_gap`` of the workflow writes."""
        chosen = self.pair.choose(self.caption)
        return measure_linear(
            self.label,
            chosen.first,
            chosen.second,
            chosen.owner,
            n_resamples=self.settings["n_resamples"],
            seed=self.seed,
        )

    @cached_property
    def compared(self):
        """What ``measure_pairs`` of the workflow writes."""
        options = {key: self.settings[key] for key in ("exact_rows", "block")}
        return measure_sampled(
            self.label,
            self.pair,
            self.samples,
            caption=self.caption,
            seed=self.seed,
            threads=usable_threads(),
            **options,
        )[0]

    @property
    def value(self):
        """The gap: distance of the centres of the normalised rows."""
        return float(headline_gap(self.linear)["value"])

    @property
    def interval(self):
        """95 % interval: (low, high); nan where there are too few items for one."""
        row = headline_gap(self.linear)
        return float(row["low"]), float(row["high"])

    @property
    def n(self):
        """Number of items (pictures), not of texts."""
        return int(headline_gap(self.linear)["n"])

    def table(self):
        """All statistics: DataFrame of ``statistics.measurements.COLUMNS``."""
        return pd.concat([self.linear, self.compared], ignore_index=True)

    def compare(self, other, name="comparison"):
        """What differs on the items that both gaps have, ``other`` minus this one.

        other : ``Gap``; its width may differ. Without ids (``groups``) row i of both is one item.

        Raises
        ------
        InputError : no ``Gap``, too few items shared, other numbers of rows without ids.
        """
        if not isinstance(other, Gap):
            raise InputError(
                f"compare: {type(other).__name__} is no gap; give what modgap.gap returns"
            )
        return compare_gaps(self, other, name)

    def plot(self, kind="projection", methods=None):
        """Figure 1 (``projection``) or Figure 3 (``landscape``) as a matplotlib Figure.

        kind : the landscape sweeps the loss over shifts, which takes minutes for thousands of
            rows, and numba for more than 2,000. methods : of a projection: umap, svd, pca,
            gap_axis. All if None; without UMAP installed pca and gap_axis, and the figure says so.

        A notebook shows the figure; ``.savefig("gap.png")`` writes it.

        Raises
        ------
        InputError : no such kind or method, rows that cannot be drawn in a plane.
        """
        if kind not in ("projection", "landscape"):
            raise InputError(f"plot: no figure {kind!r}; there are projection and landscape")
        unknown = [name for name in methods or () if name not in METHODS]
        if unknown or methods == []:
            raise InputError(f"plot: no method {unknown}; there are {', '.join(METHODS)}")
        return self.draw_landscape() if kind == "landscape" else self.draw_projection(methods)

    @property
    def row(self):
        """What the workflow's figures and answers know of an embedding set."""
        shown = {"name": self.label, "label": self.label, "state": "", "grouped": False}
        return {**shown, "paired": True, "modalities": list(self.modalities)}

    @property
    def colours(self):
        """Colours of the two modalities."""
        figures = read_settings("figures")
        return modality_colours([self.row], figures["first"], figures["second"])

    def draw_projection(self, methods):
        """Figure 1 of this gap."""
        missing = methods is None and find_spec("umap") is None
        methods = ("pca", "gap_axis") if missing else tuple(methods or METHODS)
        points, about = project_pair(
            self.label,
            self.pair,
            caption=self.caption,
            where=self.label,
            methods=methods,
            **read_settings("projection"),
        )

        def draw(create):
            figure = draw_gap_page(
                [self.row],
                {self.label: points},
                {self.label: about},
                {self.label: self.linear},
                self.colours,
                methods=methods,
                create=create,
            )
            if missing:
                figure.subfigs[0].text(0.01, 0.5, WITHOUT_UMAP, va="center", fontsize=6.5)
            return figure

        return frame_picture(draw)

    def draw_landscape(self):
        """Figure 3 of this gap."""
        tables, _ = sweep_shifts(
            self.label,
            self.pair,
            caption=self.caption,
            largest_batch=LARGEST_BATCH,
            sample_seed=self.settings["seed"],
            **(read_settings("shift") | {"device": "cpu"}),
        )
        draw = partial(draw_landscape_page, [self.row], [tables], self.colours)
        return frame_picture(draw, constrained=False)

    def describe(self, frame):
        """What the workflow says of statistics of this gap: a dict, see ``describe_answer``."""
        return describe_answer(self.row, frame, read_references(project_folder()), self.pair.notes)

    def sentences(self):
        """What else was measured, in words: separability, retrieval, what is odd about it."""
        said = self.describe(self.table())
        return [said[key] for key in ("separable", "retrieval", "warning") if said[key]]

    def __repr__(self):
        return self.describe(self.linear)["line"]

    def _repr_html_(self):
        gap = headline_gap(self.linear)
        table = show_table(
            ["", *self.modalities],
            [
                ["gap [95 %]", spell_gap(gap), ""],
                ["items", self.n, ""],
                ["rows", len(self.pair.first), len(self.pair.second)],
                ["dimensions", int(gap["dim"]), int(gap["dim"])],
            ],
        )
        try:
            figure = self.plot(methods=["pca", "gap_axis"])
        except InputError as error:  # of one dimension, or all the same
            return show_page(repr(self), table, show_table(["no picture", str(error)], []))
        picture = show_picture(embed_picture(figure), "Both modalities, by PCA and along the gap")
        return show_page(repr(self), table, picture)
