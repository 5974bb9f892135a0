"""What the public functions return: a gap, a comparison, a matrix; printed, drawn, as tables.

Each prints as a line or a small table, shows itself in a notebook, and has ``table()``, the tidy
measurements of the workflow. Figures are those of the workflow.
"""

import io
from dataclasses import dataclass
from functools import cached_property
from html import escape

import pandas as pd

from modgap.errors import InputError
from modgap.plan.outputs.references import read_references
from modgap.project import project_folder
from modgap.report.answers.table import describe_answer
from modgap.statistics.all_pairs import measure_sampled
from modgap.statistics.clouds import Pair
from modgap.statistics.comparison import compare_pairs, comparison_frame
from modgap.statistics.headline import headline_gap, spell_gap
from modgap.statistics.measurements import measure_linear

# Kinds of ``Gap.plot``.
PLOTS = ("projections", "landscape")
DRAWN_WITHOUT_UMAP = ("svd", "pca", "gap_axis")
DPI = 150  # of a figure in a notebook
LEFT_OUT = ("device",)  # of the section ``shift``: the processor computes


@dataclass(frozen=True)
class Gap:
    """A measured gap.

    >>> import numpy as np, modgap
    >>> rng = np.random.default_rng(0)
    >>> images = rng.normal(size=(60, 8)) + 1
    >>> gap = modgap.gap(images, images + rng.normal(size=(60, 8)) - 2, label="mine")
    >>> print(f"{gap.value:.2f}", gap.n)
    1.31 60
    >>> low, high = gap.interval
    >>> low < gap.value < high
    True
    """

    pair: Pair
    label: str
    caption: str
    seed: int
    settings: dict  # a whole configuration
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
            n_resamples=self.settings["statistics"]["n_resamples"],
            seed=self.seed,
        )

    @cached_property
    def compared(self):
        """What ``measure_pairs`` of the workflow writes."""
        options = {key: self.settings["statistics"][key] for key in ("exact_rows", "block")}
        return measure_sampled(
            self.label, self.pair, self.samples, caption=self.caption, seed=self.seed, **options
        )[0]

    @property
    def value(self):
        """Distance of the centres of the normalised embeddings."""
        return float(headline_gap(self.linear)["value"])

    @property
    def interval(self):
        """The 95 % interval of ``value``: (low, high)."""
        row = headline_gap(self.linear)
        return float(row["low"]), float(row["high"])

    @property
    def n(self):
        """Number of pairs."""
        return int(headline_gap(self.linear)["n"])

    def table(self):
        """All statistics: DataFrame of ``statistics.measurements.COLUMNS``."""
        return pd.concat([self.linear, self.compared], ignore_index=True)

    def describe(self, frame):
        """What the workflow says of statistics of this gap: a dict, see ``describe_answer``."""
        about = {"name": self.label, "label": self.label, "state": ""}
        about["modalities"] = list(self.modalities)
        return describe_answer(about, frame, read_references(project_folder()), self.pair.notes)

    def sentences(self):
        """What else was measured, in words: separability, retrieval, what is odd about it."""
        said = self.describe(self.table())
        return [said[key] for key in ("separable", "retrieval", "warning") if said[key]]

    def plot(self, kind="projections"):
        """A matplotlib figure.

        kind : ``projections``, Figure 1: UMAP (where umap-learn is installed), SVD, PCA and the gap
            axis; or ``landscape``, Figure 3: the loss while the modalities move (takes numba).

        Raises
        ------
        InputError : another kind, or a package that is missing.
        """
        if kind not in PLOTS:
            raise InputError(f"plot: {kind!r} is none of {', '.join(PLOTS)}")
        return draw_projections(self) if kind == "projections" else draw_loss_landscape(self)

    def compare(self, other):
        """What differs in ``other``, another gap of the same items: a ``Differences``.

        Items are matched by their number, or by the ids of a run's sets.

        Raises
        ------
        InputError : nothing shared, see ``statistics.comparison.match_pictures``.
        """
        return compare_gaps(self, other)

    def drawn_row(self):
        """This gap as figures take a set, see ``plan.names.describe_sets``."""
        return {
            "name": self.label,
            "label": self.label,
            "state": "",
            "paired": True,
            "grouped": False,
            "modalities": list(self.modalities),
        }

    def __repr__(self):
        return self.describe(self.linear)["line"]

    def _repr_html_(self):
        numbers = pd.DataFrame({"gap": [spell_gap(headline_gap(self.linear))], "n": [self.n]})
        return f"<p>{escape(repr(self))}</p>{numbers.to_html(index=False, border=0)}"


@dataclass(frozen=True)
class Differences:
    """What differs between two gaps, paired over the items that both have: after minus before."""

    frame: pd.DataFrame
    names: tuple
    notes: list

    def table(self):
        """DataFrame of ``statistics.comparison.COLUMNS``."""
        return self.frame

    def shown(self):
        """The rows as people read them."""
        rows = self.frame
        return pd.DataFrame(
            {
                "statistic": rows["statistic"].str.replace("_", " "),
                "side": rows["side"].str.replace("_", " "),
                "before": rows["before"].map("{:.3f}".format),
                "after": rows["after"].map("{:.3f}".format),
                "difference": [
                    f"{row.difference:+.3f} [{row.low:+.3f}, {row.high:+.3f}]"
                    for row in rows.itertuples()
                ],
                "p (Holm)": rows["p_holm"].map("{:.2g}".format),
            }
        )

    def title(self):
        """What is compared."""
        return f"{self.names[1]} minus {self.names[0]}, n = {int(self.frame['n'].max()):,}"

    def __repr__(self):
        return "\n".join([f"{self.title()}:", self.shown().to_string(index=False), *self.notes])

    def _repr_html_(self):
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        return f"<p>{escape(self.title())}</p>{self.shown().to_html(index=False, border=0)}{notes}"


