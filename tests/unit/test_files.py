"""A file has its final name only when it is complete."""

import errno
import hashlib
import os

import pytest

from modgap.errors import InputError
from modgap.files import atomic_path, current_umask, read_yaml, sha256_of


def test_the_final_name_comes_last_and_alone(tmp_path):
    final = tmp_path / "new" / "table.csv"
    with atomic_path(final) as temporary:
        temporary.write_text("whole")
        assert temporary.parent == final.parent
        assert temporary.suffix == ".csv"
        assert not final.exists()
    assert final.read_text() == "whole"
    assert list(final.parent.iterdir()) == [final]
    assert final.stat().st_mode & 0o777 == 0o666 & ~current_umask()


def write_half(final, error):
    """Fail in the middle of writing a file."""
    with atomic_path(final) as temporary:
        temporary.write_text("half")
        raise error


def test_a_failure_keeps_the_old_file_and_nothing_else(tmp_path):
    final = tmp_path / "table.csv"
    final.write_text("old")
    with pytest.raises(ZeroDivisionError):
        write_half(final, ZeroDivisionError())
    assert final.read_text() == "old"
    assert list(tmp_path.iterdir()) == [final]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_named(tmp_path, number):
    with pytest.raises(InputError, match=r"table\.csv: no space left"):
        write_half(tmp_path / "table.csv", OSError(number, "full"))
    with pytest.raises(PermissionError):
        write_half(tmp_path / "table.csv", PermissionError(errno.EACCES, "not yours"))


def test_the_umask_is_read_and_left_as_it_was():
    before = os.umask(0o027)
    try:
        assert current_umask() == current_umask() == 0o027
    finally:
        os.umask(before)


def test_the_hash_of_a_file(tmp_path):
    (tmp_path / "x").write_bytes(b"abc" * 100_000)
    assert sha256_of(tmp_path / "x") == hashlib.sha256(b"abc" * 100_000).hexdigest()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a: {b: 1}\nc: 2\na: 3\n", "f.yaml, line 3: the key 'a' stands in line 1 already"),
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
    with pytest.raises(InputError, match=r"f\.yaml: not a file"):
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
