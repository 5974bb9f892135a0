"""Pages: as many files as there are, and a place for every cell."""

import pytest

from modgap.plan.outputs.pages import PAGE_ROWS, PANELS_A_ROW, name_pages, place_cells
from modgap.plan.outputs.targets import FIGURES


def test_only_figures_have_pages():
    assert set(PAGE_ROWS) <= {figure.name for figure in FIGURES}


@pytest.mark.parametrize(("rows", "pages"), [(0, 1), (1, 1), (2, 1), (3, 2), (8, 4)])
def test_further_pages_are_numbered(rows, pages):
    found = name_pages("fig3_shift_landscape", rows)
    first = "<results>/figures/fig3_shift_landscape"
    names = [f"{first}.png", f"{first}-2.png", f"{first}-3.png", f"{first}-4.png"]
    assert found == names[:pages]


def test_a_figure_of_fixed_size_has_one_page():
    assert name_pages("figX_theorems", 99) == ["<results>/figures/figX_theorems.png"]


def cells(**rows):
    return [
        {"name": f"{row}{column}", "row": row, "column": column}
        for row, columns in rows.items()
        for column in columns
    ]


def where(placed):
    return {cell["name"]: (cell["line"], cell["place"]) for cell in placed}


def test_few_columns_stay_columns():
    places = where(place_cells(cells(a="xyz", b="z", c="yx")))
    assert places == {"ax": (0, 0), "ay": (0, 1), "az": (0, 2), "bz": (1, 2), "cy": (2, 1),
                      "cx": (2, 0)}  # fmt: skip


def test_many_columns_are_wrapped_and_leave_no_holes():
    placed = place_cells(cells(a="uvwxyz", b="z"))
    places = where(placed)
    assert places["ax"] == (0, 3)
    assert places["ay"] == (1, 0)
    assert places["bz"] == (2, 0)
    assert len(set(places.values())) == len(placed)
    assert max(cell["place"] for cell in placed) < PANELS_A_ROW
