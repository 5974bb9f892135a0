"""The files of --configfile, before Snakemake reads them.

Snakemake reads them before anything of the project: one that is missing, binary or no YAML ends in
a traceback, or names no place. A profile is read still earlier, so those of ours call this.
"""

import os

from modgap.errors import InputError
from modgap.plan.checks.values import read_config_file

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
    """Raise InputError for the first file of --configfile that is none, or not YAML or JSON.

    Nor may it be empty, or anything but keys and values: Snakemake refuses both.
    """
    for name in list_config_files(words):
        if not os.path.exists(name):
            raise InputError(f"{name}: no such file (a target comes before --configfile)")
        if not read_config_file(name):
            raise InputError(f"{name}: no key in it; write at least one, or leave the file out")
