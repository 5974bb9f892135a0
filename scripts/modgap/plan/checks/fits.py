"""Whether a value fits a JSON Schema, yes or no, a tenth of the time that the reasons take.

Snakemake reads the configuration anew for every job. Reasons are asked for only where something is
wrong (``modgap.plan.checks.schema``).
"""

import re
from numbers import Number


def is_whole(value):
    """Whether a value is a whole number; 30.0 is not: it would count as one here, not later."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value):
    """Whether a value is a number of any kind; true and false are none."""
    return isinstance(value, Number) and not isinstance(value, bool)


TYPES = {
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": is_whole,
    "null": lambda value: value is None,
    "number": is_number,
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}

# They say nothing of a value, or what another keyword here looks at.
SILENT = {"$schema", "$defs", "title", "description", "default", "examples", "then", "else"}


def is_same(first, second):
    """Equality of JSON: 1 and 1.0 are the same, 1 and true are not."""
    if first is second:
        return True
    if isinstance(first, bool) or isinstance(second, bool):
        return False
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(is_same, first, second))
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(
            is_same(value, second[key]) for key, value in first.items()
        )
    return first == second


def are_unique(items):
    """Whether no two items are the same."""
    if all(type(item) in (str, int, float) for item in items):
        return len(set(items)) == len(items)
    return not any(is_same(item, other) for i, item in enumerate(items) for other in items[:i])


def fits_pattern(value, pattern, schema, root):
    """The end of a pattern is the end of the text, also before a line break."""
    found = re.search(pattern, value)
    return bool(found) and not (pattern.endswith("$") and value.endswith("\n"))


def fits_type(value, names, schema, root):
    return any(TYPES[name](value) for name in ([names] if isinstance(names, str) else names))


def fits_reference(value, name, schema, root):
    head, at, key = name.split("/")
    if (head, at) != ("#", "$defs"):
        raise LookupError(name)
    return fits(value, root["$defs"][key], root)


def fits_condition(value, condition, schema, root):
    return fits(value, schema.get("then" if fits(value, condition, root) else "else", True), root)


def fits_properties(value, known, schema, root):
    return all(fits(value[key], known[key], root) for key in known.keys() & value.keys())


def fits_additional(value, allowed, schema, root):
    more = value.keys() - schema.get("properties", {}).keys()
    return all(fits(value[key], allowed, root) for key in more)


def fits_dependents(value, needed, schema, root):
    return all(value.keys() >= set(keys) for key, keys in needed.items() if key in value)


# By keyword: of which values it speaks, and the function that says whether one fits.
ANY, ARRAY, NUMBER, OBJECT, STRING = None, list, Number, dict, str
KEYWORDS = {
    "type": (ANY, fits_type),
    "$ref": (ANY, fits_reference),
    "if": (ANY, fits_condition),
    "enum": (ANY, lambda value, among, *_: any(is_same(value, one) for one in among)),
    "const": (ANY, lambda value, wanted, *_: is_same(value, wanted)),
    "not": (ANY, lambda value, inner, _, root: not fits(value, inner, root)),
    "allOf": (ANY, lambda value, parts, _, root: all(fits(value, part, root) for part in parts)),
    "anyOf": (ANY, lambda value, parts, _, root: any(fits(value, part, root) for part in parts)),
    "oneOf": (ANY, lambda value, parts, _, root: sum(fits(value, p, root) for p in parts) == 1),
    "properties": (OBJECT, fits_properties),
    "additionalProperties": (OBJECT, fits_additional),
    "propertyNames": (
        OBJECT,
        lambda value, inner, _, root: all(fits(k, inner, root) for k in value),
    ),
    "required": (OBJECT, lambda value, keys, *_: all(key in value for key in keys)),
    "dependentRequired": (OBJECT, fits_dependents),
    "minProperties": (OBJECT, lambda value, least, *_: len(value) >= least),
    "maxProperties": (OBJECT, lambda value, most, *_: len(value) <= most),
    "items": (ARRAY, lambda value, inner, _, root: all(fits(item, inner, root) for item in value)),
    "contains": (ARRAY, lambda value, inner, _, root: any(fits(i, inner, root) for i in value)),
    "minItems": (ARRAY, lambda value, least, *_: len(value) >= least),
    "maxItems": (ARRAY, lambda value, most, *_: len(value) <= most),
    "uniqueItems": (ARRAY, lambda value, wanted, *_: not wanted or are_unique(value)),
    "pattern": (STRING, fits_pattern),
    "minLength": (STRING, lambda value, least, *_: len(value) >= least),
    "maxLength": (STRING, lambda value, most, *_: len(value) <= most),
    # Written so that what is no number of any size (.nan) passes, as it does in JSON Schema.
    "minimum": (NUMBER, lambda value, least, *_: not value < least),
    "maximum": (NUMBER, lambda value, most, *_: not value > most),
    "exclusiveMinimum": (NUMBER, lambda value, bound, *_: not value <= bound),
    "exclusiveMaximum": (NUMBER, lambda value, bound, *_: not value >= bound),
}


def fits(value, schema, root):
    """Whether a value fits a schema, references in it resolved in ``root``.

    Raises
    ------
    LookupError : a keyword that this module does not know.
    """
    if isinstance(schema, bool):
        return schema
    for keyword, wanted in schema.items():
        if keyword in SILENT:
            continue
        kind, check = KEYWORDS[keyword]
        if kind is not ANY and (not isinstance(value, kind) or isinstance(value, bool)):
            continue
        if not check(value, wanted, schema, root):
            return False
    return True
