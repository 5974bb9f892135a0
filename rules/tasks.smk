"""What rules need to know of zero-shot and fairness tasks; no rules."""

from modgap.prompts import prompt_name, prompt_path, read_prompts
from modgap.tasks import OWN_GAP, grid_deltas, task_columns, task_templates


def prompts_of(entry):
    """The prompt file of a zero-shot or fairness task."""
    return prompt_path(entry["prompts"], ROOT)


def prompt_vectors(entry):
    """Embedded class prompts of a task."""
    return f"<results>/prompts/{entry['model']}/{prompt_name(entry['prompts'])}.parquet"


def embedded_templates(model, name):
    """Sets of templates that any task needs of a prompt file with a model."""
    return sorted(
        {
            chosen
            for entry in [*TASKS.values(), *FAIRNESS.values()]
            if entry["model"] == model and prompt_name(entry["prompts"]) == name
            for chosen in task_templates(entry, read_prompts(prompts_of(entry)))
        }
    )


def prompt_file(model, name):
    """The prompt file that results call ``name``."""
    return next(
        prompts_of(entry)
        for entry in [*TASKS.values(), *FAIRNESS.values()]
        if entry["model"] == model and prompt_name(entry["prompts"]) == name
    )


def gap_set(entry):
    """The embedding set that gives a task its gap direction; None for the task itself."""
    gap = entry.get("gap", OWN_GAP)
    return None if gap == OWN_GAP else gap


def gap_parts(entry, side):
    """Shards of one modality of the embedding set behind a task's gap; none for the task itself."""
    return set_parts(gap_set(entry), side) if gap_set(entry) else []


def gap_samples(entry):
    """Samples table of the embedding set behind a task's gap."""
    return set_samples(gap_set(entry)) if gap_set(entry) else []


def fairness_templates(entry):
    """Sets of templates of a fairness task, the one of the table first."""
    return task_templates(entry, read_prompts(prompts_of(entry)))


def task_settings(name, entry):
    """What both sweeps need to know of a task."""
    prompts = read_prompts(prompts_of(entry))
    gap = gap_set(entry)
    return {
        "name": name,
        "prompts_file": prompts_of(entry),
        "columns": task_columns(entry, prompts),
        "caption": set_caption(gap) if gap else None,
        "deltas": grid_deltas(CONFIG["downstream"]["grid"]),
    }


def fairness_range():
    """Shifts that Figure 7 draws: those tested, and one step of the grid around them."""
    shifts, step = (
        CONFIG["downstream"]["fairness_shifts"],
        CONFIG["downstream"]["grid"]["step"],
    )
    return [min(shifts) - step, max(shifts) + step]


def task_rows(tasks):
    """What tables and figures say of each task."""
    return [
        {
            "name": name,
            "label": entry.get("label", name),
            "dataset": DATASETS[entry["dataset"]].get("label", entry["dataset"]),
            "model": MODELS[entry["model"]].get("label", entry["model"]),
            "state": catalogue.weights_state(MODELS[entry["model"]]),
            "prompts": prompt_name(entry["prompts"]),
            "templates": task_templates(entry, read_prompts(prompts_of(entry)))[0],
            "gap": entry.get("gap", OWN_GAP),
        }
        for name, entry in tasks.items()
    ]
