"""Pages of figures: how many there are, and what stands where. None is over 7 by 9 inches."""

# Rows of panels on one page, of the figures that may need several.
PAGE_ROWS = {
    "fig1_modality_gap": 4,
    "fig2a_cone_histograms": 6,
    "fig2c_random_initialisations": 5,
    "fig3_shift_landscape": 2,
    "figS10_zero_shot_shift": 5,
    "figS11_fairness_shift": 3,
    "figS13_independent_models": 4,
    "figS14_second_picture_set": 6,
    "figS15_without_normalisation": 2,
    "figX_cone_by_layer": 5,
    "figX_gap_methods": 1,
    "figX_mixed_search": 4,
    "figX_calibration": 4,
}

# Panels beside each other in a figure that has one for every cloud or tower.
PANELS_A_ROW = 4


def name_pages(figure, rows):
    """PNG files of a figure: one, and ``-2``, ``-3``, ... for every further page.

    rows : how many rows of panels the figure has.
    """
    n = max(1, -(-rows // PAGE_ROWS[figure])) if figure in PAGE_ROWS else 1
    numbers = ["", *(f"-{page}" for page in range(2, n + 1))]
    return [f"<results>/figures/{figure}{number}.png" for number in numbers]


def place_cells(cells):
    """Cells of a grid (dicts with ``row`` and ``column``) with ``line`` and ``place`` to draw them.

    Where there are few columns, a place is a column and a line a row; otherwise the cells of a row
    follow each other, on as many lines as they need.
    """
    columns = list(dict.fromkeys(cell["column"] for cell in cells))
    line, placed = 0, []
    for row in dict.fromkeys(cell["row"] for cell in cells):
        places = range(len(columns))
        here = [cell for cell in cells if cell["row"] == row]
        if len(columns) <= PANELS_A_ROW:
            places = [columns.index(cell["column"]) for cell in here]
        for cell, place in zip(here, places, strict=False):
            down, across = divmod(place, PANELS_A_ROW)
            placed.append({**cell, "line": line + down, "place": across})
        line = placed[-1]["line"] + 1
    return placed
