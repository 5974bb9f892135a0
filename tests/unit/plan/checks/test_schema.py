"""A line for every violation of a schema, in words."""

import pytest

from modgap.plan.checks.schema import schema_problems


def problem(value, **schema):
    lines = schema_problems({"a": value}, {"properties": {"a": schema}})
    return lines[0] if lines else None


@pytest.mark.parametrize(
    ("value", "schema", "line"),
    [
        (30.0, {"type": "integer"}, "a: 30.0 is not a whole number; write 30"),
        (1e300, {"type": "integer"}, "a: 1e+300 is not a whole number"),
        (3, {"type": "array"}, "a: 3 is not a list, such as [3]"),
        (None, {"type": "array"}, "a: None is not a list, such as [...]"),
        (7, {"type": "string"}, "a: 7 is not text; put it in quotes"),
        (None, {"type": "string"}, "a: None is not text"),
        ("x", {"type": ["integer", "null"]}, "a: 'x' is not a whole number or null"),
        ([1, 1.0], {"uniqueItems": True}, "a: 1.0 stands in the list twice; remove one"),
        ("12", {"pattern": "^x$", "description": "One x."}, "a: '12' does not fit: One x. (^x$)"),
        ("x\n", {"pattern": "^x$"}, "a: 'x\\n' does not fit: must match"),
        (
            {"b": 1, "c": 2},
            {"not": {"required": ["b", "c"]}},
            "a: b and c exclude each other; give one of them",
        ),
    ],
)
def test_lines(value, schema, line):
    assert problem(value, **schema).startswith(line)


def test_what_is_right_gives_no_line():
    assert problem(30, type="integer") is None
    assert problem(30.0, type="number") is None
    assert problem("x", pattern="^x$") is None
    assert problem({"b": 1}, **{"not": {"required": ["b", "c"]}}) is None


def test_keys_of_any_kind_are_named():
    (line,) = schema_problems({1: 2}, {"properties": {"a": {}}, "additionalProperties": False})
    assert line == "unknown key 1"
