"""The claims of the paper (``config/claims.yaml``), checked, and which of them a run may judge."""

import hashlib
import os

from modgap.data.modalities import modality_names
from modgap.errors import InputError
from modgap.plan.checks.schema import schema_problems
from modgap.plan.config import load_yaml
from modgap.plan.models.entries import weights_state
from modgap.plan.paths import IMPORTED, is_imported, list_paired, modalities
from modgap.plan.prompts import GIVEN
from modgap.plan.sections.seeds import name_first
from modgap.plan.training import independent_entries

# A claim is judged by the value of one row unless it says one of these.
FORMS = ("minus", "ratio", "trend", "slope", "spread", "count", "share")
USUAL_COLUMNS = {"value": "value", "low": "low", "high": "high"}


def read_claims(path, schema):
    """The parsed file, after every check.

    Raises
    ------
    InputError : all problems, one per line.
    """
    content = load_yaml(path)
    problems = schema_problems(content, load_yaml(schema))
    problems = problems or claim_problems(content)
    if problems:
        listed = "".join(f"\n  {path}: {line}" for line in problems)
        raise InputError(f"Problems with the claims:{listed}")
    return content


def load_claims(path, schema):
    """Every claim with what its source says, ready for ``modgap.report.verdicts``.

    Returns
    -------
    tables : dict: name -> what it is about (``of``), its ``path`` under the results and the
        ``figure`` that shows it.
    claims : list of dicts; ``also`` has the further rows that a claim is about, ready like its own.
    """
    content = read_claims(path, schema)
    claims = []
    for claim in content["claims"]:
        source = content["sources"][claim["about"]]
        # A claim may say these otherwise than its source.
        says = {key: source[key] for key in ("decidable", "needs", "sample") if key in source}
        also = [resolve_rows(part, content) for part in claim.get("also", [])]
        whole = {**says, **claim, **resolve_rows(claim, content), "also": also}
        claims.append({**whole, "scale": source["scale"]})
    figures = content.get("figures", {})
    tables = {
        name: {**about, "figure": figures.get(name, "")}
        for name, about in content["tables"].items()
    }
    return tables, claims


def resolve_rows(part, content):
    """Table, rows and columns of what a claim is about, those of its source included."""
    source = content["sources"][part["about"]]
    rows = {**source.get("rows", {}), **part.get("rows", {})}
    if "sha256" in source:
        rows["sha256"] = imported_digest(source["sha256"])
    usual = content["tables"][part["table"]].get("columns", USUAL_COLUMNS)
    return {"table": part["table"], "rows": rows, "columns": part.get("columns", usual)}


def claim_problems(content):
    """What the schema cannot say: references, and what a claim may combine."""
    lines, ids = [], [claim["id"] for claim in content["claims"]]
    for claim in content["claims"]:
        where = f"claims.{claim['id']}"
        if ids.count(claim["id"]) > 1:
            lines.append(f"{where}: the id occurs more than once")
        for part in [claim, *claim.get("also", [])]:
            for key, known in (("about", "sources"), ("table", "tables")):
                if part[key] not in content[known]:
                    lines.append(f"{where}.{key}: no {part[key]!r} in {known}")
        lines += [f"{where}: {problem}" for problem in expectation_problems(claim, content)]
    for run, judged in content["judged"].items():
        lines += [f"judged.{run}: no claim {name!r}" for name in judged if name not in ids]
    return list(dict.fromkeys(lines))


def expectation_problems(claim, content):
    """What is wrong with what a claim expects and how it is measured."""
    expectations = [key for key in ("tolerance", "above", "below") if key in claim]
    if len(expectations) != 1:
        yield "give one of tolerance, above and below"
    if "tolerance" in claim and not {"published", "target"} & claim.keys():
        yield "a tolerance needs the published value, or a target"
    forms = [key for key in FORMS if key in claim]
    if len(forms) > 1:
        yield f"give at most one of {', '.join(FORMS)}"
    if "minus" in claim and "tolerance" in claim:
        yield "a difference (minus) is judged by above or below"
    parts = [claim, *claim.get("also", [])]
    scales = {content["sources"].get(part["about"], {}).get("scale") for part in parts}
    if len(scales) > 1:
        yield "a claim is about models and data of one scale"
    if scales == {"embedded"} and "tolerance" in claim and "target" not in claim:
        yield (
            "the paper's values are never judged on embedded models and data; give above, below or "
            "a target of your own"
        )
    about = {content["tables"].get(part["table"], {}).get("of") for part in parts}
    if claim.get("unit") == "seeds":
        return
    if about & set(STUDIES):
        yield "a claim about a training study has unit: seeds"
    elif any(names_trained(content["sources"].get(part["about"], {})) for part in parts):
        yield "a claim about models trained here has unit: seeds"


