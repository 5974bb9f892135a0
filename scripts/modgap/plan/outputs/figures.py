"""What each figure and table is made from, and the settings of the rule that makes it."""

from modgap.data.modalities import modality_names
from modgap.plan.cones import (
    describe_entries,
    describe_independent,
    describe_states,
    list_tables,
    name_unnormalised,
    select_entries,
    select_unnormalised,
)
from modgap.plan.methods import plan_method_figures, plan_method_tables
from modgap.plan.models.entries import towers
from modgap.plan.names import (
    dataset_label,
    describe_clouds,
    describe_models_compared,
    describe_scenes,
    describe_sets,
    describe_tasks,
    set_state,
)
from modgap.plan.outputs.pages import PAGE_ROWS, PANELS_A_ROW, name_pages, place_cells
from modgap.plan.outputs.references import read_references
from modgap.plan.paths import (
    IMPORTED,
    cone_clouds,
    list_matrices,
    list_paired,
    modalities,
    picture_sets,
    pixel_indexes,
    pixel_samples,
    samples_path,
    statistics_path,
)
from modgap.plan.tasks import OWN_GAP, drawn_shifts, list_compared, name_first_alike
from modgap.plan.training import independent_entries, name_study_tables, study_trajectories


def list_statistics(what, names):
    """One table of measurements for each name."""
    return [statistics_path(what, name) for name in names]


def list_measured(config, names):
    """Both tables of measurements of embedding sets; of those without pairs there is one."""
    pairs = [name for name in names if name in list_paired(config)]
    return [*list_statistics("gap", names), *list_statistics("pairs", pairs)]


def plan_figures(known):
    """By rule of a figure: its input files by name, ``settings``, and ``pngs``, one a page."""
    planned = {
        **plan_gap_figures(known),
        **plan_cone_figures(known),
        **plan_simulation_figures(known),
        **plan_task_figures(known),
        **plan_training_figures(known),
        **plan_method_figures(known.config),
    }
    return {name: {"pngs": name_pages(name, 1), **figure} for name, figure in planned.items()}


def plan_pages(figure, n_rows, **settings):
    """Settings of a figure that goes over several pages, and its PNG files.

    n_rows : how many rows of panels it has.
    """
    return {
        "pngs": name_pages(figure, n_rows),
        "settings": {**settings, "page_rows": PAGE_ROWS[figure]},
    }


def plan_gap_figures(known):
    """Figures of embedding sets."""
    rows = describe_sets(known.config)
    names = [row["name"] for row in rows]
    pairs = [row for row in rows if row["paired"]]
    swept = [row["name"] for row in pairs]
    return {
        "fig1_modality_gap": {
            "projections": list_statistics("projection", names),
            "gaps": list_statistics("gap", names),
            **plan_pages("fig1_modality_gap", len(rows), rows=rows),
        },
        "fig3_shift_landscape": {
            "landscapes": list_statistics("loss_landscape", swept),
            "extrema": list_statistics("loss_extrema", swept),
            "gradients": list_statistics("loss_gradient", swept),
            "clouds": list_statistics("shifted_clouds", swept),
            **plan_pages("fig3_shift_landscape", len(pairs), rows=pairs),
        },
        "figX_across_models": {
            "table": "<results>/tables/across_models.csv",
            "associations": "<results>/tables/model_associations.csv",
        },
        "figX_comparison": {
            "comparisons": list_statistics("comparison", known.config["comparisons"]),
        },
        "figX_modality_matrix": plan_matrices(known.config),
    }


def plan_matrices(config):
    """The figure of all pairs of modalities: its datasets, their clouds and their sets."""
    datasets = list_matrices(config)
    groups = [
        {
            "label": dataset_label(config, dataset),
            "modalities": modality_names(config["datasets"][dataset]),
            "sets": [
                {"name": name, "first": sides[0], "second": sides[1]}
                for name, entry in config["embedding_sets"].items()
                if entry["dataset"] == dataset
                for sides in [modalities(config, entry)]
            ],
        }
        for dataset in datasets
    ]
    names = [pair["name"] for group in groups for pair in group["sets"]]
    return {
        "projections": list_statistics("cloud_projection", datasets),
        "statistics": list_measured(config, names),
        "settings": {"groups": groups},
    }


