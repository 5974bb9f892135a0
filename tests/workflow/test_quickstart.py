"""The notebook for newcomers: its cells run, and say what is stored in it."""

import base64
import runpy

import nbformat
import pytest


@pytest.fixture(scope="module")
def stored(root):
    return nbformat.read(root / "docs" / "quickstart.ipynb", as_version=4)


@pytest.fixture(scope="module")
def made(root):
    run = runpy.run_path(str(root / "docs" / "update_quickstart.py"))["run_notebook"]
    return run(nbformat.read(root / "docs" / "quickstart.ipynb", as_version=4))


def list_outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def plain(output):
    return output.text if output.output_type == "stream" else output.data["text/plain"]


def test_it_is_a_notebook(stored):
    nbformat.validate(stored)


def test_every_cell_says_what_is_stored(stored, made):
    assert [plain(output) for output in list_outputs(made)] == [
        plain(output) for output in list_outputs(stored)
    ]


@pytest.mark.parametrize("which", ["stored", "made"])
def test_pictures_and_tables_are_there(request, which):
    notebook = request.getfixturevalue(which)
    data = [output.data for output in list_outputs(notebook) if "data" in output]
    pictures = [base64.b64decode(one["image/png"]) for one in data if "image/png" in one]
    assert len(pictures) == 3
    assert all(picture.startswith(b"\x89PNG") and len(picture) > 10_000 for picture in pictures)
    assert sum("<table" in one.get("text/html", "") for one in data) == 4


def test_nothing_of_a_machine_is_stored(root):
    text = (root / "docs" / "quickstart.ipynb").read_text(encoding="utf-8")
    assert "/home/" not in text
    assert str(root) not in text
