"""Values that no key may have, keys that exclude each other, files in which nothing vanishes."""

import math
import os

import pytest

from modgap.errors import InputError
from modgap.plan.checks.values import (
    drop_replaced,
    path_problem,
    read_config_file,
    settle_alternatives,
    tidy_text,
    value_problems,
    without_keys,
)
from modgap.yaml_files import map_texts


def recipe(**keys):
    return {"training": {"recipe": keys}}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (math.nan, "nan is no number to compute with"),
        (-math.inf, "-inf is no number to compute with"),
        (2**63, "the number is too large; give one below 9223372036854775808"),
        pytest.param(10**5000, "the number is too large", id="digits"),
        ("a\nb", "has a line break or another control character"),
        ("\ud800", "has a line break or another control character"),
        ("a" * 4097, "has 4,097 characters; 4,096 are the most"),
        (b"x", "is a bytes; put it in quotes"),
    ],
)
def test_values_of_no_key(value, words):
    (line,) = value_problems({"a": {"b": [0, value]}})
    assert line.startswith("a.b.1: ")
    assert words in line


def test_usual_values_are_none_of_them():
    usual = {"a": [1, -0.5, "τ: 1/100", True, None, {"b": 2**63 - 1}], "c": {}}
    assert value_problems(usual) == []
    shared = {"x": 1}
    assert value_problems({"a": shared, "b": [shared, shared]}) == []


def test_values_that_never_end():
    loop = {}
    loop["b"] = [loop]
    assert value_problems({"a": loop}) == ["a.b.0: the value refers to itself; write it out"]
    bomb = [0]
    for _ in range(60):
        bomb = [bomb, bomb]
    assert any("aliases stand for more than" in line for line in value_problems({"a": bomb[0]}))
    deep = 0
    for _ in range(100):
        deep = [deep]
    assert value_problems({"a": deep}) == ["a.0.0: nested more than 60 levels deep"]


@pytest.mark.parametrize(
    "key", [1, None, (1, 2), True, pytest.param(10**5000, id="digits"), "a\nb"]
)
def test_keys_are_text(key):
    (line,) = value_problems({"datasets": {key: 3}})
    assert line.startswith("datasets")
    assert "key" in line
    assert "\n" not in line
    assert len(value_problems({key: 3})) == 1


def test_what_a_file_names_replaces_what_it_excludes():
    default = {"training": {"device": "cpu", "recipe": {"steps": 700, "warmup": 4}}}
    changed = drop_replaced(default, recipe(epochs=1))
    assert changed == {"training": {"device": "cpu", "recipe": {"warmup": 4}}}
    assert default["training"]["recipe"]["steps"] == 700
    assert drop_replaced(default, recipe(warmup=1)) == default
    assert drop_replaced(default, {"training": 3}) == default


def test_of_two_files_the_last_counts_and_the_command_line_more():
    both = recipe(epochs=2, steps=9)
    steps, epochs = recipe(steps=9), recipe(epochs=2)
    assert settle_alternatives(both, [steps, epochs]) == epochs
    assert settle_alternatives(both, [epochs, steps]) == steps
    # Typed behind --config: in no file, or with another value there.
    assert settle_alternatives(both, [steps]) == epochs
    assert settle_alternatives(both, [recipe(steps=8), epochs]) == steps
    # In one file both stay, for the schema to refuse.
    assert settle_alternatives(both, [both]) == both
    assert settle_alternatives(both, []) == both
    assert settle_alternatives(steps, [steps]) == steps


def test_one_seed_of_a_run_replaces_its_several_and_those_of_no_other():
    default = {"training_runs": {"a": {"model": "m", "seeds": [0, 1]}, "b": {"seeds": [2, 3]}}}
    given = {"training_runs": {"a": {"seed": 5}}}
    assert drop_replaced(default, given)["training_runs"] == {
        "a": {"model": "m"},
        "b": {"seeds": [2, 3]},
    }
    both = {"training_runs": {"a": {"seed": 5, "seeds": [0, 1]}}}
    assert settle_alternatives(both, [{"training_runs": {"a": {"seeds": [0, 1]}}}, given]) == given


def test_keys_are_left_out_of_a_copy():
    config = {"a": {"b": 1, "c": 2}, "d": 3}
    assert without_keys(config, ("a",), ["b"]) == {"a": {"c": 2}, "d": 3}
    assert without_keys(config, ("d",), ["b"]) == config
    assert config["a"]["b"] == 1


@pytest.mark.parametrize("path", ["a{b}", "<results>/x", "x>y", "a/" + "b" * 256, "é" * 128])
def test_paths_that_no_rule_can_name(path):
    assert path_problem(path)


@pytest.mark.parametrize("path", ["a b/c'd.npy", "../é", "/x", "a" * 255])
def test_other_paths_are_right(path):
    assert path_problem(path) is None


def test_a_configuration_file_is_read_as_snakemake_reads_it(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("a: {b: 1}\n")
    assert read_config_file(path) == {"a": {"b": 1}}
    path.write_text('{"a": {"b": 1}}')
    assert read_config_file(path) == {"a": {"b": 1}}
    path.write_text("")
    assert read_config_file(path) == {}
    path.write_text("[1]")
    with pytest.raises(InputError, match="must be a mapping of keys and values at the top"):
        read_config_file(path)
    path.write_text('{"a": {"b": 1, "b": 2}}')
    with pytest.raises(InputError, match="the key 'b' stands in one mapping twice"):
        read_config_file(path)


def test_text_is_taken_as_it_was_meant():
    given = {"a": ["folded\n", "~/x-{0..3}.tar", "~", "a~/b", 1], "b\n": {"c": "windows\r\n"}}
    home = os.path.expanduser("~")
    assert map_texts(given, tidy_text) == {
        "a": ["folded", f"{home}/x-{{0..3}}.tar", "~", "a~/b", 1],
        "b\n": {"c": "windows"},
    }
    assert value_problems({"a": "folded\n"}) == []
    assert "line break" in value_problems({"b\n": 1})[0]
    assert "line break" in value_problems({"b": "two\nlines\n"})[0]
