"""Library of the modality-gap pipeline: functions on arrays and tables."""

import os
import re
import site
import sys
from pathlib import Path


def leave_hosts_packages():
    """In a conda environment of Snakemake's: import from this environment alone.

    Snakemake appends its own packages to the path of a script; they may be of another Python, and
    what the environment lacks (optional imports of its packages, too) would come from there.
    What Snakemake has loaded to hand over the job it keeps, but nobody else finds it.
    """
    host = sys.modules.get("snakemake")
    conda = os.environ.get("CONDA_PREFIX")
    if host is None or conda is None or Path(conda).resolve() != Path(sys.prefix).resolve():
        return
    own = (sys.prefix + os.sep, sys.base_prefix + os.sep, site.getusersitepackages())
    packages = str(Path(host.__file__).parents[1])
    if packages.startswith(own) or packages not in sys.path:
        return
    first = sys.path.index(packages)
    appended = sys.path[first:]
    sys.path[first:] = [
        path for path in appended if path.startswith(own) or not re.search(r"/lib\d*/python3", path)
    ]
    for name, module in list(sys.modules.items()):
        place = getattr(module, "__file__", None) or ""
        if place.startswith(packages + os.sep) and not name.startswith("snakemake"):
            del sys.modules[name]


leave_hosts_packages()

# The public interface, of modgap/api.py. Names are strings, which no digest follows: an edit of it
# reruns nothing in the workflow.
PUBLIC = ("gap", "load", "matrix")


def __getattr__(name):
    if name in PUBLIC:
        from importlib import import_module

        return getattr(import_module("modgap.api"), name)
    raise AttributeError(f"module 'modgap' has no attribute {name!r}")
