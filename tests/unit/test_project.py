"""Where the project's own files are."""

import tomllib

from modgap.project import is_installed, project_folder, project_version, read_settings


def test_a_checkout_has_its_files_beside_the_library(root):
    assert not is_installed()
    assert project_folder() == root
    with open(root / "pyproject.toml", "rb") as stream:
        assert project_version() == tomllib.load(stream)["project"]["version"]


def test_the_settings_are_those_of_the_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read_settings("projection")["n_neighbors"] == 15
