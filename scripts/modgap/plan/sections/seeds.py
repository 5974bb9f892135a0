"""What is measured of every seed of a training whose model stands for several.

A model that names a run with ``seeds`` is that of the first one: figures and tables show it. Its
other seeds are models too, NAME-seed1 and so on, and whatever is measured of the first is planned
for them under names of that form. Nothing but the claims asks for it, so it stands in no figure.
"""

from modgap.plan.checks.joined import joined_problems
from modgap.plan.tasks import OWN_GAP
from modgap.plan.training import find_seeds

LISTS = ("cones", "without_normalisation")
NAMED = ("embedding_sets", "zero_shot", "fairness")
# What only figures look at.
SHOWN_KEYS = ("beside", "label")


def list_seeded(config):
    """Models that stand for several seeds: model -> {seed: its run}, the first seed first."""
    seeds = {
        name: find_seeds(config, entry["run"])
        for name, entry in config["models"].items()
        if entry["source"] == "trained"
    }
    return {name: runs for name, runs in seeds.items() if len(runs) > 1}


def name_repeat(name, seed):
    """What a model, an embedding set or a task is called with a further seed."""
    return f"{name}-seed{seed}"


def list_repeats(config):
    """(model, seed, run) of the further seeds of every model."""
    return [
        (model, seed, run)
        for model, runs in list_seeded(config).items()
        for seed, run in list(runs.items())[1:]
    ]


def seed_problems(config):
    """A line for every name of the configuration that a further seed would have as well."""
    lines = []
    for section in ("models", *NAMED):
        made = [(name, repr(name)) for name in config[section]]
        for model, seed, _ in list_repeats(config):
            names = [model] if section == "models" else names_of(config[section], model)
            made += [(name_repeat(name, seed), f"{name!r} with seed {seed}") for name in names]
        lines += joined_problems(section, made)
    return lines


def names_of(entries, model):
    """Names of the sets or tasks of a model."""
    return [name for name, entry in entries.items() if entry.get("model") == model]


def repeat_seeds(config):
    """The configuration with every further seed, and what belongs to which seed.

    Parameters
    ----------
    config : the checked configuration.

    Returns
    -------
    config : with the models of further seeds and the sets, cones and tasks of each.
    seeds : dict: model -> (model of the first seed, seed), of all models that have several.
    """
    result = {section: dict(config[section]) for section in ("models", *NAMED)}
    result |= {section: list(config[section]) for section in LISTS}
    seeds = {model: (model, next(iter(runs))) for model, runs in list_seeded(config).items()}
    for model, seed, run in list_repeats(config):
        again = name_repeat(model, seed)
        seeds[again] = (model, seed)
        path = f"{config['results']}/training/{run}"
        result["models"][again] = {**config["models"][model], "run": run, "path": path}
        for section in LISTS:
            result[section] += [
                {**entry, "model": again}
                for entry in config[section]
                if entry.get("model") == model
            ]
        for section in NAMED:
            for name in names_of(config[section], model):
                entry = {**config[section][name], "model": again}
                if entry.get("gap", OWN_GAP) != OWN_GAP:
                    # The set is of the task's own model.
                    entry["gap"] = name_repeat(entry["gap"], seed)
                kept = {key: value for key, value in entry.items() if key not in SHOWN_KEYS}
                result[section][name_repeat(name, seed)] = kept
    return {**config, **result}, seeds


def name_first(name, model, seeds):
    """What something of a further seed is called with the first: its own name for the first."""
    first, seed = seeds[model]
    if model == first:
        return name
    head, slash, rest = name.partition("/")
    return (
        f"{first}/{rest}" if slash and head == model else name.removesuffix(name_repeat("", seed))
    )
