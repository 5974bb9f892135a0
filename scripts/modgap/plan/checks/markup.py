"""Texts of the user that would break a page which shows them: Snakemake's own report."""

import re

# What an HTML parser looks for inside a script.
MARKUP = re.compile(r"</|<!--|<script", re.IGNORECASE)


def markup_problems(config, configfiles=()):
    """Lines for texts that would end, or begin, a script in the page of Snakemake's own report.

    That page holds the settings of jobs, labels and paths among them, in a script, as they are.
    """
    texts = [*walk_texts(config, ""), *(("--configfile", str(path)) for path in configfiles)]
    return [
        f"{where}: {found[0]!r} cannot stand in it, for Snakemake's own report puts it into a "
        "script as it is; leave it out"
        for where, text in texts
        if (found := MARKUP.search(text))
    ]


def walk_texts(value, where):
    """(dotted key, text) of every key and text in nested mappings and lists."""
    if isinstance(value, str):
        yield where, value
    pairs = value.items() if isinstance(value, dict) else ()
    pairs = enumerate(value) if isinstance(value, list) else pairs
    for key, item in pairs:
        if isinstance(key, str):
            yield where, key
        yield from walk_texts(item, f"{where}.{key}".lstrip("."))
