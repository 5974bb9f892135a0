"""What the public functions return: the workflow's numbers and figures, safe to show."""

import doctest
import importlib.util

import numpy as np
import pandas as pd
import pytest

import compare_sets
import modgap
from modgap import api, measured
from modgap.errors import InputError
from modgap.tables import read_table, write_embeddings

RNG = np.random.default_rng(0)
X = (RNG.normal(size=(40, 6)) + 1).astype(np.float32)
Y = (X + RNG.normal(size=X.shape) - 2).astype(np.float32)
Z = RNG.normal(size=X.shape).astype(np.float32)


@pytest.mark.parametrize("module", [api, measured])
def test_the_examples_in_the_docstrings_are_right(module):
    found = doctest.testmod(module)
    assert found.attempted > 3
    assert not found.failed


def write_side(folder, name, block):
    """A side of a set of ready embeddings, as the workflow imports it."""
    ids = pd.DataFrame({"sample_id": [f"item-{row:06d}" for row in range(len(block))]})
    path = folder / f"{name}.parquet"
    write_embeddings(path, ids, block, {"model": "imported", "joined": "by row"})
    return [str(path)]


def test_a_comparison_is_that_of_the_workflow_to_the_last_digit(tmp_path):
    sides = {
        name: write_side(tmp_path, name, block)
        for name, block in zip("xyz", (X, Y, Z), strict=True)
    }
    before = {"first": sides["x"], "second": sides["y"], "samples": None, "caption": "first"}
    after = {**before, "second": sides["z"]}
    table = tmp_path / "table.parquet"
    compare_sets.main(
        before,
        after,
        [],
        table,
        name="comparison",
        sets=["before", "after"],
        modalities=["first", "second"],
        exact_rows=20000,
        n_resamples=2000,
        seed=0,
        block=2000,
    )
    found = modgap.gap(X, Y, label="before").compare(modgap.gap(X, Z, label="after"))
    pd.testing.assert_frame_equal(found.table(), read_table(table), check_exact=True)
    title, *lines = repr(found).splitlines()
    assert title == "after minus before, n = 40:"
    assert len(lines) == 1 + len(found.table())


def test_a_set_compared_with_itself_differs_in_nothing():
    rows = modgap.gap(X, Y).compare(modgap.gap(X, Y)).table()
    assert (rows["difference"] == 0).all()
    assert (rows["p"] == 1).all()


def test_turning_both_clouds_changes_nothing_but_last_digits():
    turn, _ = np.linalg.qr(RNG.normal(size=(6, 6)))
    turned = modgap.gap(X.astype(float) @ turn, Y.astype(float) @ turn)
    rows = modgap.gap(X.astype(float), Y.astype(float)).compare(turned).table()
    assert rows["difference"].abs().max() < 1e-6


def test_a_matrix_has_every_pair_once():
    found = modgap.matrix({"image": X, "text": Y, "audio": Z})
    assert list(found.gaps) == [("image", "text"), ("image", "audio"), ("text", "audio")]
    assert found.gaps["image", "audio"].value == modgap.gap(X, Z).value
    assert set(found.table()["embeddings"]) == {"image-text", "image-audio", "text-audio"}
    shown = found.shown()
    assert list(shown.index) == ["text", "audio"]
    assert shown.loc["text", "text"] == ""
    assert shown.loc["audio", "text"].startswith(f"{found.gaps['text', 'audio'].value:.3f} [")
    with pytest.raises(InputError, match="1 modalities"):
        modgap.matrix({"image": X})


HOSTILE, FORMULA = "<script>alert(1)</script>", "a $x_1$"


def test_a_notebook_shows_labels_as_text():
    gaps = modgap.gap(X, Y, label=HOSTILE), modgap.gap(X, Z, label=HOSTILE)
    shown = [gaps[0], gaps[0].compare(gaps[1]), modgap.matrix({HOSTILE: X, "b": Y}, label=HOSTILE)]
    for one in shown:
        html = one._repr_html_()
        assert "&lt;script&gt;" in html
        assert "<script" not in html


@pytest.mark.parametrize(
    ("draw", "panels"),
    [
        (lambda: modgap.gap(X, Y, label=FORMULA).plot(), 4),
        (lambda: modgap.gap(X, Y, label=FORMULA).plot("landscape"), 8),
        (lambda: modgap.matrix({FORMULA: X, "b": Y, "c": Z}).plot(), 4),
    ],
)
def test_a_figure_shows_itself_and_leaves_the_users_look_alone(draw, panels):
    import matplotlib as mpl
    from matplotlib.text import Text

    before = dict(mpl.rcParams)
    figure = draw()
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert dict(mpl.rcParams) == before
    assert len(figure.axes) >= panels
    texts = [text.get_text() for text in figure.findobj(Text)]
    assert any(r"\$x_1\$" in text for text in texts)


def test_without_umap_the_rest_is_drawn_and_the_figure_says_so(monkeypatch):
    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "umap" else there(name)
    )
    figure = modgap.gap(X, Y, label="mine").plot()
    band = figure.subfigs[1]
    assert [axes.get_title() for axes in band.axes] == [
        "SVD, not centred (as published)",
        "PCA, centred",
        "gap axis",
    ]
    assert 'pip install "modgap[umap]"' in band.get_suptitle()


def test_an_unknown_plot_is_a_line():
    with pytest.raises(InputError, match="none of projections, landscape"):
        modgap.gap(X, Y).plot("umap")
