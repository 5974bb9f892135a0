"""The part of a file: what is known of it, and who holds it. Real downloads: test_download."""

import pytest

from modgap.errors import InputError
from modgap.fetch.parts import (
    count_resumable,
    empty_part,
    find_validator,
    lock_part,
    note_of,
    write_note,
)

ADDRESS = "https://me:word@h/x?token=1"


@pytest.fixture
def part(tmp_path):
    path = tmp_path / ".x.part"
    path.write_bytes(b"12345")
    return path


def test_a_part_is_of_a_version_of_an_address(part):
    write_note(part, ADDRESS, '"v1"')
    assert find_validator(part, ADDRESS) == '"v1"'
    assert find_validator(part, "https://h/x?token=1") == '"v1"'
    assert find_validator(part, "https://h/x?token=2") is None
    for odd in ("", "[]", "{}", '{"address_sha256": 1}', "\x00"):
        note_of(part).write_text(odd)
        assert find_validator(part, ADDRESS) is None


def test_what_may_be_kept_is_what_would_be_noticed(part):
    assert count_resumable(ADDRESS, part, {}) == 0
    assert count_resumable(ADDRESS, part, {"sha256": "a"}) == 5
    assert count_resumable(ADDRESS, part, {"sha256": "a", "bytes": 5}) == 0
    write_note(part, ADDRESS, '"v1"')
    assert count_resumable(ADDRESS, part, {}) == 5
    empty_part(part)
    assert part.read_bytes() == b""


def test_an_empty_part_is_not_left_and_a_begun_one_is(part, tmp_path):
    write_note(part, ADDRESS, None)
    with lock_part(part, tmp_path / "x"):
        pass
    assert part.exists()
    assert note_of(part).exists()
    empty_part(part)
    with lock_part(part, tmp_path / "x"):
        pass
    assert list(tmp_path.iterdir()) == []
    part.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="a link, folder or device"), lock_part(part, part):
        pass
