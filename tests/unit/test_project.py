"""Where the project's own files are."""

import tomllib

from modgap.project import is_installed, project_folder, project_version


def test_a_checkout_has_its_files_beside_the_library(root):
    assert not is_installed()
    assert project_folder() == root
    with open(root / "pyproject.toml", "rb") as stream:
        assert project_version() == tomllib.load(stream)["project"]["version"]
