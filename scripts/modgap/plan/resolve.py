"""The plan of a configuration, resolved once: what every rule looks up, as nested mappings."""

import os
import shutil
from itertools import chain
from shlex import quote

from modgap.data.sources import download_rows
from modgap.errors import InputError, redact
from modgap.plan.cones import (
    plan_independent,
    plan_initialisations,
    plan_layers,
    plan_without_normalisation,
)
from modgap.plan.datasets import (
    describe_datasets,
    name_patterns,
    plan_crops,
    plan_datasets,
    plan_downloads,
    plan_fetching,
    plan_labelled,
    plan_plain_tars,
)
from modgap.plan.digest import content_version
from modgap.plan.embeddings import (
    describe_models,
    imported_patterns,
    list_imported,
    plan_clouds,
    plan_comparisons,
    plan_images,
    plan_imported,
    plan_matrix_clouds,
    plan_sets,
    plan_texts,
    plan_verification,
)
from modgap.plan.methods import TRANSFORMS, list_transforms, methods_pattern, plan_compared_methods
from modgap.plan.models.entries import model_geometry
from modgap.plan.models.repositories import repository_rows
from modgap.plan.models.weights import read_pins, tokenizer_rows, weight_rows
from modgap.plan.names import name_everything
from modgap.plan.outputs.claims import plan_claims
from modgap.plan.outputs.figures import list_figure_files, list_sources, plan_figures, plan_tables
from modgap.plan.outputs.references import read_references
from modgap.plan.outputs.report import (
    describe_report_sets,
    find_table,
    list_shown_samples,
    shows_samples,
)
from modgap.plan.outputs.targets import (
    FIGURES,
    TABLES,
    describe_shown,
    list_contents,
    list_outputs,
    select_targets,
)
from modgap.plan.paths import (
    IMPORTED,
    Context,
    all_parts,
    checkpoints,
    list_paired,
    one_of,
    set_parts,
    shard_counts,
)
from modgap.plan.sections.seeds import repeat_seeds
from modgap.plan.spelling import did_you_mean
from modgap.plan.tasks import plan_fairness, plan_prompts, plan_zero_shot, prompt_pattern
from modgap.plan.training import (
    classifier_runs,
    name_study_tables,
    plan_classifiers,
    plan_runs,
    plan_studies,
    plan_training,
)
from modgap.yaml_files import map_texts


def read_context(config, root):
    """The context of a checked configuration."""
    pins = read_pins(os.path.join(root, config["weights"]))
    runs, cells = plan_runs(config)
    return Context(
        config=config,
        root=root,
        shards=shard_counts(config),
        pins=pins,
        downloads={
            **download_rows(config, root),
            **weight_rows(pins, config["weights"]),
            **tokenizer_rows(os.path.join(root, config["weights"])),
            **repository_rows(config),
        },
        runs=runs,
        cells=cells,
        classifiers=classifier_runs(config),
        geometries={name: model_geometry(entry, root) for name, entry in config["models"].items()},
    )


def plan_verified(known):
    """What ``verify_cache`` looks at: of downloads what they must be, not their addresses."""
    told = ("file", "sha256", "sha256_start", "md5", "bytes", "table")
    rows = [{key: row[key] for key in told if key in row} for row in known.downloads.values()]
    return {**{key: known.config[key] for key in ("results", "resources")}, "rows": rows}


