"""Figure 2(c): every random initialisation of an encoder makes its own cone.

One row per encoder; for every dataset a UMAP and a PCA of the same items under all initialisations
(colour: initialisation), and at the end the PCA spectrum with its drop.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from itertools import cycle

import numpy as np
from matplotlib.ticker import NullFormatter

from modgap.job import start_log
from modgap.report.drawing import (
    GREY,
    PAGE,
    hide_ticks,
    plt,
    save_pages,
    split_pages,
    use_style,
)
from modgap.tables import read_table, read_tables

TOWERS = {"images": "image tower", "texts": "text tower"}
METHODS = {"umap": "UMAP", "pca": "PCA"}


# Data in the spectrum; colours are initialisations.
LINES = ["-", "--", ":", "-."]


def main(tables, values, points, pdf, pngs, *, runs, page_rows, dpi):
    """Draw ``runs`` (model, label, dataset, dataset_label) from one file of each kind per run."""
    use_style()
    measured = read_tables(tables).query("normalisation_layers == 'kept'")
    spectra = read_tables(values).query(
        "normalisation_layers == 'kept' and quantity == 'singular_value'"
    )
    clouds = {run_name(run): read_table(path) for run, path in zip(runs, points, strict=True)}
    pages = (
        draw_page(encoders, runs, clouds, measured, spectra)
        for encoders in split_pages(list_encoders(runs, clouds), page_rows)
    )
    save_pages(pages, pdf, pngs, dpi=dpi)


def draw_page(encoders, runs, clouds, measured, spectra):
    """One page: a band for each of these encoders, with panels for the data that it has."""
    figure = plt.figure(figsize=(PAGE, 0.2 + 1.7 * len(encoders)))
    bands = figure.subfigures(len(encoders), 1, squeeze=False)[:, 0]
    for (model, side, title), band in zip(encoders, bands, strict=True):
        shown = {run_name(run): run["dataset_label"] for run in runs if run["model"] == model}
        columns = len(METHODS) * len(shown)
        panels = band.subplots(1, columns + 1, width_ratios=[1] * columns + [1.25])
        for position, (name, label) in enumerate(shown.items()):
            here = panels[len(METHODS) * position : len(METHODS) * (position + 1)]
            draw_clouds(here, clouds[name].query("side == @side"))
            for panel, method in zip(here, METHODS.values(), strict=True):
                panel.set_title(f"{method}, {label}", pad=2)
        draw_spectra(panels[-1], spectra, list(shown.items()), side, measured)
        panels[-1].set_title("PCA spectrum", pad=2)
        parts = [describe(measured, name, side, label) for name, label in shown.items()]
        band.suptitle(f"{title}   {'; '.join(parts)}", x=0.01, ha="left", fontsize=6.5)
    return figure


def run_name(run):
    return f"{run['model']}/{run['dataset']}"


def list_encoders(runs, clouds):
    """(model, side, title) of every encoder, without repetition."""
    encoders = {}
    for run in runs:
        sides = list(clouds[run_name(run)]["side"].unique())
        for side in sides:
            tower = f" {TOWERS[side]}" if len(sides) > 1 else ""
            encoders[run["model"], side] = f"{run['label']}{tower}"
    return [(model, side, title) for (model, side), title in encoders.items()]


def draw_clouds(panels, cloud):
    """One picture per method; neighbours in the colour circle are not neighbours in seed."""
    for panel, method in zip(panels, METHODS, strict=True):
        chosen = cloud[cloud["method"] == method]
        seeds = chosen["seed"].to_numpy()
        hues = (seeds * 0.618) % 1
        panel.scatter(
            chosen["x"],
            chosen["y"],
            c=plt.get_cmap("hsv")(hues),
            s=0.8,
            linewidths=0,
            rasterized=True,
        )
        hide_ticks(panel)


def value_of(measured, name, side, statistic):
    """The row of one measurement."""
    chosen = measured[
        (measured["embeddings"] == name)
        & (measured["side"] == side)
        & (measured["statistic"] == statistic)
    ]
    return chosen.iloc[0] if len(chosen) else None


def describe(measured, name, side, label):
    """Cosine within and between cones, with limits."""
    texts = []
    for what in ("within", "between"):
        row = value_of(measured, name, side, f"cosine_{what}_initialisations")
        value, low, high = row[["value", "low", "high"]]  # z: no negative zeros
        texts.append(f"{what} {value:z.2f} [{low:z.2f}, {high:z.2f}]")
    return f"{label}: cosine {', '.join(texts)}"


def draw_spectra(axes, spectra, runs, side, measured):
    """Singular values; the line stands after k − 1 components, k the number of initialisations."""
    for line, (name, label) in zip(cycle(LINES), runs, strict=False):
        chosen = spectra[(spectra["embeddings"] == name) & (spectra["side"] == side)]
        row = value_of(measured, name, side, "spectrum_drop")
        if row is None:
            continue
        k = int(row["n_initialisations"])
        head = chosen[chosen["index"] <= 2 * k]
        positive = head[head["value"] > 1e-6 * head["value"].max()]
        axes.plot(
            positive["index"],
            positive["value"],
            color="black",
            linestyle=line,
            linewidth=0.8,
            label=f"{label}: ÷ {row['value']:.3g}",
        )
        axes.axvline(k - 0.5, color=GREY, linewidth=0.5, linestyle=(0, (1, 2)))
    axes.set_yscale("log")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("component", labelpad=1)
    axes.legend(fontsize=5, loc="lower left", title="drop at the line", title_fontsize=5)
    low, high = axes.get_ylim()
    axes.set_ylim(10 ** (np.log10(low) - 0.6 * np.log10(high / low)), high)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.tables,
        snakemake.input.values,
        snakemake.input.points,
        snakemake.output.pdf,
        snakemake.output.pngs,
        **snakemake.params.settings,
    )