def names_trained(source):
    """Whether the models of a source are trained by the run."""
    named = source.get("rows", {}).get("source", [])
    return "trained" in ([named] if isinstance(named, str) else named)


# Keys of a dataset that say which data it is.
IDENTITY = ("kind", "name", "split")

STUDIES = (
    "temperature_finetuning",
    "initialisation",
    "optimiser",
    "gap_triggers",
    "embedding_width",
)

SIZES = ("n_inputs", "input_size", "width", "seed")

# Side of the pictures of models that do not say another, in pixels.
USUAL_SIZE = 224


def list_subjects(config, cells, seeds=None):
    """Names of everything that the tables of a run are about, and what each is.

    config : the checked configuration; cells : studies of training runs (``plan_runs``).
    seeds : models that stand for several seeds (``repeat_seeds``); what is measured of them has the
        attributes ``training_seed`` and ``measured_on``, its name with the first seed.

    Returns
    -------
    dict: what (``embedding_sets``, ``cones``, ``initialisations``, ``disabled_normalisation``,
    ``independent_models``, ``zero_shot``, ``fairness``, a training study, ``random_networks``,
    ``theorems``, ``sphere``, ``gap_methods`` or ``printed_numbers``) -> name -> dict of
    attributes. What the run does not have is empty; printed numbers have no file.
    """
    sets = {
        name: describe_subject(config, entry.get("model"), entry["dataset"])
        for name, entry in config["embedding_sets"].items()
        # The paper's claims are about pairs.
        if name in list_paired(config)
    }
    cones = {
        f"{entry.get('model', IMPORTED)}/{entry['dataset']}/{modality}": {
            **describe_subject(config, entry.get("model"), entry["dataset"]),
            "modality": modality,
        }
        for entry in config["cones"]
        for modality in modalities(config, entry)
    }
    result = {"embedding_sets": sets, "cones": cones, "printed_numbers": {}}
    result["initialisations"] = {
        f"{entry['model']}/{entry['dataset']}": {
            **describe_subject(config, entry["model"], entry["dataset"]),
            **describe_seeds(config["cone_study"]),
        }
        for entry in config["initialisations"]
    }
    result["disabled_normalisation"] = {
        f"{entry['model']}/{entry['dataset']}": drop_key(
            describe_subject(config, entry["model"], entry["dataset"]), "normalisation"
        )
        for entry in config["without_normalisation"]
    }
    for section in ("zero_shot", "fairness"):
        result[section] = {
            name: {
                **describe_subject(config, entry.get("model"), entry["dataset"]),
                # The table of fairness says itself which prompts a row has.
                **({"templates": entry.get("templates", GIVEN)} if section == "zero_shot" else {}),
            }
            for name, entry in config[section].items()
        }
    result["independent_models"] = {
        # Several trainings, which the table counts itself.
        name: drop_key(
            describe_network(config, take_one(independent_entries(config, name)), entry["dataset"]),
            "n_seeds",
        )
        for name, entry in config["independent_models"].items()
    }
    # Methods are compared on the first seed of a model.
    result["gap_methods"] = {
        name: dict(sets[name]) for name in config["gap_methods"] if name in sets
    }
    mark_seeds(result, config, seeds or {})
    for study, entry in config["training_studies"].items():
        result[study] = {study: describe_study(config, entry)} if study in cells else {}
    for study in STUDIES:
        result.setdefault(study, {})
    for section in ("random_networks", "theorems", "sphere"):
        result[section] = (
            {section: describe_simulation(config[section])} if section in config else {}
        )
    return result


