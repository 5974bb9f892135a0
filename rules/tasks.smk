"""What rules need to know of zero-shot and fairness tasks; no rules."""

from modgap.plan.prompts import GIVEN, prompt_name, prompt_path, read_prompts
from modgap.plan.tasks import OWN_GAP, grid_deltas, task_columns, task_templates

# Tasks whose prompts are embedded here; those on ready embeddings bring theirs.
PROMPTED = [e for e in [*TASKS.values(), *FAIRNESS.values()] if "prompts" in e]


def prompts_of(entry):
    """The prompt file of a zero-shot or fairness task."""
    return prompt_path(entry["prompts"], ROOT)


def prompt_vectors(entry):
    """Embedded class prompts of a task."""
    if "prompts" not in entry:
        return f"<results>/prompts/{IMPORTED}/{entry['dataset']}.parquet"
    return f"<results>/prompts/{entry['model']}/{prompt_name(entry['prompts'])}.parquet"


def embedded_templates(model, name):
    """Sets of templates that any task needs of a prompt file with a model."""
    return sorted(
        {
            chosen
            for entry in PROMPTED
            if entry["model"] == model and prompt_name(entry["prompts"]) == name
            for chosen in task_templates(entry, read_prompts(prompts_of(entry)))
        }
    )


def prompt_file(model, name):
    """The prompt file that results call ``name``."""
    return next(
        prompts_of(entry)
        for entry in PROMPTED
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
    gap = gap_set(entry)
    if "prompts" in entry:
        path = prompts_of(entry)
        columns = task_columns(entry, read_prompts(path))
    else:
        path = DATASETS[entry["dataset"]]["class_prompts"]
        columns = [entry.get("column", "label")]
    return {
        "name": name,
        "prompts_file": path,
        "columns": columns,
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
            "gap": entry.get("gap", OWN_GAP),
            **(prompted_row(entry) if "prompts" in entry else GIVEN_ROW),
        }
        for name, entry in tasks.items()
    ]


# Of ready embeddings nothing is known but that the prompts came with them.
GIVEN_ROW = {"model": IMPORTED, "state": "", "prompts": GIVEN, "templates": GIVEN}


def prompted_row(entry):
    """Model and prompts of a task whose prompts are embedded here."""
    return {
        "model": MODELS[entry["model"]].get("label", entry["model"]),
        "state": catalogue.weights_state(MODELS[entry["model"]]),
        "prompts": prompt_name(entry["prompts"]),
        "templates": task_templates(entry, read_prompts(prompts_of(entry)))[0],
    }