def plan_cone_figures(known):
    """Figures of cones: of clouds, initialisations, layers and models of another kind."""
    config, sets = known.config, picture_sets(known)
    first = [cloud for cloud in cone_clouds(known) if cloud[1] not in sets[1:]]
    every = [cloud for cloud in cone_clouds(known) if cloud[1] in sets]
    entries = config["initialisations"]
    two_towers = select_entries(config, "initialisations", n_towers=2)
    independent, groups = config["independent_models"], describe_independent(config)
    random = dict.fromkeys(group["random"] for group in groups if group["random"])
    disabled = config["without_normalisation"]
    followed = {(entry["model"], entry["dataset"]) for entry in config["layers"]}
    lines = -(-count_towers(config, [model for model, _ in followed]) // PANELS_A_ROW)
    return {
        "fig2a_cone_histograms": plan_histograms(config, "fig2a_cone_histograms", first),
        "figS14_second_picture_set": plan_histograms(config, "figS14_second_picture_set", every),
        "fig2c_random_initialisations": {
            "tables": list_tables(entries, "seeds"),
            "values": list_tables(entries, "seed_values"),
            "points": list_tables(entries, "seed_points"),
            **plan_pages(
                "fig2c_random_initialisations",
                count_towers(config, {entry["model"] for entry in entries}),
                runs=describe_entries(config, entries),
            ),
        },
        "figX_initial_gap": {
            "tables": list_tables(two_towers, "seeds"),
            "values": list_tables(two_towers, "seed_values"),
            "settings": {"runs": describe_entries(config, two_towers)},
        },
        "figX_cone_by_layer": {
            "rows": "<results>/statistics/cone_by_layer.parquet",
            **plan_pages("figX_cone_by_layer", lines, panels_a_row=PANELS_A_ROW),
        },
        "figS13_independent_models": {
            "tables": list_statistics("independent", independent),
            "points": list_statistics("independent_points", independent),
            "random": list_statistics("seeds", random),
            **plan_pages("figS13_independent_models", count_independent(config), groups=groups),
        },
        "figS15_without_normalisation": {
            "table": "<results>/statistics/without_normalisation.parquet",
            "points": list_tables(disabled, "without_normalisation_points"),
            **plan_pages("figS15_without_normalisation", len(disabled), **name_unnormalised(known)),
        },
    }


def count_towers(config, models):
    """Towers of these models together."""
    return sum(len(towers(config["models"][model])) for model in models)


def count_independent(config):
    """Encoders that Figure S13 has a row for: the towers of one model of each group."""
    firsts = [
        next(iter(independent_entries(config, name).values()))
        for name in config["independent_models"]
    ]
    return sum(len(towers(entry)) for entry in firsts)


def plan_histograms(config, figure, clouds):
    """A figure of the cosines within clouds."""
    names = ["/".join(cloud) for cloud in clouds]
    cells = place_cells(describe_clouds(config, clouds))
    lines = 1 + max((cell["line"] for cell in cells), default=0)
    by_name = {cell["name"]: cell for cell in cells}
    return {
        "cones": list_statistics("cone", names),
        "histograms": list_statistics("cone_histogram", names),
        **plan_pages(figure, lines, clouds=[by_name[name] for name in names]),
    }


def plan_simulation_figures(known):
    """Figures of simulations, which need no data."""
    folder = "<results>/statistics"
    parts = ("landscape", "minima", "bifurcation")
    return {
        "fig2b_depth_and_activation": {"curves": f"{folder}/depth_and_activation.parquet"},
        "figX_theorems": {"rows": f"{folder}/theorems.parquet"},
        "fig3_sphere_simulation": {
            **{part: f"{folder}/sphere_{part}.parquet" for part in parts},
            "settings": known.config.get("sphere", {}),
        },
    }


def plan_task_figures(known):
    """Figures of zero-shot and fairness tasks."""
    config = known.config
    return {
        "figS10_zero_shot_shift": {
            "curves": list_statistics("zero_shot", config["zero_shot"]),
            "selections": list_statistics("zero_shot_selection", config["zero_shot"]),
            "controls": list_statistics("zero_shot_controls", config["zero_shot"]),
            **plan_pages(
                "figS10_zero_shot_shift",
                len(config["zero_shot"]),
                tasks=describe_drawn_tasks(known, "zero_shot"),
            ),
        },
        "figS11_fairness_shift": {
            "rates": list_statistics("fairness", config["fairness"]),
            **plan_pages(
                "figS11_fairness_shift",
                len(config["fairness"]),
                tasks=describe_drawn_tasks(known, "fairness"),
                shifts=drawn_shifts(config["downstream"]),
            ),
        },
    }


def describe_drawn_tasks(known, section):
    """What figures say of each task: as tables do, but with labels in place of names of ours."""
    config, tasks = known.config, describe_tasks(known.config, known.root, section)
    labels = {name: entry.get("label", name) for name, entry in config["embedding_sets"].items()}
    labels[OWN_GAP] = "its own pictures and prompts"
    return [
        {
            **task,
            "gap": labels[task["gap"]],
            "model": task["dataset"] if task["model"] == IMPORTED else task["model"],
        }
        for task in tasks
    ]


def plan_training_figures(known):
    """Figures of training studies."""
    folder = "<results>/statistics/training"
    return {
        "figS8_temperature_finetuning": {"summary": f"{folder}/temperature_finetuning.parquet"},
        "figX_initialisation_vs_optimisation": {
            "summary": f"{folder}/initialisation_vs_optimisation.parquet",
            "trajectories": study_trajectories(known, "initialisation"),
            "settings": {"cells": known.cells.get("initialisation", [])},
        },
        "figX_optimiser": {
            "effects": f"{folder}/optimiser_effects.parquet",
            "trajectories": study_trajectories(known, "optimiser"),
            "settings": {"cells": known.cells.get("optimiser", [])},
        },
        "figX_gap_during_training": {
            "trajectories": study_trajectories(known, "gap_triggers"),
            "settings": {"cells": known.cells.get("gap_triggers", [])},
        },
        "figS16_embedding_width": {"summary": f"{folder}/embedding_width.parquet"},
    }


def plan_tables(known):
    """By rule of a table: its input files by name, and ``settings``."""
    config = known.config
    tasks, fairness = config["zero_shot"], config["fairness"]
    compared = list_compared(config, "embedding_sets")
    alike = name_first_alike(config, "zero_shot")
    summaries = [
        f"<results>/statistics/training/{name}.parquet"
        for name, study in name_study_tables(known).items()
        if study == "without_normalisation"
    ]
    return {
        "table_statistics": {
            "gaps": list_statistics("gap", config["embedding_sets"]),
            "pairs": list_statistics("pairs", list_paired(config)),
            "cones": list_statistics("cone", ["/".join(cloud) for cloud in cone_clouds(known)]),
        },
        "table_answers": {
            "measured": list_measured(config, config["embedding_sets"]),
            "settings": {
                "rows": describe_sets(config),
                "references": read_references(known.root),
            },
        },
        "table_optimiser": {
            "trajectories": study_trajectories(known, "optimiser"),
            "settings": {"cells": known.cells.get("optimiser", [])},
        },
        "table_models": {
            "gaps": list_statistics("gap", compared),
            "pairs": list_statistics(
                "pairs", [name for name in compared if name in list_paired(config)]
            ),
            "curves": list_statistics("zero_shot", list_compared(config, "zero_shot")),
            "settings": describe_models_compared(config),
        },
        "table_completeness": plan_completeness(config),
        "table_comparisons": {"comparisons": list_statistics("comparison", config["comparisons"])},
        "table_shift_minima": {
            "extrema": list_statistics("loss_extrema", list_paired(config)),
            "settings": {"states": {name: set_state(config, name) for name in list_paired(config)}},
        },
        "table1_zero_shot": {
            "selections": list_statistics("zero_shot_selection", tasks),
            "controls": list_statistics("zero_shot_controls", tasks),
            "curves": list_statistics("zero_shot", tasks),
            "settings": {
                "tasks": [
                    {**task, "counts_as": alike[task["name"]]}
                    for task in describe_tasks(config, known.root, "zero_shot")
                ]
            },
        },
        "table2_fairness": {
            "rates": list_statistics("fairness", fairness),
            "changes": list_statistics("fairness_changes", fairness),
            "settings": {"tasks": describe_tasks(config, known.root, "fairness")},
        },
        "table_layers": {
            "curves": list_tables(config["layers"], "layers"),
            "settings": {"runs": describe_entries(config, config["layers"])},
        },
        "table_initialisations": {"tables": list_tables(config["initialisations"], "seeds")},
        "table_independent": {
            "tables": list_statistics("independent", config["independent_models"])
        },
        "table_normalisation": {
            "disabled": list_tables(config["without_normalisation"], "without_normalisation"),
            "seeds": list_tables(select_unnormalised(config), "seeds"),
            "summary": summaries,
            "settings": describe_states(known),
        },
        **plan_method_tables(config),
        "table_skipped": {"indexes": pixel_indexes(known), "samples": pixel_samples(known)},
    }


# Pairs that are each other's negatives in the paper's Figure 3.
PUBLISHED_BATCH = 50


def plan_completeness(config):
    """What captions do to the models of drawn scenes."""
    sets = describe_scenes(config)
    names = [row["embeddings"] for row in sets]
    shown = ("embeddings", "captions", "weights", "tasks")
    return {
        "samples": [samples_path(row["dataset"]) for row in sets],
        "gaps": list_statistics("gap", names),
        "pairs": list_statistics("pairs", names),
        "extrema": list_statistics("loss_extrema", names),
        "curves": list_statistics("zero_shot", [task for row in sets for task in row["curves"]]),
        "settings": {
            "sets": [{key: row[key] for key in shown} for row in sets],
            "batch_size": PUBLISHED_BATCH,
        },
    }


def list_sources(figure, results):
    """Files that a planned figure is drawn from; results : the folder of the results."""
    paths = []
    for key, value in figure.items():
        if key not in ("settings", "pngs"):
            paths += [value] if isinstance(value, str) else value
    return [path.replace("<results>", results) for path in paths]


def list_figure_files(targets, planned):
    """Paths of the figures: the PDF and, of every page, the PNG."""
    return [
        path
        for target in targets
        for path in (f"<results>/figures/{target.name}.pdf", *planned[target.name]["pngs"])
    ]
