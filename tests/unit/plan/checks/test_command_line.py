import pytest

from modgap.errors import InputError
from modgap.plan.checks.command_line import check_config_files, list_config_files


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("fig1 --cores 2", []),
        ("--configfile a.yaml b.yaml -n", ["a.yaml", "b.yaml"]),
        ("--configfile=a.yaml --cores 2", ["a.yaml"]),
        ("--configfiles a.yaml --config x=1 --configfile b.json", ["a.yaml", "b.json"]),
    ],
)
def test_files_of_the_command_line(words, names):
    assert list_config_files(words.split()) == names


def test_a_file_that_cannot_be_read_is_a_line(tmp_path):
    fine, broken = tmp_path / "fine.yaml", tmp_path / "broken.yaml"
    fine.write_text("shift: {}\n")
    broken.write_text("shift: {}\nfigures: [\n")
    check_config_files(["--configfile", str(fine)])
    with pytest.raises(InputError, match=r"broken\.yaml, line 3, column 1: not YAML"):
        check_config_files(["--configfile", str(fine), str(broken)])
    with pytest.raises(InputError, match="no such file"):
        check_config_files(["--configfile", str(tmp_path / "none.yaml")])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "no key in it"),
        ("# nothing\n", "no key in it"),
        ("- a\n", "must be a mapping of keys and values"),
        ("text\n", "must be a mapping of keys and values"),
        ("[1, 2]", "must be a mapping of keys and values"),
    ],
)
def test_a_file_that_is_no_mapping_is_a_line(tmp_path, content, problem):
    path = tmp_path / "mine.yaml"
    path.write_text(content)
    with pytest.raises(InputError, match=rf"mine\.yaml: {problem}"):
        check_config_files(["--configfile", str(path)])
