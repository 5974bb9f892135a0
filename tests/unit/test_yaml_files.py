"""A YAML file in which nothing vanishes, and every fault is a line with its place."""

import pytest

from modgap.errors import InputError
from modgap.yaml_files import read_yaml


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a: {b: 1}\nc: 2\na: 3\n", "f.yaml, line 3: the key 'a' stands in line 1 already"),
        ("a: &a {b: 1}\nc: &c {d: 1}\ne: {<<: *a, <<: *c}\n", "write <<: [*a, *b]"),
        ("x:\n  - {b: 1, b: 2}\n", "f.yaml, line 2: the key 'b' stands in line 2 already"),
        ("a: [\n", "f.yaml, line 2, column 1: not YAML"),
        ("a: 1\n\tb: 2\n", "f.yaml, line 2, column 1: not YAML"),
        ("a: *b\n", "f.yaml, line 1, column 4: not YAML"),
        ("a: &a [*a]\n", "f.yaml, line 1: the value refers to itself"),
        ("a: &a\n  b: *a\n", "f.yaml, line 1: the value refers to itself"),
        ("? [1, 2]\n: 3\n", "f.yaml, line 1: a key must be text, not a list or mapping"),
        ("a: " + "[" * 200 + "]" * 200, "f.yaml, line 1: nested more than 60 levels deep"),
        ("a: 2024-13-45\n", "f.yaml: a value that cannot be read: month must be in 1..12"),
        ("a: !!python/name:os.system\n", "f.yaml, line 1, column 4: not YAML"),
        ("a: " + "9" * 5000, "f.yaml: a value that cannot be read"),
        (
            "a0: &a0 [x]\n"
            + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40)),
            "its aliases stand for more than",
        ),
    ],
)
def test_a_yaml_file_in_which_something_would_vanish(tmp_path, content, words):
    path = tmp_path / "f.yaml"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        read_yaml(path)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_text(tmp_path):
    path = tmp_path / "f.yaml"
    with pytest.raises(InputError, match=r"f\.yaml: no such file"):
        read_yaml(path)
    path.mkdir()
    with pytest.raises(InputError, match=r"f\.yaml: is a folder"):
        read_yaml(path)
    path.rmdir()
    path.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(InputError, match=r"f\.yaml, line 2: not text in UTF-8"):
        read_yaml(path)


def test_usual_yaml_is_read(tmp_path):
    path = tmp_path / "f.yaml"
    path.write_text("a: &a {b: 1, c: é}\nd: {<<: *a, b: 2}\ne: [*a, *a]\n")
    shared = {"b": 1, "c": "é"}
    assert read_yaml(path) == {"a": shared, "d": {"b": 2, "c": "é"}, "e": [shared, shared]}
    path.write_text("")
    assert read_yaml(path) is None


@pytest.mark.parametrize("number", ["010", "1:30", "-0_7", "00"])
def test_a_number_that_yaml_takes_for_another(tmp_path, number):
    path = tmp_path / "x.yaml"
    path.write_text(f"a:\n  - n: {number}\n")
    with pytest.raises(InputError, match="line 2: YAML takes"):
        read_yaml(path)


def test_usual_numbers_and_aliases_are_read(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("a: [0, 1_000, 0x10, -5, 0.5, '010']\nb: &b {c: 1}\nd: {<<: *b, e: *b}\n")
    assert read_yaml(path) == {
        "a": [0, 1000, 16, -5, 0.5, "010"],
        "b": {"c": 1},
        "d": {"c": 1, "e": {"c": 1}},
    }