def compare_gaps(before, after):
    """The ``Differences`` of two gaps, as the workflow's ``comparisons`` measure it."""
    names = [before.label, after.label]
    if names[0] == names[1]:
        names = [f"{names[0]} ({which})" for which in ("before", "after")]
    options = before.settings["statistics"]
    rows, _, notes = compare_pairs(
        [before.pair, after.pair],
        [before.caption, after.caption],
        [before.samples, after.samples],
        names,
        seed=before.seed,
        **{key: options[key] for key in ("exact_rows", "n_resamples", "block")},
    )
    return Differences(comparison_frame(rows, "comparison", before.seed), tuple(names), notes)


@dataclass(frozen=True)
class Matrix:
    """The gaps of every two of several modalities."""

    clouds: dict  # modality -> (n, dim)
    gaps: dict  # (first, second) -> Gap
    label: str

    def table(self):
        """All statistics of every pair: DataFrame of ``statistics.measurements.COLUMNS``."""
        return pd.concat([gap.table() for gap in self.gaps.values()], ignore_index=True)

    def shown(self):
        """Every gap with its interval, below the diagonal."""
        names = list(self.clouds)
        cells = pd.DataFrame("", index=names[1:], columns=names[:-1])
        for (first, second), gap in self.gaps.items():
            cells.loc[second, first] = spell_gap(headline_gap(gap.linear))
        return cells

    def plot(self):
        """A matplotlib figure: all modalities in one plane; gap, RMG and recall@1 as matrices."""
        return draw_modalities(self)

    def __repr__(self):
        n = max(gap.n for gap in self.gaps.values())
        return f"{self.label}: gap, n = {n:,}\n{self.shown().to_string()}"

    def _repr_html_(self):
        return f"<p>{escape(self.label)}: gap</p>{self.shown().to_html(border=0)}"


def make_figure(draw, gaps, **look):
    """A figure that shows itself in a notebook, in the look of the workflow and leaving yours.

    draw : takes the colours of the modalities, and ``create``, which makes a figure of a size.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    from modgap.report.drawing import STYLE, modality_colours, write_plainly

    class Picture(Figure):
        def _repr_png_(self):
            stream = io.BytesIO()
            with rc_context({**STYLE, **look}):
                self.savefig(stream, format="png", dpi=DPI)
            return stream.getvalue()

    chosen = gaps[0].settings["figures"]
    colours = modality_colours([gap.drawn_row() for gap in gaps], chosen["first"], chosen["second"])
    with rc_context({**STYLE, **look}):
        figure = draw(colours, create=Picture)
    write_plainly(figure)
    return figure


def draw_projections(gap):
    """Figure 1 of one gap; without UMAP where umap-learn is not installed, and it says so."""
    from importlib.util import find_spec

    from modgap.report.figures.projections import METHODS, draw_gap_page
    from modgap.statistics.projections import project_pair

    methods = tuple(METHODS) if find_spec("umap") else DRAWN_WITHOUT_UMAP
    points, meaning = project_pair(
        gap.label,
        gap.pair,
        caption=gap.caption,
        where=gap.label,
        methods=methods,
        **gap.settings["projection"],
    )
    row = gap.drawn_row()
    if len(methods) < len(METHODS):
        row["label"] += ' (UMAP: pip install "modgap[umap]")'
    by_name = [{gap.label: what} for what in (points, meaning, gap.linear)]
    return make_figure(
        lambda colours, create: draw_gap_page(
            [row], *by_name, colours, methods=methods, create=create
        ),
        [gap],
    )


def draw_loss_landscape(gap):
    """Figure 3(a-d) of one gap."""
    from modgap.report.figures.landscape import draw_landscape_page
    from modgap.shift.sweeping import sweep_shifts

    section = gap.settings["shift"]
    options = {key: value for key, value in section.items() if key not in LEFT_OUT}
    tables, _ = sweep_shifts(
        gap.label,
        gap.pair,
        caption=gap.caption,
        device="cpu",
        exact_rows=gap.settings["statistics"]["exact_rows"],
        sample_seed=gap.settings["statistics"]["seed"],
        **options,
    )
    return make_figure(
        lambda colours, create: draw_landscape_page(
            [gap.drawn_row()], [tables], colours, create=create
        ),
        [gap],
        **{"figure.constrained_layout.use": False},
    )


def draw_modalities(matrix):
    """The page of all modalities: a plane, and matrices of gap, RMG and recall@1."""
    from modgap.report.figures.matrices import draw_matrix_page
    from modgap.statistics.projections import project_modalities

    names = list(matrix.clouds)
    gaps = list(matrix.gaps.values())
    look = {key: gaps[0].settings["projection"][key] for key in ("max_pairs", "seed")}
    drawn = project_modalities(matrix.label, matrix.clouds, wheres=names, **look)
    sets = [
        {"name": gap.label, "first": first, "second": second}
        for (first, second), gap in matrix.gaps.items()
    ]
    group = {"label": matrix.label, "modalities": names, "sets": sets}
    return make_figure(
        lambda colours, create: draw_matrix_page(
            [group], [drawn], matrix.table(), colours, create=create
        ),
        gaps,
    )
