"""config/schema.yaml held against a configuration: a line for every violation."""

from functools import lru_cache

from modgap.extras import extra
from modgap.plan.checks import fits
from modgap.plan.spelling import did_you_mean

# What a value must be where it is not, in words.
TYPES = {
    "array": "a list, such as [{}]",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "a mapping of keys and values",
    "string": "text",
}


@lru_cache
def make_validator():
    """The class that finds the reasons; ``fits`` has the same rules."""
    with extra("workflow"):
        from jsonschema import Draft202012Validator
        from jsonschema.validators import extend

    usual = Draft202012Validator.VALIDATORS["pattern"]

    def is_text_of(validator, pattern, instance, schema):
        """As ``pattern`` of JSON Schema, but the end of a pattern is the end of the text."""
        for error in usual(validator, pattern, instance, schema):
            yield error
            return
        if isinstance(instance, str) and not fits.fits_pattern(instance, pattern, schema, schema):
            yield from usual(validator, "(?!)", instance, schema)

    return extend(
        Draft202012Validator,
        validators={"pattern": is_text_of},
        type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
            "integer", lambda _, value: fits.is_whole(value)
        ),
    )


def dotted_path(error):
    """Dotted path of a schema error; list positions count from 0."""
    return ".".join(str(part) for part in error.absolute_path)


def schema_problems(config, schema):
    """One line per violation of the schema, in the order of the file."""
    if fits.fits(config, schema, schema):
        return []
    lines = []
    for error in make_validator()(schema).iter_errors(config):
        where = dotted_path(error)
        prefix = f"{where}: " if where else ""
        if error.validator == "additionalProperties":
            known = error.schema.get("properties", {})
            for key in error.instance:
                if key not in known:
                    lines.append(f"{prefix}unknown key {key!r}{did_you_mean(str(key), known)}")
        elif error.validator == "required":
            lines.append(f"{prefix}key {error.message.split(' is a ')[0]} is missing")
        elif error.validator == "enum":
            allowed = ", ".join(str(value) for value in error.validator_value)
            near = did_you_mean(str(error.instance), map(str, error.validator_value))
            lines.append(f"{prefix}{error.instance!r} is none of {allowed}{near}")
        elif error.validator == "oneOf":
            lines.append(f"{prefix}give either 'file', or both 'first' and 'second', or 'files'")
        elif error.validator == "not":
            named = " and ".join(error.validator_value["required"])
            lines.append(f"{prefix}{named} exclude each other; give one of them")
        elif error.validator == "pattern" and error.parent is None:
            lines.append(pattern_line(prefix, error))
        elif error.validator == "type":
            lines.append(f"{prefix}{type_line(error)}")
        elif error.validator == "uniqueItems":
            lines.append(f"{prefix}{repeated_line(error.instance)}")
        else:
            lines.append(f"{prefix}{error.message}")
    return list(dict.fromkeys(lines))


def type_line(error):
    """What is wrong with a value of another type, and what to write where that is clear."""
    kinds = error.validator_value
    value, kinds = error.instance, [kinds] if isinstance(kinds, str) else kinds
    if (
        isinstance(value, float)
        and value.is_integer()
        and abs(value) < 2**63
        and "integer" in kinds
    ):
        return f"{value!r} is not a whole number; write {value:.0f}"
    wanted = " or ".join(TYPES[kind] for kind in kinds)
    shown = wanted.format(value if isinstance(value, str | int | float) else "...")
    quotes = "; put it in quotes" if "string" in kinds and isinstance(value, int | float) else ""
    return f"{value!r} is not {shown}{quotes}"


def repeated_line(items):
    """Which item of a list stands in it twice."""
    twice = next(item for i, item in enumerate(items) if item in items[:i])
    return f"{twice!r} stands in the list twice; remove one"


def pattern_line(prefix, error):
    """What is wrong with a string, in words where the schema has them."""
    meaning = error.schema.get("description", f"must match {error.validator_value}")
    return f"{prefix}{error.instance!r} does not fit: {meaning} ({error.validator_value})"
