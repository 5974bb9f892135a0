"""What the report shows of each figure and table of a run; no rules."""

# Tables that one rule makes for several names, and the caption they share.
SHARED_CAPTIONS = dict.fromkeys(STUDY_OF_TABLE, "training_study.rst")


def title_of(name):
    """What the rule that makes a figure says of it, else its name in words."""
    try:
        about = workflow.get_rule(name).docstring.strip().splitlines()[0]
    except UnknownRuleException:
        return in_words(name)
    return about.rstrip(".")


def in_words(name):
    """A file's name as a title."""
    return name.replace("_", " ").capitalize()


def page_figure(name):
    """A figure of the run: title, caption, picture and the files it was drawn from."""
    return {
        "name": name,
        "title": title_of(name),
        "caption": f"{name}.rst",
        "png": f"{CONFIG['results']}/figures/{name}.png",
        "sources": sources_of(name),
    }


def sources_of(name):
    """The files that a figure is drawn from."""
    paths = []
    for item in workflow.get_rule(name).input:
        # A function there puts off what only some configurations have; figures have no wildcards.
        paths += item(None) if callable(item) else [str(item)]
    return [path.replace("<results>", CONFIG["results"]) for path in paths]


def page_table(name, printed):
    """A table of the run: title, caption and its files; ``printed`` tables have a short form."""
    return {
        "name": name,
        "title": title_of(name) if name.startswith("table") else in_words(name),
        "caption": SHARED_CAPTIONS.get(name, f"{name}.rst"),
        "csv": f"{CONFIG['results']}/tables/{name}.csv",
        "md": f"{CONFIG['results']}/tables/{name}.md" if printed else "",
    }


def spoken_names():
    """What people call every embedding set, cloud, task and run; and tables of one study."""
    names = {name: f"{spoken(entry)} ({name})" for name, entry in SETS.items()}
    for entry in [*CONES, *CONFIG["initialisations"], *CONFIG["layers"]]:
        cloud = f"{entry.get('model', IMPORTED)}/{entry['dataset']}"
        names[cloud] = spoken(entry)
        for side in modalities(CONFIG, entry):
            names[f"{cloud}/{side}"] = f"{spoken(entry)}, {side}"
    for name, entry in {**TASKS, **FAIRNESS}.items():
        names[name] = f"{entry.get('label', name)}: {spoken(entry)}"
    for name, run in RUNS.items():
        names[name] = f"{name}: {learning(run)}"
    for table, study in STUDY_OF_TABLE.items():
        runs = dict.fromkeys(learning(RUNS[cell["run"]]) for cell in CELLS[study])
        names[f"{CONFIG['results']}/statistics/training/{table}.parquet"] = ", ".join(
            runs
        )
    return names


def learning(run):
    """What a run trains on what, in words."""
    model = MODELS[run["model"]].get("label", run["model"])
    return f"{model} trained on {' and '.join(run['datasets'])}, measured on {run['held_out']}"


def spoken(entry):
    """A model on a dataset in words."""
    data = DATASETS[entry["dataset"]].get("label", entry["dataset"])
    if "model" not in entry:
        return data
    model = MODELS[entry["model"]]
    weights = catalogue.weights_state(model)
    return f"{model.get('label', entry['model'])} with {weights} weights on {data}"


def shards_with_provenance():
    """One file of every cloud of embeddings, for what it says of its origin."""
    return [path for path in ALL_PARTS if path.endswith("part-0.parquet")]


def page_content():
    """Digest of the page's templates and of every caption."""
    files = sorted(
        [*(ROOT / "report").glob("*.rst"), *(ROOT / "report/page").iterdir()]
    )
    return hashlib.sha256(
        b"".join(path.read_bytes() for path in files if path.is_file())
    ).hexdigest()


SPOKEN_NAMES = spoken_names()
