"""Search by text in a gallery of pictures and texts: relevance and share of pictures, by method."""

from modgap.report.drawing import GREY, PAGE, PALETTE, plt
from modgap.report.figures.methods import draw_left_out

# One of each family, the controls of two, and the baseline of two lists merged.
SHOWN = {
    "raw": ("nothing", "black", "-"),
    "shift": ("shift, gap to 0", PALETTE[2], ":"),
    "mean_removal": ("mean removal", PALETTE[2], "-"),
    "whitening": ("whitening, shrunk", PALETTE[4], "-"),
    "nnn": ("NNN", PALETTE[5], "-"),
    "score_z": ("scores standardised", PALETTE[0], "--"),
    "mean_score_z": ("mean removal, scores standardised", PALETTE[0], "-"),
    "shared_mean": ("one shared mean (control)", GREY, ":"),
    "merged": ("each modality by itself, merged", PALETTE[1], "--"),
}
MIXED = "mixed, "
NO_SEARCH = "no mixed search, a text is relevant to one picture only"
MEASURES = {"ndcg10": "NDCG@10", "recall1": "R@1", "pictures10": "pictures among the first ten"}
ROW_HEIGHT = 1.8


def mixed_rows(changes):
    """Rows of the mixed search with their share of pictures in percent."""
    rows = changes[changes["task"].str.startswith(MIXED)].copy()
    rows["share"] = rows["task"].str.extract(r"(\d+)").astype(int)[0]
    return rows.sort_values("share")


def draw_mixed(sets):
    """A page: a row for each of (label, changes), a panel a measure; a line for those without."""
    mixed = [(label, mixed_rows(changes)) for label, changes in sets]
    without = [label for label, rows in mixed if rows.empty]
    drawn = [(label, rows) for label, rows in mixed if len(rows)]
    if not drawn:
        return draw_left_out(", ".join(without), NO_SEARCH)
    figure, grid = plt.subplots(
        len(drawn), len(MEASURES), figsize=(PAGE, 0.7 + ROW_HEIGHT * len(drawn)), squeeze=False
    )
    if without:
        figure.suptitle(f"{', '.join(without)}: {NO_SEARCH}", x=0.01, ha="left", fontsize=6.5)
    for panels, (label, rows) in zip(grid, drawn, strict=True):
        for axes, (measure, title) in zip(panels, MEASURES.items(), strict=True):
            draw_measure(axes, rows[rows["measure"] == measure])
            axes.set_ylabel(title)
            axes.set_xlabel("pictures in the gallery, %")
        title = f"{label}, n = {int(rows['n'].max()):,}"
        panels[0].set_title(title, loc="left", fontweight="bold")
        told = rows[(rows["measure"] == "ndcg10") & (rows["share"] == 50)]["detectable"]
        if (told > 0).any():
            text = f"detectable at 50 %: ±{told[told > 0].median():.3f} (median)"
            panels[1].set_title(text, loc="left")
    figure.legend(handles=legend_lines(), loc="outside lower center", ncols=3)
    return figure


def draw_measure(axes, rows):
    """One measure over the share of pictures, a line for each of ``SHOWN``."""
    for name, (_, colour, style) in SHOWN.items():
        line = rows[rows["method"] == name]
        if len(line):
            axes.plot(line["share"], line["value"], color=colour, ls=style, lw=1, marker=".", ms=3)
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.set_ylim(bottom=0)


def legend_lines():
    """What the lines are."""
    return [
        plt.Line2D([], [], color=colour, ls=style, lw=1, label=label)
        for label, colour, style in SHOWN.values()
    ]
