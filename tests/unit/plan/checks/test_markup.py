import pytest

from modgap.plan.checks.markup import markup_problems


@pytest.mark.parametrize("text", ["a</b", "<!-- a", "x <SCRIPT src=y>"])
def test_markup_is_named_with_its_key(text):
    (line,) = markup_problems({"datasets": {"a": [{"label": text}]}})
    assert line.startswith("datasets.a.0.label: ")
    (line,) = markup_problems({"figures": {text: 1}})
    assert line.startswith("figures: ")
    (line,) = markup_problems({}, [text])
    assert line.startswith("--configfile: ")


def test_signs_that_end_no_script_stay():
    assert markup_problems({"a": "x < y > z", "b": "<b>", "c": "a/b"}, ["mine.yaml"]) == []
