"""YAML files in which nothing vanishes: every key once, no aliases without end."""

import re

from modgap.errors import InputError
from modgap.inputs import open_input

# Deeper or larger than this, aliases counted as often as they stand, no file of ours is.
DEEPEST_YAML = 60
LARGEST_YAML = 2_000_000

MERGE = "tag:yaml.org,2002:merge"

# Whole numbers that YAML 1.1 takes for others than people do: 010 for 8, 1:30 for 90.
INTEGER = "tag:yaml.org,2002:int"
MISREAD = re.compile(r"[-+]?(0[0-9_]+|[0-9_]+(:[0-9_]+)+)")


def read_yaml(path):
    """Content of a YAML file in which nothing vanishes: every key counts once.

    Raises
    ------
    InputError : not there, not text, not YAML (with line and column), a key twice in one mapping,
        a key that is no single value, 010 or 1:30 as a number, a value that refers to itself or
        multiplies without end.
    """
    import yaml

    text = decode_yaml(path)
    # By the C library where PyYAML has it: eight times as fast.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        loader = loader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        measure_yaml(node, path, {})
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        raise InputError(f"{path}{where}: not YAML: {problem}") from error
    except RecursionError as error:
        raise InputError(f"{path}: nested too deeply") from error
    except (ValueError, TypeError, OverflowError) as error:
        problem = " ".join(str(error).split())
        raise InputError(f"{path}: a value that cannot be read: {problem}") from error


def decode_yaml(path):
    """The text of a file in UTF-8.

    Raises
    ------
    InputError : not there, no regular file, cannot be read, not UTF-8 (with the line).
    """
    with open_input(path) as stream:
        content = stream.read()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}, line {line}: not text in UTF-8; save it as UTF-8") from error


def measure_yaml(node, path, sizes, depth=0):
    """Number of values below a node of YAML, aliases counted wherever they stand.

    sizes : what has been measured, by node; None while a node is being measured.

    Raises
    ------
    InputError : as ``read_yaml`` says, with the line.
    """
    where = f"{path}, line {node.start_mark.line + 1}"
    if id(node) in sizes:
        if sizes[id(node)] is None:
            raise InputError(f"{where}: the value refers to itself; write it out")
        return sizes[id(node)]
    if depth > DEEPEST_YAML:
        raise InputError(f"{where}: nested more than {DEEPEST_YAML} levels deep")
    if isinstance(node.value, str):
        if node.tag == INTEGER and MISREAD.fullmatch(node.value):
            raise InputError(
                f"{where}: YAML takes {node.value[:40]} for another number (base 8 or 60); write "
                "it without zeros in front, or in quotes where it is text"
            )
        return 1
    sizes[id(node)] = None
    parts, seen = [], {}
    for part in node.value:
        if not isinstance(part, tuple):
            parts.append(part)
            continue
        key, value = part
        line = key.start_mark.line + 1
        if not isinstance(key.value, str):
            raise InputError(f"{path}, line {line}: a key must be text, not a list or mapping")
        name = (key.tag, key.value)
        if name in seen and key.tag == MERGE:
            raise InputError(
                f"{path}, line {line}: two << in one mapping; write <<: [*a, *b], of which the "
                "first wins"
            )
        if name in seen:
            raise InputError(
                f"{path}, line {line}: the key {key.value!r} stands in line {seen[name]} already; "
                "remove one"
            )
        seen[name] = line
        parts.append(value)
    size = 1 + sum(measure_yaml(part, path, sizes, depth + 1) for part in parts)
    if size > LARGEST_YAML:
        raise InputError(f"{where}: its aliases stand for more than {LARGEST_YAML:,} values")
    sizes[id(node)] = size
    return size


def map_texts(value, change):
    """A value of nested mappings and lists with ``change`` done to every text; keys stay."""
    if isinstance(value, dict):
        return {key: map_texts(inner, change) for key, inner in value.items()}
    if isinstance(value, list):
        return [map_texts(inner, change) for inner in value]
    return change(value) if isinstance(value, str) else value
