"""Gaps of every pair of several modalities."""

from dataclasses import dataclass
from functools import partial

import pandas as pd

from modgap.errors import InputError
from modgap.interface.html import show_page, show_table
from modgap.interface.lines import align_columns
from modgap.interface.pictures import frame_picture
from modgap.project import read_settings
from modgap.report.drawing import modality_colours
from modgap.report.figures.matrices import MATRICES, draw_matrix_page, fill_matrix
from modgap.statistics.headline import headline_gap, spell_gap
from modgap.statistics.projections import project_modalities


@dataclass(frozen=True, repr=False)
class Matrix:
    """The gaps of every pair of modalities, printed as a table.

    >>> import numpy as np, modgap
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(50, 8)) + 1
    >>> found = modgap.matrix({"image": X, "text": X - 2, "audio": -X})
    >>> found.values("gap").shape, len(found.gaps)
    ((3, 3), 3)
    >>> found.gaps["image", "audio"].n
    50
    """

    gaps: dict  # (first, second) -> Gap
    clouds: dict  # modality -> (n, dim)
    label: str

    @property
    def modalities(self):
        """Names in the order given."""
        return list(self.clouds)

    @property
    def group(self):
        """What the workflow's figure knows of a dataset of several modalities."""
        sets = [
            {"name": gap.label, "first": first, "second": second}
            for (first, second), gap in self.gaps.items()
        ]
        return {"label": self.label, "modalities": self.modalities, "sets": sets}

    def table(self):
        """All statistics of all pairs: DataFrame of ``statistics.measurements.COLUMNS``."""
        return pd.concat([gap.table() for gap in self.gaps.values()], ignore_index=True)

    def values(self, statistic="gap"):
        """(k, k) DataFrame of one of gap, rmg, recall1; rows are what is asked with.

        Raises
        ------
        InputError : another statistic.
        """
        if statistic not in MATRICES:
            raise InputError(f"values: no {statistic!r}; there are {', '.join(MATRICES)}")
        matrix = fill_matrix(self.table(), self.group["sets"], self.modalities, statistic)
        return pd.DataFrame(matrix, index=self.modalities, columns=self.modalities)

    def plot(self):
        """All clouds in one plane, and gap, RMG and recall@1 as matrices: a matplotlib Figure."""
        figures, projection = read_settings("figures"), read_settings("projection")
        drawn = project_modalities(
            self.label,
            self.clouds,
            max_pairs=projection["max_pairs"],
            seed=projection["seed"],
            wheres=self.modalities,
        )
        colours = modality_colours([self.group], figures["first"], figures["second"])
        draw = partial(draw_matrix_page, [self.group], [drawn], self.table(), colours)
        return frame_picture(draw)

    def spell(self):
        """Header and rows: gaps with intervals below the diagonal."""
        names = self.modalities
        rows = [
            [name]
            + [spell_gap(headline_gap(self.gaps[other, name].linear)) for other in names[:place]]
            + [""] * (len(names) - 1 - place)
            for place, name in enumerate(names)
            if place
        ]
        counts = sorted({gap.n for gap in self.gaps.values()})
        return [f"gap, n = {', '.join(map(str, counts))}", *names[:-1]], rows

    def __repr__(self):
        return "\n".join(align_columns(*self.spell()))

    def _repr_html_(self):
        return show_page(self.label, show_table(*self.spell()))
