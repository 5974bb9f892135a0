"""Numbers of a configuration that are right one by one but not together. No numpy.

Grids that are empty or endless, values that stand for the same, bounds the wrong way round,
recipes that say what their study says, paths that no rule can name.
"""

import math
from fractions import Fraction

from modgap.plan.checks.values import path_problem

# Shifts or angles of one grid; shards of one dataset, one job each (LAION-400M has 66,667 of the
# usual size).
MOST_SHIFTS, MOST_JOBS = 10_000, 100_000

# Keys that a temperature of each kind has beside kind and tau.
TEMPERATURE_KEYS = {"scheduled": ("tau_end",), "learned": ("tau_min", "tau_max")}


def amount_problems(config):
    """One line for every number that does not fit beside another; after the schema."""
    lines = [*grid_lines(config), *repeat_lines(config), *sphere_lines(config)]
    lines += [
        line for where, recipe in list_recipes(config) for line in recipe_lines(where, recipe)
    ]
    lines += [line for where, one in list_temperatures(config) for line in tau_lines(where, one)]
    steps = config["training_studies"].get("optimiser", {}).get("recipe", {})
    for key in ("steps", "epochs"):
        if key in steps:
            lines.append(
                f"training_studies.optimiser.recipe.{key}: this study has steps of its own; drop it"
            )
    return lines


def grid_lines(config):
    """Grids of shifts that are empty or endless."""
    for section in ("shift", "downstream"):
        grid = config[section]["grid"]
        where, span = f"{section}.grid", grid["last"] - grid["first"]
        if span <= 0:
            yield f"{where}: first must be below last"
        elif grid["step"] > span:
            yield f"{where}.step: {grid['step']:g} is larger than the whole grid; give less"
        elif span / MOST_SHIFTS > grid["step"]:
            yield f"{where}.step: more than {MOST_SHIFTS:,} shifts; give a larger step"


def sphere_lines(config):
    """What the simulations on a sphere cannot be computed with."""
    if "sphere" not in config:
        return
    arcs, random = config["sphere"]["arcs"], config["sphere"]["random"]
    if arcs["step"] < 360 / MOST_SHIFTS:
        yield f"sphere.arcs.step: more than {MOST_SHIFTS:,} angles; give a larger step"
    low, high = random["temperature_range"]
    if low >= high:
        yield "sphere.random.temperature_range: give the lower temperature first"
    shares = [("arcs.n_pairs", arcs["n_pairs"], arcs["share"])]
    shares += [("random.shares", n, share) for n in random["n_pairs"] for share in random["shares"]]
    for where, n, share in shares:
        if round(share * n) == 1:
            yield (
                f"sphere.{where}: a share of {share:g} of {n} pairs is one pair, which has none "
                "to swap with"
            )


def repeat_lines(config):
    """Temperatures and batch sizes that stand for the same: 0.01 and 1/100, all and 1/1."""
    lists = {
        "shift.temperatures": config["shift"]["temperatures"],
        "shift.batch_sizes": config["shift"]["batch_sizes"],
    }
    if "sphere" in config:
        lists["sphere.arcs.temperatures"] = config["sphere"]["arcs"]["temperatures"]
    for where, items in lists.items():
        seen = {}
        for item in items:
            value = comparable(item)
            if where.endswith("batch_sizes") and isinstance(value, float):
                if value > 1:
                    yield f"{where}: {item} is more than all pairs; give a share of at most 1"
                value = ("share", value)
            value = ("share", 1.0) if value == "all" else value
            if value in seen:
                yield f"{where}: {seen[value]} and {item} are the same; remove one"
            seen[value] = item


def comparable(item):
    """A fraction as a number; numbers and words as they are."""
    return float(Fraction(item)) if isinstance(item, str) and "/" in item else item


def list_recipes(config):
    """(where, recipe) of every recipe of the configuration."""
    yield "training.recipe", config["training"]["recipe"]
    for section in ("training_runs", "training_studies"):
        for name, entry in config[section].items():
            yield f"{section}.{name}.recipe", entry.get("recipe", {})


def list_temperatures(config):
    """(where, temperature) of every temperature setting of the configuration."""
    for where, recipe in list_recipes(config):
        if "temperature" in recipe:
            yield f"{where}.temperature", recipe["temperature"]
    for i, cell in enumerate(config["training_studies"].get("gap_triggers", {}).get("cells", [])):
        yield f"training_studies.gap_triggers.cells.{i}.temperature", cell["temperature"]


def recipe_lines(where, recipe):
    """Nothing to train for: neither steps nor epochs in the recipe that all others lie over."""
    if where == "training.recipe" and not recipe.keys() & {"steps", "epochs"}:
        yield f"{where}: key 'steps' is missing; or give epochs"


def tau_lines(where, temperature):
    """Bounds the wrong way round, and keys that a temperature of this kind does not have."""
    kind = temperature["kind"]
    used = TEMPERATURE_KEYS.get(kind, ())
    for key in ("tau_end", "tau_min", "tau_max"):
        if key in temperature and key not in used:
            yield f"{where}.{key}: a {kind} temperature has none; drop it, or give another kind"
    low, high = temperature.get("tau_min", 0.01), temperature.get("tau_max", 1)
    if kind == "learned" and low >= high:
        yield f"{where}: tau_min {low:g} is not below tau_max {high:g}"


def shard_lines(config):
    """Datasets in more parts than a workflow can plan."""
    size = config["pixels"]["shard_size"]
    for name, entry in config["datasets"].items():
        if math.ceil(entry.get("n", 0) / size) > MOST_JOBS:
            yield (
                f"datasets.{name}.n: {entry['n']:,} pictures in shards of {size:,} are more than "
                f"{MOST_JOBS:,} jobs; raise pixels.shard_size"
            )


def named_path_lines(config, paths_of):
    """Paths that no rule can name.

    paths_of : gives (key, path) of the files of a dataset entry.
    """
    named = [(key, config[key]) for key in ("results", "resources", "downloads", "weights")]
    for name, entry in config["datasets"].items():
        named += [(f"datasets.{name}.{key}", path) for key, path in paths_of(entry)]
    for name, entry in config["models"].items():
        keys = ("path", "checkpoint", "weights")
        named += [(f"models.{name}.{key}", entry[key]) for key in keys if entry.get(key)]
    for section in ("zero_shot", "fairness"):
        for name, entry in config[section].items():
            if "prompts" in entry:
                named.append((f"{section}.{name}.prompts", entry["prompts"]))
    for name, pair in config["comparisons"].items():
        for i, item in enumerate(pair):
            if isinstance(item, dict):
                named.append((f"comparisons.{name}.{i}.results", item["results"]))
    for where, path in named:
        if problem := path_problem(path):
            yield f"{where}: {problem}"