def resolve(config, root, configfiles=()):
    """The plan of a checked configuration.

    Parameters
    ----------
    root : folder of the project.
    configfiles : the user's files, for the commands that the report names.

    Returns
    -------
    dict of sections, most of them dicts by name; ``look_up`` finds what a rule needs.
    """
    known = read_context(config, root)
    # Jobs may be of any seed of a training; figures, tables and page show the first.
    repeated, seeds = repeat_seeds(config)
    every = read_context(repeated, root) if seeds else known
    contents = list_contents(known)
    described, models = describe_datasets(known), describe_models(every)
    plan = {
        "contents": contents,
        "wildcards": plan_wildcards(every),
        "patterns": plan_patterns(every),
        "resources": plan_resources(config),
        "fetching": plan_fetching(known),
        "downloads": plan_downloads(known),
        "plain_tars": plan_plain_tars(known),
        "verified": plan_verified(known),
        "datasets": plan_datasets(known, described),
        "crops": plan_crops(known, described),
        "labelled": plan_labelled(known),
        "imported": plan_imported(known),
        "matrix_clouds": plan_matrix_clouds(known),
        "images": plan_images(every, models),
        "texts": plan_texts(every, models, described),
        "prompts": plan_prompts(every, models),
        "verification": plan_verification(known, models),
        "training": plan_training(known, models),
        "classifiers": plan_classifiers(known),
        "studies": plan_studies(known),
        "clouds": plan_clouds(every),
        "embedding_sets": plan_sets(every),
        "comparisons": plan_comparisons(known),
        "gap_methods": plan_compared_methods(known),
        "transforms": list(TRANSFORMS),
        "initialisations": plan_initialisations(known, models, described),
        "layers": plan_layers(known, models, described),
        "without_normalisation": plan_without_normalisation(every, models, described),
        "independent_models": plan_independent(known, described),
        "zero_shot": plan_zero_shot(every),
        "fairness": plan_fairness(every),
        "figures": plan_figures(known),
        "tables": plan_tables(known),
        "claims": plan_claims(repeated, known.cells, root, seeds),
        "shown": {
            **{target.name: describe_shown(target, "Figures") for target in FIGURES},
            **{target.name: describe_shown(target, "Tables") for target in TABLES},
        },
    }
    figures, tables = select_targets(FIGURES, contents), select_targets(TABLES, contents)
    plan["targets"] = {
        "figures": list_figure_files(figures, plan["figures"]),
        "tables": list_outputs(tables, "tables"),
        "embeddings": all_parts(known),
        "training": checkpoints(known),
        "transforms": list_transforms(config),
    }
    everything = [plan["targets"][what] for what in ("figures", "tables", "training")]
    plan["targets"]["all"] = [*chain(*everything), "<results>/report/index.html"]
    plan["report"] = plan_report(known, plan, figures, tables, configfiles)
    return plan


def plan_wildcards(known):
    """Regular expressions of the wildcards that every rule shares."""
    config = known.config
    named = ["images", "texts", *(side for _, side in list_imported(config))]
    return {
        "dataset": one_of(config["datasets"]),
        "model": one_of([*config["models"], IMPORTED]),
        "embeddings": one_of(config["embedding_sets"]),
        "task": one_of(config["zero_shot"]),
        "fairness": one_of(config["fairness"]),
        "modality": one_of(dict.fromkeys(named)),
        "geometry": r"\d+-[a-z]+-[a-z]+",
        "shard": r"\d+",
        "run": one_of(known.runs),
        "independent": one_of(config["independent_models"]),
        "comparison": one_of(config["comparisons"]),
    }


def plan_patterns(known):
    """Regular expressions of wildcards that some rules narrow, or that one alone has."""
    config = known.config
    return {
        "model": one_of(config["models"]),
        "pairs": one_of(list_paired(config)),
        "methods": methods_pattern(config),
        "prompts": prompt_pattern(config),
        "classifier": one_of(known.classifiers),
        "study": one_of(name_study_tables(known)),
        **imported_patterns(config),
        **name_patterns(known),
    }


def plan_resources(config):
    """GPUs and nodes of the jobs that may need more than a processor.

    A job that embeds gets one GPU where the configuration or this machine has one, none elsewhere,
    so that jobs run side by side. A cluster's login node may have none: profiles/slurm sets it.
    """
    device, training = config["embeddings"]["device"], config["training"]
    here = device == "cuda" or (device == "auto" and shutil.which("nvidia-smi") is not None)
    processes = training["processes"] * training["nodes"]
    return {
        "embeddings": {"gpu": int(here)},
        "shift": {"gpu": int(config["shift"]["device"] == "cuda")},
        "training": {
            "gpu": processes * (training["device"] == "cuda"),
            "nodes": training["nodes"],
            # Slurm gives a node to a task; with GPUs it counts those instead.
            "tasks": training["nodes"] * (training["device"] == "cpu"),
        },
    }


