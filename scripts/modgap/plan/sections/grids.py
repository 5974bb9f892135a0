"""Models times datasets in one line: ``grid: {models: […], datasets: […]}``, written out."""

from modgap.plan.spelling import did_you_mean

GRID = "grid"
GRID_KEYS = ("datasets", "models")


def expand_grids(config):
    """The configuration with the grids of embedding sets and cones written out, and problems.

    Every dataset with every model, datasets outermost, where the grid stands. An embedding set is
    called DATASET-MODEL, as one that is derived.

    Parameters
    ----------
    config : the whole configuration, right by the schema, with every section.

    Returns
    -------
    (config, lines) : a line for every name in a grid that there is none of, for every set that
        two would share, and for a cone that names more beside its grid.
    """
    sets, lines = {}, []
    for name, entry in config["embedding_sets"].items():
        if name == GRID:
            lines += unknown_in_grid("embedding_sets.grid", entry, config)
        for key, value in grid_sets(entry) if name == GRID else [(name, entry)]:
            if key in sets:
                lines.append(
                    f"embedding_sets: two sets would be called {key!r}; rename one, or leave it "
                    "out of the grid"
                )
            sets[key] = value
    cones = []
    for i, entry in enumerate(config["cones"]):
        if GRID not in entry:
            cones.append(entry)
            continue
        if len(entry) > 1:
            lines.append(f"cones.{i}: grid stands alone; give the dataset an entry of its own")
        lines += unknown_in_grid(f"cones.{i}.grid", entry[GRID], config)
        cones += grid_pairs(entry[GRID])
    return {**config, "embedding_sets": sets, "cones": cones}, list(dict.fromkeys(lines))


def grid_pairs(grid):
    """Entries of every dataset with every model."""
    return [
        {"dataset": dataset, "model": model}
        for dataset in grid["datasets"]
        for model in grid["models"]
    ]


def grid_sets(grid):
    """(name, entry) of the embedding sets of a grid."""
    return [(f"{pair['dataset']}-{pair['model']}", pair) for pair in grid_pairs(grid)]


def unknown_in_grid(where, grid, config):
    """Lines for datasets and models of a grid that there are none of."""
    return [
        f"{where}.{key}: no {key.removesuffix('s')} named {name!r}{did_you_mean(name, config[key])}"
        for key in GRID_KEYS
        for name in grid[key]
        if name not in config[key]
    ]
