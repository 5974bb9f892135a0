"""The quick yes or no of a schema is the one that jsonschema gives, by the same rules."""

import copy
import random

import pytest
import yaml

from modgap.plan.checks.fits import are_unique, fits, is_same, is_whole
from modgap.plan.checks.schema import make_validator

# What a key may have in its place, by mistake or not.
WRONG = (
    None, True, False, 0, 1, -1, 1.0, 0.5, 1e300, float("nan"), "", "x", "x\n", "none", "auto",
    "text\twith\ttabs", [], [1], ["a", "a"], [1, 1.0], [True, 1], [[1], [1]], {}, {"x": 1},
    {"kind": "scenes"}, {"file": "a.npy"}, {"first": "a.npy", "second": "b.npy"},
)  # fmt: skip


@pytest.mark.parametrize(("value", "whole"), [(3, True), (3.0, False), (True, False), ("3", False)])
def test_whole_numbers(value, whole):
    assert is_whole(value) == whole


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        ([1, {"a": 2}], [1.0, {"a": 2}], True),
        ([1], [True], False),
        ({"a": 1}, {"a": 1, "b": 1}, False),
        ("1", 1, False),
    ],
)
def test_equality_is_that_of_json(first, second, same):
    assert is_same(first, second) == same
    assert are_unique([first, second]) != same


@pytest.mark.parametrize(
    ("schema", "right", "wrong"),
    [
        ({"type": ["integer", "null"]}, [3, None], [3.0, True, "3"]),
        ({"type": "number"}, [3, 3.5], [True, "3"]),
        ({"enum": ["a", 1]}, ["a", 1, 1.0], ["b", True]),
        ({"const": False}, [False], [0, None]),
        ({"not": {"required": ["a", "b"]}}, [{"a": 1}], [{"a": 1, "b": 1}, 3]),
        ({"oneOf": [{"minimum": 1}, {"maximum": 3}]}, [0, 4], [2, "x"]),
        ({"anyOf": [{"type": "string"}, {"minItems": 2}]}, ["", [1, 2], 7], [[1]]),
        ({"allOf": [{"minimum": 1}, {"maximum": 3}]}, [2], [0, 4]),
        (
            {"if": {"required": ["a"]}, "then": {"required": ["b"]}},
            [{}, {"a": 1, "b": 1}],
            [{"a": 1}],
        ),
        ({"if": {"type": "string"}, "else": {"minimum": 3}}, ["x", 3, True], [2]),
        ({"properties": {"a": {"type": "string"}}}, [{"a": "x", "b": 1}], [{"a": 1}]),
        ({"properties": {"a": {}}, "additionalProperties": False}, [{"a": 1}], [{"b": 1}, {1: 2}]),
        ({"additionalProperties": {"type": "string"}}, [{"a": "x"}], [{"a": 1}]),
        ({"propertyNames": {"maxLength": 1}}, [{"a": 1}], [{"ab": 1}]),
        ({"dependentRequired": {"a": ["b"]}}, [{"b": 1}, {"a": 1, "b": 2}], [{"a": 1}]),
        ({"minProperties": 1, "maxProperties": 1}, [{"a": 1}, []], [{}, {"a": 1, "b": 2}]),
        ({"contains": {"const": 1}}, [[2, 1]], [[], [2]]),
        ({"items": {"type": "string"}, "maxItems": 1}, [[], ["a"]], [[1], ["a", "b"]]),
        ({"uniqueItems": True}, [[1, 2], [1, True]], [[1, 1.0], [[1], [1]]]),
        ({"pattern": "^x$"}, ["x", 3], ["x\n", "xx"]),
        ({"minLength": 1, "maxLength": 2}, ["x", 7], ["", "xxx"]),
        ({"exclusiveMinimum": 0, "exclusiveMaximum": 1}, [0.5, float("nan"), "0"], [0, 1]),
        ({"$ref": "#/$defs/n", "$defs": {"n": {"minimum": 1}}}, [1], [0]),
        (False, [], [1]),
    ],
)
def test_every_keyword(schema, right, wrong):
    validator = make_validator()(schema)
    for values, expected in ((right, True), (wrong, False)):
        for value in values:
            assert fits(value, schema, schema) == validator.is_valid(value) == expected, value


def test_a_keyword_that_is_not_known_here_is_no_yes():
    with pytest.raises(LookupError):
        fits(3, {"multipleOf": 2}, {})


def places(value):
    """Every mapping and list within a value, itself included."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict | list):
        yield value
    for part in inner:
        yield from places(part)


def spoil(value, rng):
    """Change, add or drop one thing somewhere, in place."""
    at = rng.choice([place for place in places(value) if place])
    key = rng.choice(list(at) if isinstance(at, dict) else range(len(at)))
    what = rng.randrange(4)
    if what == 0:
        del at[key]
    elif what == 1 and isinstance(at, dict):
        at[rng.choice(["unknown", "seed", "kind"])] = at[key]
    elif what == 1:
        at.append(at[key])
    else:
        at[key] = copy.deepcopy(rng.choice(WRONG))


@pytest.mark.parametrize(
    ("schema", "content", "times"),
    [("schema", "config", 40), ("claims.schema", "claims", 20)],
)
def test_configurations_with_a_mistake(root, schema, content, times):
    """Neither misses what the other finds, nor finds what is not there."""
    schema, whole = (
        yaml.safe_load((root / "config" / f"{name}.yaml").read_text()) for name in (schema, content)
    )
    validator, rng, answers = make_validator()(schema), random.Random(0), set()
    for _ in range(times):
        spoilt = copy.deepcopy(whole)
        for _ in range(rng.randrange(3)):
            spoil(spoilt, rng)
        answer = fits(spoilt, schema, schema)
        assert answer == validator.is_valid(spoilt), spoilt
        answers.add(answer)
    assert answers == {True, False}
