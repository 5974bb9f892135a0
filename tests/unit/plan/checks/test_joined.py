"""Two results never have one name."""

import pytest

from modgap.errors import InputError
from modgap.plan.checks.joined import joined_problems, refuse_joined

MADE = [("a-b-c", "'a' + 'b-c'"), ("x", "'x'"), ("a-b-c", "'a-b' + 'c'")]


def test_a_name_that_is_made_twice_is_a_line_with_both_entries():
    (line,) = joined_problems("embedding_sets", MADE)
    assert line == (
        "embedding_sets: 'a' + 'b-c' and 'a-b' + 'c' would both be called 'a-b-c'; rename one"
    )
    assert joined_problems("embedding_sets", MADE[:2]) == []


def test_the_first_of_them_is_refused():
    refuse_joined("x", MADE[1:])
    with pytest.raises(InputError, match="would both be called 'a-b-c'"):
        refuse_joined("x", MADE)
