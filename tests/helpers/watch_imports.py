"""Notes from where the jobs of a conda environment take their modules.

Snakemake appends its own site-packages to ``sys.path`` of every script, so a package that an
environment lacks is silently taken from there. Copied into an environment as ``sitecustomize.py``,
this file writes, when a job ends, ``seen/<process>.json`` below the environment's prefix: the job's
script, the third-party packages that it has from the environment, and those from elsewhere.
What Snakemake itself imports in order to hand over the job is its own.
"""

import atexit
import builtins
import json
import os
import sys

PREFIX = os.path.realpath(sys.prefix) + os.sep
PROJECT = os.path.realpath(os.getcwd()) + os.sep
OUTSIDE = {}
OF_SNAKEMAKE = set()
plain_import = builtins.__import__


def place(module):
    """The file or folder that a module lies in; nothing for those built into the interpreter."""
    path = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", [])), None)
    return os.path.realpath(path) if path else None


def foreign(path):
    """Whether a file belongs neither to the environment nor to the project."""
    return path is not None and not path.startswith((PREFIX, PROJECT))


def watched_import(name, namespace=None, local_names=None, fromlist=(), level=0):
    module = plain_import(name, namespace, local_names, fromlist, level)
    importer = (namespace or {}).get("__file__")
    top = name.partition(".")[0]
    if level == 0:
        if importer and foreign(os.path.realpath(importer)):
            OF_SNAKEMAKE.add(top)
        elif not top.startswith("snakemake") and foreign(place(sys.modules[top])):
            OUTSIDE.setdefault(top, f"{place(sys.modules[top])} for {importer}")
    return module


def write_report():
    inside = set()
    for name, module in list(sys.modules.items()):
        top, path = name.partition(".")[0], place(module)
        if foreign(path) and not top.startswith("snakemake") and top not in OF_SNAKEMAKE:
            OUTSIDE.setdefault(top, path)
        elif path and path.startswith(PREFIX) and f"{os.sep}site-packages{os.sep}" in path:
            inside.add(top)
    os.makedirs(PREFIX + "seen", exist_ok=True)
    report = {
        "script": ".".join(os.path.basename(sys.argv[0]).split(".")[-2:]),  # tmp1a2b3c.NAME.py
        "inside": sorted(inside),
        "outside": OUTSIDE,
    }
    with open(f"{PREFIX}seen{os.sep}{os.getpid()}.json", "w", encoding="utf-8") as stream:
        json.dump(report, stream)


builtins.__import__ = watched_import
atexit.register(write_report)
