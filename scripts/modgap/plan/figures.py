"""What each figure and table is made from, and the settings of the rule that makes it."""

from modgap.data.sources import modality_names
from modgap.plan.cones import (
    describe_entries,
    describe_independent,
    describe_states,
    list_tables,
    name_unnormalised,
    select_entries,
    select_unnormalised,
)
from modgap.plan.names import (
    dataset_label,
    describe_clouds,
    describe_models_compared,
    describe_sets,
    describe_tasks,
    set_state,
)
from modgap.plan.paths import (
    cone_clouds,
    list_matrices,
    modalities,
    picture_sets,
    pixel_indexes,
    statistics_path,
)
from modgap.plan.references import read_references
from modgap.plan.tasks import drawn_shifts
from modgap.plan.training import name_study_tables, study_trajectories


def list_statistics(what, names):
    """One table of measurements for each name."""
    return [statistics_path(what, name) for name in names]


def plan_figures(known):
    """By rule of a figure: its input files by name, and ``settings``."""
    return {
        **plan_gap_figures(known),
        **plan_cone_figures(known),
        **plan_simulation_figures(known),
        **plan_task_figures(known),
        **plan_training_figures(known),
    }


def plan_gap_figures(known):
    """Figures of embedding sets."""
    rows = describe_sets(known.config)
    names = [row["name"] for row in rows]
    return {
        "fig1_modality_gap": {
            "projections": list_statistics("projection", names),
            "gaps": list_statistics("gap", names),
            "settings": {"rows": rows},
        },
        "fig3_shift_landscape": {
            "landscapes": list_statistics("loss_landscape", names),
            "extrema": list_statistics("loss_extrema", names),
            "gradients": list_statistics("loss_gradient", names),
            "clouds": list_statistics("shifted_clouds", names),
            "settings": {"rows": rows},
        },
        "figX_across_models": {"table": "<results>/tables/across_models.csv"},
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
        "statistics": list_statistics("gap", names),
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
    return {
        "fig2a_cone_histograms": plan_histograms(config, first),
        "figS14_second_picture_set": plan_histograms(config, every),
        "fig2c_random_initialisations": {
            "tables": list_tables(entries, "seeds"),
            "values": list_tables(entries, "seed_values"),
            "points": list_tables(entries, "seed_points"),
            "settings": {"runs": describe_entries(config, entries)},
        },
        "figX_initial_gap": {
            "tables": list_tables(two_towers, "seeds"),
            "values": list_tables(two_towers, "seed_values"),
            "settings": {"runs": describe_entries(config, two_towers)},
        },
        "figX_cone_by_layer": {"rows": "<results>/statistics/cone_by_layer.parquet"},
        "figS13_independent_models": {
            "tables": list_statistics("independent", independent),
            "points": list_statistics("independent_points", independent),
            "random": list_statistics("seeds", random),
            "settings": {"groups": groups},
        },
        "figS15_without_normalisation": {
            "table": "<results>/statistics/without_normalisation.parquet",
            "points": list_tables(disabled, "without_normalisation_points"),
            "settings": name_unnormalised(known),
        },
    }


def plan_histograms(config, clouds):
    """A figure of the cosines within clouds."""
    names = ["/".join(cloud) for cloud in clouds]
    return {
        "cones": list_statistics("cone", names),
        "histograms": list_statistics("cone_histogram", names),
        "settings": {"clouds": describe_clouds(config, clouds)},
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
            "settings": {"tasks": describe_tasks(config, known.root, "zero_shot")},
        },
        "figS11_fairness_shift": {
            "rates": list_statistics("fairness", config["fairness"]),
            "settings": {
                "tasks": describe_tasks(config, known.root, "fairness"),
                "shifts": drawn_shifts(config["downstream"]),
            },
        },
    }


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
    embedded = [name for name, entry in config["embedding_sets"].items() if "model" in entry]
    summaries = [
        f"<results>/statistics/training/{name}.parquet"
        for name, study in name_study_tables(known).items()
        if study == "without_normalisation"
    ]
    return {
        "table_statistics": {
            "gaps": list_statistics("gap", config["embedding_sets"]),
            "cones": list_statistics("cone", ["/".join(cloud) for cloud in cone_clouds(known)]),
        },
        "table_answers": {
            "measured": list_statistics("gap", config["embedding_sets"]),
            "settings": {
                "rows": describe_sets(config),
                "references": read_references(known.root),
            },
        },
        "table_models": {
            "gaps": list_statistics("gap", embedded),
            "curves": list_statistics(
                "zero_shot", [name for name, entry in tasks.items() if "model" in entry]
            ),
            "settings": describe_models_compared(config),
        },
        "table_shift_minima": {
            "extrema": list_statistics("loss_extrema", config["embedding_sets"]),
            "settings": {
                "states": {name: set_state(config, name) for name in config["embedding_sets"]}
            },
        },
        "table1_zero_shot": {
            "selections": list_statistics("zero_shot_selection", tasks),
            "controls": list_statistics("zero_shot_controls", tasks),
            "curves": list_statistics("zero_shot", tasks),
            "settings": {"tasks": describe_tasks(config, known.root, "zero_shot")},
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
        "table_skipped": {"indexes": pixel_indexes(known)},
    }


def list_sources(figure, results):
    """Files that a planned figure is drawn from; results : the folder of the results."""
    paths = []
    for key, value in figure.items():
        if key != "settings":
            paths += [value] if isinstance(value, str) else value
    return [path.replace("<results>", results) for path in paths]
