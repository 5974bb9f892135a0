"""The project's folder and settings are found from anywhere."""

from modgap.interface.project import project_folder, read_settings


def test_the_checkout_is_the_project(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert project_folder() == root
    assert read_settings("projection")["n_neighbors"] == 15
