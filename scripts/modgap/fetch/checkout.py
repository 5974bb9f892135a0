"""The project that a Snakefile belongs to: its folder, and the library that lies in it.

A workflow of somebody else's may read our Snakefile as a module, from anywhere. This file is read
by its path, before any ``modgap`` can be imported: nothing of ours, no numpy.
"""

import copy
import io
import os
import sys
import tarfile
import tempfile
from pathlib import Path

# What a workflow needs of a repository.
PARTS = ("Snakefile", "config", "envs", "report", "rules", "scripts")

NO_PREFIX = (
    "module: a prefix does not reach the paths inside figures, tables and the report; leave it "
    "out, and name the folders with results: and resources: in the module's config"
)
NO_INCLUDE = (
    "include: would lay wildcards and handlers of modgap over the rules of {main}; write instead: "
    'module modgap: snakefile: "{snakefile}", config: …, and use rule * from modgap as gap_*'
)
NO_REPOSITORY = (
    "{snakefile}: a Snakefile from a web address comes without its files; name its repository, "
    'github("OWNER/NAME", path="Snakefile", tag="…"), or the path of a clone'
)


def find_project(workflow, error, kept=".snakemake/modgap"):
    """Folder of the project, told from the file of ours that is being read (one in ``rules/``).

    A Snakefile that comes out of a git repository, github(…) say, comes alone. Its commit is
    unpacked once below the folder ``kept``, and what the Snakefile names from here on is looked for
    there, so that rules, scripts and library are of one commit.

    error : class of the exception where the Snakefile cannot be used in this way.
    """
    rules = workflow.current_basedir
    if isinstance(rules, os.PathLike):
        project = Path(rules).parent
    else:
        from snakemake.sourcecache import LocalSourceFile

        repository, reference = open_repository(workflow, rules, error)
        project = unpack_commit(repository, reference, Path(kept).absolute())
        # The Snakefile stands below its file in rules/, which has been read by now.
        workflow.included_stack[-2] = LocalSourceFile(str(project / "Snakefile"))
    is_included = is_main(workflow) and len(workflow.included_stack) > 2
    if is_included and not is_inside(workflow.main_snakefile, project):
        main, snakefile = Path(workflow.main_snakefile).name, project / "Snakefile"
        raise error(NO_INCLUDE.format(main=main, snakefile=snakefile))
    return project


def is_main(workflow):
    """Whether our Snakefile is the workflow itself, and no module of another."""
    return workflow.modifier.is_main_snakefile()


def is_inside(path, folder):
    """Whether a file lies in a folder or one below it."""
    return Path(folder).resolve() in Path(path).resolve().parents


def read_given(workflow, config):
    """What a user gave: the configuration, what names the results, files of the command line.

    A module gets its own by ``config:``, here as a copy, for the plan writes into it. Its results
    are called after it, unless it says ``results:``, or ``pathvars:`` of the module say it.
    """
    if is_main(workflow):
        return config, workflow.configfiles, workflow.configfiles
    pathvars = workflow.pathvars
    # Snakemake's levels: 3 is of a workflow, and what a module or its config says is below.
    folders = {
        name: pathvars.get(name) for name in ("results", "resources") if pathvars.level[name] < 3
    }
    given = {**copy.deepcopy(dict(config)), **folders}
    return given, [workflow.modifier.namespace], workflow.overwrite_configfiles


def check_prefix(workflow, config, error):
    """Refuse a module whose files would lie elsewhere than the plan says, as an ``error``."""
    for folder in (config["results"], config["resources"]):
        path = f"{folder}/tables/answers.csv"
        if workflow.modifier.path_modifier.replace_prefix(path) != path:
            raise error(NO_PREFIX)


def open_repository(workflow, source, error):
    """The git repository of one of Snakemake's source files, and the commit, tag or branch."""
    from git import Repo

    if hasattr(source, "hosted_repo"):
        source.cache_path = workflow.sourcecache.cache_path
        return source.hosted_repo.repo, source.ref
    if hasattr(source, "repo_path"):
        return Repo(source.repo_path), source.ref
    raise error(NO_REPOSITORY.format(snakefile=source.get_path_or_uri(secret_free=True)))


def unpack_commit(repository, reference, folder):
    """Write the files of a commit to ``folder``/COMMIT, if they are not there; return that path."""
    commit = repository.commit(reference)
    target = Path(folder, commit.hexsha)
    if not target.is_dir():
        Path(folder).mkdir(parents=True, exist_ok=True)
        packed = io.BytesIO()
        there = [part for part in PARTS if part in {entry.name for entry in commit.tree}]
        repository.archive(packed, commit.hexsha, path=there)
        packed.seek(0)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".part-") as scratch:
            with tarfile.open(fileobj=packed) as archive:
                archive.extractall(Path(scratch, "tree"), filter="data")
            try:
                os.rename(Path(scratch, "tree"), target)
            except OSError:
                if not target.is_dir():  # another process may have been first
                    raise
    return target


def take_library(scripts):
    """Have ``import modgap`` find the library in the folder ``scripts``.

    Returns the loaded modules of another ``modgap``, by name, for ``leave_library``.
    """
    others = {}
    loaded = sys.modules.get("modgap")
    # A folder of the name without __init__.py has no file.
    if loaded is not None and not is_inside(loaded.__file__ or os.devnull, scripts):
        others = pop_library()
    sys.path.insert(0, str(scripts))
    return others


def leave_library(scripts, others, *, unload):
    """Undo ``take_library``: what follows in the same process imports as if nothing had been.

    unload : whether to forget the modules of the library too; who has them goes on using them.
    """
    sys.path.remove(str(scripts))
    if unload:
        pop_library()
        sys.modules.update(others)


def pop_library():
    """Forget every loaded module of ``modgap``; return them by name."""
    names = [name for name in sys.modules if name.partition(".")[0] == "modgap"]
    return {name: sys.modules.pop(name) for name in names}
