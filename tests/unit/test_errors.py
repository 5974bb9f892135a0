"""Error lines fit on a screen and keep what matters: where, what, and what to do."""

import pytest

from modgap.errors import LONGEST_LINE, InputError

NAMES = [f"column_number_{i}" for i in range(60)]


def test_short_messages_stay_as_they_are():
    text = "a.csv, row 3: one, two, three, four, five (six); do this"
    assert str(InputError(text)) == text
    assert str(InputError()) == ""


def test_long_lists_are_counted():
    text = str(InputError(f"a.csv: no column 'x' (found: {', '.join(NAMES)}); name it"))
    assert len(text) <= LONGEST_LINE
    assert text.startswith("a.csv: no column 'x' (found: column_number_0, column_number_1, ")
    shown = text.count("column_number_")
    assert text.endswith(f" ... and {60 - shown} more); name it")
    assert shown > 8


def test_long_paths_keep_their_end():
    path = "/".join(f"folder-{i:03}" for i in range(60)) + "/captions.csv"
    text = str(InputError(f"{path}, row 7: empty caption; give it one"))
    assert len(text) <= LONGEST_LINE
    assert text.startswith("...")
    assert text.endswith("folder-059/captions.csv, row 7: empty caption; give it one")


def test_paths_give_way_to_what_else_is_said():
    path = "/" + "/".join(f"folder-{i:02}" for i in range(10)) + "/weights.bin"
    rest = f": {'it is not what it was ' * 8}; remove it and run again"
    text = str(InputError(path + rest))
    assert len(text) == LONGEST_LINE
    assert text.endswith(f"/weights.bin{rest}")


def test_checksums_stay_whole():
    sums = f"a.bin: sha256 is {'0' * 64}, expected {'b' * 64} {'because ' * 20}"
    assert str(InputError(sums)) == sums


@pytest.mark.parametrize("long", ["x" * 5000, "many words " * 500, "'" + "y" * 400 + "'"])
def test_anything_else_keeps_its_start_and_its_end(long):
    text = str(InputError(f"a.csv, row 3: {long} is not it; do this"))
    assert len(text) <= LONGEST_LINE
    assert text.startswith("a.csv, row 3: ")
    assert text.endswith(" is not it; do this")


def test_every_line_counts_for_itself():
    lines = [
        "Configuration problems:",
        *(f"  a: {'word ' * 50}; b" for _ in range(5)),
        "  c: " * 99,
    ]
    found = str(InputError("\n".join(lines))).split("\n")
    assert len(found) == len(lines)
    assert found[0] == lines[0]
    assert found[1] == lines[1]
    assert max(map(len, found)) <= LONGEST_LINE


def test_a_very_long_message_takes_no_time():
    text = str(InputError("a.csv: " + "word " * 100_000 + "; " + "a, b, " * 50_000 + "do this"))
    assert len(text) <= LONGEST_LINE
    assert text.startswith("a.csv: ")