def plan_report(known, planned, figures, tables, configfiles):
    """What the report shows of a run, and the files that it reads.

    planned : the plan so far. figures, tables : the targets of the configuration.
    configfiles : the user's files.
    """
    results, config = known.config["results"], known.config
    pages = {
        name: [path.replace("<results>", results) for path in figure["pngs"]]
        for name, figure in planned["figures"].items()
    }
    names = {table.name for table in tables}
    shown = [
        {
            "name": figure.name,
            "title": figure.title,
            "caption": figure.caption_file,
            "pages": pages[figure.name],
            "sources": list_sources(planned["figures"][figure.name], results),
            "table": find_table(figure.name, names),
            # What tells the runs of a training study apart.
            "cells": planned["figures"][figure.name].get("settings", {}).get("cells", []),
        }
        for figure in figures
    ]
    printed = [
        {
            "name": table.name,
            "title": table.title,
            "caption": table.caption_file,
            "csv": f"{results}/tables/{table.name}.csv",
            "md": f"{results}/tables/{table.name}.md" if "md" in table.formats else "",
        }
        for table in tables
        if table.name != "claims"
    ]
    drawn = {figure["name"] for figure in shown}
    sets = describe_report_sets(known)
    return {
        "samples": list_shown_samples(known, sets),
        # By set the clouds that it is measured from: answers that are older are of another run.
        "clouds": {
            name: [
                path.replace("<results>", results)
                for side in (0, 1)
                for path in set_parts(known, name, side)
            ]
            for name in config["embedding_sets"]
        },
        "content": content_version(os.path.join(known.root, "report")),
        "benchmarks": f"{results}/benchmarks",
        "sources": [path for figure in shown for path in figure["sources"]],
        # One file of every cloud, for what it says of its origin.
        "embeddings": [path for path in all_parts(known) if path.endswith("part-0.parquet")],
        "settings": {
            # What follows a target in a command that makes it again.
            "again": name_configfiles(configfiles),
            "answers": f"{results}/tables/answers.csv",
            "claim_figures": {
                claim: figure
                for claim, figure in planned["claims"]["figures"].items()
                if figure in drawn
            },
            "colours": [config["figures"]["first"], config["figures"]["second"]],
            "config": map_texts(config, redact),
            "figures": shown,
            "is_private": not all(shows_samples(known, name) for name in config["datasets"]),
            "names": name_everything(known, name_study_tables(known)),
            "references": read_references(known.root),
            "results": results,
            "sets": sets,
            "tables": printed,
        },
    }


def name_configfiles(paths):
    """The arguments of Snakemake that name the user's configuration files.

    One option for all of them (it holds only its last mention), and behind the target: it takes
    every word that follows for one more file.
    """
    near = [os.path.relpath(path) for path in paths]
    named = [
        str(path) if inner.startswith("..") else inner
        for path, inner in zip(paths, near, strict=True)
    ]
    return " ".join(["--configfile", *map(quote, named)]) if named else ""


def look_up(plan, keys, wildcards):
    """What the plan has under keys, one a level, with ``{wildcards}`` in them filled.

    A list is indexed by number (shards).

    Raises
    ------
    InputError : nothing planned of that name.
    """
    found = plan
    for key in keys:
        name = key.format(**wildcards) if "{" in key else key
        try:
            found = found[int(name)] if isinstance(found, list) else found[name]
        except (KeyError, IndexError, TypeError, ValueError):
            near = did_you_mean(name, found) if isinstance(found, dict) else ""
            section = keys[0] if key is not keys[0] else "plan"
            raise InputError(f"{section}: nothing planned of the name {name!r}{near}") from None
    return found


def sort_keys(value):
    """Mappings sorted at every level: Snakemake compares params by their text."""
    if isinstance(value, dict):
        return {key: sort_keys(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [sort_keys(item) for item in value]
    return value


def choose_settings(config, section, names, planned, more):
    """Settings of a job as one sorted dict.

    Parameters
    ----------
    section, names : a section of the configuration (it may be left out there, and None is none)
        and the keys of it that count, all without names.
    planned, more : what the plan and the rule add.
    """
    values = config.get(section, {})
    return sort_keys({**{key: values[key] for key in names or values}, **planned, **more})