def mark_seeds(subjects, config, seeds):
    """Add what tells the seeds of a training apart; see ``list_subjects``."""
    for what in ("embedding_sets", "cones", "disabled_normalisation", "zero_shot", "fairness"):
        for name, attributes in subjects[what].items():
            # Cones and the like are called MODEL/DATASET.
            entry = config.get(what, {}) if what != "cones" else {}
            model = entry[name].get("model") if name in entry else name.split("/")[0]
            if model in seeds:
                first = name_first(name, model, seeds)
                attributes |= {"training_seed": seeds[model][1], "measured_on": first}


def describe_subject(config, model, dataset):
    """Attributes of a model (None for ready embeddings) on a dataset."""
    return describe_network(config, config["models"][model] if model else {}, dataset)


def describe_network(config, network, dataset):
    """Attributes of a model's entry (empty for ready embeddings) on a dataset."""
    entry = config["datasets"][dataset]
    # A model trained here is one seed of its training.
    trained = {"n_seeds": 1} if network.get("source") == "trained" else {}
    return {
        **trained,
        "source": network.get("source", ""),
        "state": weights_state(network) if network else "",
        "architecture": network.get("architecture", ""),
        "pretrained": network.get("pretrained") or network.get("weights") or "",
        "normalisation": network.get("normalisation", "own"),
        "size": network.get("size", USUAL_SIZE),
        # Of ready embeddings nobody knows.
        "precision": network.get("precision", config["embeddings"]["precision"]) if network else "",
        "kind": entry["kind"],
        "data": name_data(entry),
        "dataset": dataset if is_imported(entry) else "",
    }


def drop_key(attributes, key):
    """The attributes but one, which the rows of a table say themselves."""
    return {name: value for name, value in attributes.items() if name != key}


def take_one(models):
    """One of several models that differ in nothing but how they came to be."""
    return next(iter(models.values()))


def name_data(entry):
    """Which data a dataset is, whatever it is called: kind, name and split."""
    return " ".join(str(entry[key]) for key in IDENTITY if key in entry)


def describe_study(config, study):
    """Attributes of a training study: its model before training, its data, its seeds."""
    first = {**study, **study.get("cells", [{}])[0]}
    model = first.get("model") or first["models"][0]
    learned_from = [name_data(config["datasets"][name]) for name in first["datasets"]]
    return {
        **describe_subject(config, model, first["held_out"]),
        "learned_from": ", ".join(learned_from),
        "seeds_of_study": ", ".join(map(str, study["seeds"])),
    }


def describe_simulation(entry):
    """Size and seeds of a simulation, which its tables do not repeat."""
    return {**{key: entry[key] for key in SIZES if key in entry}, **describe_seeds(entry)}


def describe_seeds(section):
    """The seeds of a section that says how many there are, in words."""
    return {"seeds_of_study": f"0 to {section['seeds'] - 1}"} if "seeds" in section else {}


def imported_digest(sha256):
    """The digest that embeddings imported from one file of this sha256 carry."""
    return hashlib.sha256(sha256.encode()).hexdigest()


def plan_claims(config, cells, root, seeds=None):
    """The claims, and for each of their tables its files in this run and what each is about.

    config, seeds : what ``repeat_seeds`` makes of the checked configuration.
    """
    tables, claims = load_claims(
        os.path.join(root, "config", "claims.yaml"),
        os.path.join(root, "config", "claims.schema.yaml"),
    )
    subjects = list_subjects(config, cells, seeds)
    return {
        # Their provenance says which file was imported.
        "imported": [
            f"<results>/embeddings/{IMPORTED}/{name}/{modality_names(entry)[0]}/part-0.parquet"
            for name, entry in config["datasets"].items()
            if is_imported(entry)
        ],
        "files": {
            name: [
                f"<results>/{table['path'].format(name=about)}" for about in subjects[table["of"]]
            ]
            for name, table in tables.items()
        },
        # The figure of each claim.
        "figures": {claim["id"]: tables[claim["table"]]["figure"] for claim in claims},
        "settings": {
            "claims": claims,
            "described": {
                name: [{"name": about, **what} for about, what in subjects[table["of"]].items()]
                for name, table in tables.items()
            },
        },
    }
