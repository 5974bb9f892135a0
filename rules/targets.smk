"""Every figure and table of a configuration, and what it needs from the network; no rules."""

ALL_PARTS = sorted(
    {
        path
        for entry in [*SETS.values(), *CONES]
        for modality in modalities(CONFIG, entry)
        for path in cloud_parts(entry, modality)
    }
    | {
        path
        for entry in [*TASKS.values(), *FAIRNESS.values()]
        for path in task_pictures(entry)
    }
)

# The published name of each study's table, and the study.
STUDY_OF_TABLE = {
    table: study
    for table, study in [
        ("temperature_finetuning", "temperature_finetuning"),
        ("initialisation_vs_optimisation", "initialisation"),
        ("gap_during_training", "gap_triggers"),
        ("embedding_width", "embedding_width"),
        ("training_without_normalisation", "without_normalisation"),
    ]
    if study in CELLS
}
FIGURE1_ROWS = figure1_rows()
FIGURE1_ORDER = [row["name"] for row in FIGURE1_ROWS]
SWEEP_ON_GPU = CONFIG["shift"]["device"] == "cuda"
PROCESSES = CONFIG["training"]["processes"] * CONFIG["training"]["nodes"]

# Something to compare models by, and weights that were not trained here.
ACROSS = any("model" in entry for entry in [*SETS.values(), *TASKS.values()])
FOREIGN_WEIGHTS = any(
    entry["source"] != "trained" and catalogue.weights_state(entry) == "trained"
    for entry in MODELS.values()
)

# What each figure and table needs to exist: a condition of the configuration.
FIGURE_NAMES = {
    "fig1_modality_gap": SETS,
    "fig2a_cone_histograms": CONES,
    "fig2b_depth_and_activation": CONFIG.get("random_networks"),
    "fig2c_random_initialisations": CONFIG["initialisations"],
    "figX_initial_gap": run_entries("initialisations", towers=2),
    "fig3_shift_landscape": SETS,
    "fig3_sphere_simulation": CONFIG.get("sphere"),
    "figS10_zero_shot_shift": TASKS,
    "figS11_fairness_shift": FAIRNESS,
    "figX_theorems": CONFIG.get("theorems"),
    "figX_cone_by_layer": CONFIG["layers"],
    "figS8_temperature_finetuning": "temperature_finetuning" in CELLS,
    "figX_initialisation_vs_optimisation": "initialisation" in CELLS,
    "figX_gap_during_training": "gap_triggers" in CELLS,
    "figS13_independent_models": INDEPENDENT,
    "figS14_second_picture_set": len(picture_sets()) > 1,
    "figS15_without_normalisation": CONFIG["without_normalisation"],
    "figX_embedding_width": "embedding_width" in CELLS,
    "figX_across_models": ACROSS,
}
TABLE_NAMES = {
    "gap_statistics": True,
    "across_models": ACROSS,
    "verify_weights": FOREIGN_WEIGHTS,
    "cone_statistics": True,
    "shift_minima": SETS,
    "table1_zero_shot": TASKS,
    "table2_fairness": FAIRNESS,
    **dict.fromkeys(STUDY_OF_TABLE, True),
    "claims": True,
}
LIST_NAMES = {
    "depth_and_activation": CONFIG.get("random_networks"),
    "theorems": CONFIG.get("theorems"),
    "random_initialisations": CONFIG["initialisations"],
    "cone_by_layer": CONFIG["layers"],
    "independent_models": INDEPENDENT,
    "without_normalisation": CONFIG["without_normalisation"],
    "skipped_samples": CONFIG["pixels"]["on_bad_sample"] == "skip",
}


def check_targets(asked):
    """Refuse figures and tables that are asked for by name and have nothing to show."""
    names = {**FIGURE_NAMES, **TABLE_NAMES, **LIST_NAMES}
    for name in asked:
        if name in names and not names[name]:
            raise WorkflowError(
                f"{name}: this configuration names nothing that it could show; config/README.md "
                "says which section does"
            )


def outputs(folder, names, endings):
    """Paths of the figures or tables of ``names`` whose condition holds."""
    return [
        f"<results>/{folder}/{name}.{ending}"
        for name, wanted in names.items()
        if wanted
        for ending in endings
    ]


FIGURES = outputs("figures", FIGURE_NAMES, ["pdf", "png"])
TABLES = outputs("tables", TABLE_NAMES, ["csv", "md", "tex"])
TABLES += outputs("tables", LIST_NAMES, ["csv"])

# What `prepare` makes, and what it says about it.
PREPARED_WEIGHTS = list(
    dict.fromkeys(path for name in MODELS for path in fetched_weights(name))
)
PREPARED = list(
    dict.fromkeys(path for name in DATASETS for path in fetched_paths(name))
)
PREPARED += PREPARED_WEIGHTS
FETCH_LIST = fetch_list(
    [
        *fetched_files(DATASETS, CONFIG["resources"], DOWNLOADS),
        *(local_name(path, CONFIG["resources"]) for path in PREPARED_WEIGHTS),
    ],
    DOWNLOADS,
    CONFIG["resources"],
    CONFIG["mirror"],
)

check_targets(sys.argv[1:])
