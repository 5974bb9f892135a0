"""Values that no key of a configuration may have, and keys that exclude each other.

Looked at before the schema, which takes NaN for a number above any minimum.
"""

import json
import math
import os
import unicodedata

from modgap.errors import InputError
from modgap.yaml_files import DEEPEST_YAML, LARGEST_YAML, decode_yaml, read_yaml

# Text is at most this long (a path of Linux can be), a number less than this.
LONGEST_TEXT = 4096
NUMBER_END = 2**63

# Keys of which one replaces the other: those of the recipe, and those of every training run.
STEPS, SEEDS = ("steps", "epochs"), ("seed", "seeds")


def read_config_file(path):
    """Content of a configuration file of the user's, which Snakemake has merged already.

    Snakemake takes the last of two equal keys and says nothing; here they are refused.

    Raises
    ------
    InputError : as ``read_yaml``; or not a mapping at the top.
    """
    try:
        content = json.loads(decode_yaml(path), object_pairs_hook=lambda p: unique_keys(p, path))
    except (ValueError, RecursionError):
        content = read_yaml(path)
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputError(f"{path}: must be a mapping of keys and values at the top")
    return content


def unique_keys(pairs, path):
    """A mapping of JSON as a dict, or an InputError for a key that it has twice."""
    keys = [key for key, _ in pairs]
    for i, key in enumerate(keys):
        if key in keys[:i]:
            raise InputError(f"{path}: the key {key!r} stands in one mapping twice; remove one")
    return dict(pairs)


def value_problems(given):
    """One line for every value of a configuration that none of its keys may have."""
    lines, sizes = [], {}
    measure_values(given, (), lines, sizes)
    return lines


def measure_values(value, path, lines, sizes):
    """Number of values below one, aliases counted wherever they stand; problems go to ``lines``."""
    where = ".".join(path)
    if id(value) in sizes:
        if sizes[id(value)] is None:
            lines.append(f"{where}: the value refers to itself; write it out")
            return 1
        return sizes[id(value)]
    if not isinstance(value, dict | list):
        lines += [f"{where}: {problem}" for problem in scalar_problems(value)]
        return 1
    if len(path) > DEEPEST_YAML:
        lines.append(f"{'.'.join(path[:3])}: nested more than {DEEPEST_YAML} levels deep")
        return 1
    sizes[id(value)], size = None, 1
    if isinstance(value, dict):
        for key, inner in value.items():
            size += measure_key(key, inner, path, lines, sizes)
    else:
        for i, inner in enumerate(value):
            size += measure_values(inner, (*path, str(i)), lines, sizes)
    if size > LARGEST_YAML:
        lines.append(f"{where}: its aliases stand for more than {LARGEST_YAML:,} values")
        size = 1
    sizes[id(value)] = size
    return size


def measure_key(key, inner, path, lines, sizes):
    """Number of values below a key, which must be text."""
    prefix = "".join(f"{part}." for part in path)
    if not isinstance(key, str):
        shown = repr(key) if not isinstance(key, int) or abs(key) < NUMBER_END else "a number"
        lines.append(
            f"{prefix.rstrip('.')}: the key {shown} is no text; put it in quotes".lstrip(": ")
        )
        return 1
    # A line break at the end of a key is none of a folded text.
    problems = list(scalar_problems(f"{key} " if key.endswith("\n") else key))
    if problems:
        lines += [f"{prefix}{key[:40]!r}: the key {problem}" for problem in problems]
        return 1
    return measure_values(inner, (*path, key), lines, sizes)


def scalar_problems(value):
    """What is wrong with one value whatever its key; nothing for most."""
    if isinstance(value, float) and not math.isfinite(value):
        yield f"{value} is no number to compute with; give a finite one"
    elif isinstance(value, int) and abs(value) >= NUMBER_END:
        yield f"the number is too large; give one below {NUMBER_END} (2^63)"
    elif isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            yield f"{value[:40]!r}... has {len(value):,} characters; {LONGEST_TEXT:,} are the most"
        elif any(unicodedata.category(letter) in ("Cc", "Cs") for letter in tidy_text(value)):
            yield (
                f"{value[:40]!r} has a line break or another control character in it; write it in "
                "one line, without"
            )
    elif not isinstance(value, bool | int | float | type(None)):
        yield f"{str(value)[:40]!r} is a {type(value).__name__}; put it in quotes"


def tidy_text(text):
    """Text as it was meant: without the line break at the end of a folded one, ``~`` as the home.

    YAML's ``label: >`` ends in a line break; of a path only a shell would fill in ``~/``.
    """
    text = text.removesuffix("\n").removesuffix("\r")
    return os.path.expanduser(text) if text.startswith("~/") else text


def find_section(config, keys):
    """The mapping below some keys; an empty one where there is none."""
    for key in keys:
        config = config.get(key) if isinstance(config, dict) else None
    return config if isinstance(config, dict) else {}


def list_alternatives(given):
    """(section, keys) of the sections given of whose keys one replaces the other."""
    runs = find_section(given, ("training_runs",))
    return [(("training", "recipe"), STEPS), *((("training_runs", run), SEEDS) for run in runs)]


def drop_replaced(default, given):
    """The default without the keys that what is given excludes: its epochs replace the steps."""
    for keys, alternatives in list_alternatives(given):
        named = find_section(given, keys)
        if any(key in named for key in alternatives):
            default = without_keys(default, keys, alternatives)
    return default


def settle_alternatives(given, contents):
    """What is given, with one of two keys that exclude each other where two files differ.

    The last file counts, as for every key, and --config counts more than files. Two in one file
    stay, and the schema refuses them.

    Parameters
    ----------
    given : what Snakemake merged of the files and --config.
    contents : what the files say, one after the other.
    """
    for keys, alternatives in list_alternatives(given):
        named = find_section(given, keys)
        if not all(key in named for key in alternatives):
            continue
        said = [set(find_section(content, keys)) & set(alternatives) for content in contents]
        # What --config says is in no file, or has another value there.
        merged = {}
        for content in contents:
            merged |= find_section(content, keys)
        typed = {key for key in alternatives if key not in merged or merged[key] != named[key]}
        last = next((one for one in [typed, *reversed(said)] if one), set())
        if len(last) == 1:
            given = without_keys(given, keys, [key for key in alternatives if key not in last])
    return given


def without_keys(config, keys, dropped):
    """A copy of the configuration without some keys of the section below ``keys``."""
    if not keys:
        return {key: value for key, value in config.items() if key not in dropped}
    if not isinstance(config.get(keys[0]), dict):
        return config
    return {**config, keys[0]: without_keys(config[keys[0]], keys[1:], dropped)}


def path_problem(path):
    """What is wrong with a path that rules name as a file, or None.

    Snakemake fills ``{...}`` and ``<...>`` in file names.
    """
    if any(sign in path for sign in "{}<>"):
        return f"{path!r}: a path must not have {{, }}, < or > in it; rename the file or folder"
    if any(len(os.fsencode(part)) > 255 for part in path.split("/")):
        return f"{path[:40]!r}...: a part of the path is longer than a file name may be"
    return None
