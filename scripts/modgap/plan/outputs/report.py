"""What the report opens with and links: embedding sets, their samples, tables of figures."""

from modgap.data.sources import source_paths
from modgap.plan.datasets import fetched_paths, group_datasets
from modgap.plan.names import dataset_label, describe_sets
from modgap.plan.paths import is_imported, samples_path, statistics_path

# Kinds of data that the pipeline draws, or fetches from public addresses of its own table.
OPEN_KINDS = ("scenes", "digits", "noise", "torchvision", "coco_captions")

# The table behind a figure, where it is not called like the figure.
TABLES_OF_FIGURES = {
    "fig1_modality_gap": "gap_statistics",
    "fig2a_cone_histograms": "cone_statistics",
    "figS14_second_picture_set": "cone_statistics",
    "fig3_shift_landscape": "shift_minima",
    "figS10_zero_shot_shift": "table1_zero_shot",
    "figS11_fairness_shift": "table2_fairness",
    "figX_initial_gap": "random_initialisations",
}


def shows_samples(known, name):
    """Whether the report may show captions, ids and pictures of a dataset.

    ``report: {samples: auto}`` shows what the pipeline draws or fetches itself, and nothing of
    the user's: pages are shared.
    """
    entry = known.config["datasets"][name]
    if is_imported(entry):
        # They come with rows, and perhaps ids, but with neither captions nor pictures.
        return known.config["report"]["samples"] is True
    if known.config["report"]["samples"] != "auto":
        return known.config["report"]["samples"]
    public = set(source_paths(entry)) <= set(fetched_paths(known, name))
    return entry["kind"] in OPEN_KINDS and public


def describe_report_sets(known):
    """The embedding sets of the report, in the order of Figure 1, with the files that it reads.

    samples : the samples table, or nothing where samples are not shown.
    """
    config, results = known.config, known.config["results"]
    sets = []
    for row in describe_sets(config):
        name = row["name"]
        dataset = config["embedding_sets"][name]["dataset"]
        shown = shows_samples(known, dataset)
        table = (
            samples_path(dataset) if shown and not is_imported(config["datasets"][dataset]) else ""
        )
        paths = {what: statistics_path(what, name) for what in ("projection", "loss_extrema")}
        at = {what: path.replace("<results>", results) for what, path in paths.items()}
        sets.append(
            {
                **row,
                "data": dataset_label(config, dataset),
                "dataset": dataset,
                "projection": at["projection"],
                "extrema": at["loss_extrema"],
                "shown": shown,
                "samples": table.replace("<results>", results),
            }
        )
    return sets


def list_shown_samples(known, sets):
    """Samples tables and drawn pictures that the report reads for what a point shows."""
    drawn = group_datasets(known.config)
    arrays = [*drawn["drawn"], *drawn["unpacked"]]
    names = dict.fromkeys(row["dataset"] for row in sets if row["samples"])
    pictures = [samples_path(name).replace(".parquet", ".npy") for name in names if name in arrays]
    return [*(samples_path(name) for name in names), *pictures]


def find_table(figure, tables):
    """The table with a figure's numbers, by its name among ``tables``, or nothing."""
    wanted = TABLES_OF_FIGURES.get(figure, figure.split("_", 1)[-1])
    return wanted if wanted in tables else ""
