"""The files of --configfile, before Snakemake reads them.

Snakemake reads them before anything of the project: one that is missing, binary or no YAML ends in
a traceback, or names no place. A profile is read still earlier, so those of ours call this.
"""

import os

from modgap.errors import InputError
from modgap.yaml_files import read_yaml

OPTIONS = ("--configfile", "--configfiles")


def list_config_files(words):
    """Files that the words of a command line name behind --configfile, in their order."""
    names, taken = [], False
    for word in words:
        if word.startswith("-"):
            option, _, value = word.partition("=")
            taken = option in OPTIONS
            names += [value] if taken and value else []
        elif taken:
            names.append(word)
    return names


def check_config_files(words):
    """Raise InputError for the first file of --configfile that is none, or no mapping."""
    for name in list_config_files(words):
        if not os.path.exists(name):
            raise InputError(f"{name}: no such file (a target comes before --configfile)")
        if not isinstance(read_yaml(name), dict):
            raise InputError(f"{name}: must be a mapping of keys and values at the top")
