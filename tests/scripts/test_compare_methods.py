"""Methods side by side on ready embeddings, their table, figures, sentences and transforms."""

import json
import re

import numpy as np
import pandas as pd
import pytest

import compare_methods
import figX_calibration
import figX_gap_methods
import figX_mixed_search
import fit_transforms
import table_gap_methods
from compared_sets import DIM, SETTINGS, N, compare, name_outputs, write_set
from modgap.errors import InputError
from modgap.methods.fits.registry import METHODS
from modgap.methods.fits.transforms import apply_transform, load_transform
from modgap.report.drawing import plt
from modgap.report.formats import read_for_jobs
from modgap.report.sentences.methods import tell_calibration, tell_methods, tell_mixed
from modgap.statistics.geometry import normalise
from modgap.tables import read_metadata, read_table, write_embeddings

NAMES = ["raw", "shift", "mean_removal", "whitening", "procrustes_shrunk", "nnn", "score_z"]
NAMES += ["mean_score_z", "shared_mean", "dual_softmax"]
SETS = [{"name": "toy", "label": "Toy"}, {"name": "few", "label": "Few"}]


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """A set with calibration out of domain, and one of too few pairs; all their tables."""
    folder = tmp_path_factory.mktemp("compared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compare_methods, "list_methods", lambda *, paired: NAMES)
        paths, other = write_set(folder / "toy"), write_set(folder / "other", seed=9)
        outputs = {name: name_outputs(folder, name) for name in ("toy", "few")}
        compare(paths, outputs["toy"], (other["first"], other["second"], None))
        compare(write_set(folder / "few", n=60), outputs["few"], name="few")
    return {"folder": folder, "paths": paths, "outputs": outputs}


def tables(compared, what):
    return [compared["outputs"][name][what] for name in ("toy", "few")]


def test_every_method_has_a_row_in_every_task(compared):
    changes = read_table(compared["outputs"]["toy"]["changes"])
    tested = changes[changes["verdict"] != ""]
    tasks = {"text to picture", "picture to text", "picture to picture", "text to text"}
    tasks |= {"zero-shot: toys"}
    for task in tasks:
        assert set(tested.loc[tested["task"] == task, "method"]) == set(NAMES) - {"raw"}
    mixed = tested[tested["task"] == "mixed, 50 % pictures"]
    assert set(mixed["method"]) == {*NAMES, "merged"} - {"raw"}
    assert (tested["low_refitted"] <= tested["change"]).all()
    assert (tested["change"] <= tested["high_refitted"]).all()
    about = read_metadata(compared["outputs"]["toy"]["changes"])
    assert (about["n"], about["n_validation"], about["n_calibration"]) == (96, 48, 96)


def test_zero_shot_leaves_out_what_was_fitted_or_chosen_on(compared):
    """The task is on the pictures of the set: only its test pictures count."""
    queries = read_table(compared["outputs"]["toy"]["queries"])
    task = queries[(queries["task"] == "zero-shot: toys") & (queries["method"] == "raw")]
    assert len(task) == 96


def test_queries_give_the_values_of_the_changes(compared):
    queries = read_table(compared["outputs"]["toy"]["queries"])
    changes = read_table(compared["outputs"]["toy"]["changes"])
    keys = ["method", "task", "measure"]
    means = queries.groupby(keys)["value"].mean()
    values = changes.set_index(keys)["value"].reindex(means.index)
    assert len(means) == len(changes[changes["verdict"] != ""]) + 10
    np.testing.assert_allclose(means, values, atol=1e-6)


def test_calibration_curves_are_in_and_out_of_domain(compared):
    rows = read_table(compared["outputs"]["toy"]["calibration"])
    inside = rows[(rows["method"] == "nnn") & (rows["source"] == "in domain")]
    assert sorted(set(inside["n_calibration"])) == [32, 96]
    outside = rows[rows["source"] == "out of domain"]
    assert set(outside["method"]) == set(NAMES) - {"raw"}
    assert set(outside.loc[outside["method"] == "shared_mean", "n_calibration"]) == {N}
    # All calibration pictures: the comparison itself.
    changes = read_table(compared["outputs"]["toy"]["changes"])
    for name in ("mean_removal", "whitening", "nnn"):
        last = rows[(rows["method"] == name) & (rows["n_calibration"] == 96)]
        for _, row in last.iterrows():
            same = (changes["method"] == name) & (changes["task"] == row["task"])
            same &= changes["measure"] == row["measure"]
            assert changes.loc[same, "change"].iloc[0] == pytest.approx(row["change"])


def test_too_few_pairs_are_left_out_in_one_line(compared):
    for path in compared["outputs"]["few"].values():
        assert len(read_table(path)) == 0
        assert read_metadata(path)["left_out"] == (
            "few: 60 pairs are too few to compare methods on held-out ones, 200 are needed; the "
            "comparison of methods is left out"
        )


def test_a_set_of_another_width_is_no_calibration(compared, tmp_path):
    other = write_set(tmp_path / "wide", dim=9)
    with pytest.raises(InputError, match="9 dimensions, but 'toy' has 8") as raised:
        compare(
            compared["paths"],
            name_outputs(tmp_path, "toy"),
            (other["first"], other["second"], None),
        )
    assert "\n" not in str(raised.value)


def test_equal_captions_are_an_error_of_one_line(tmp_path):
    paths = write_set(tmp_path / "toy")
    ids = pd.DataFrame({"sample_id": [f"item-{i:06d}" for i in range(N)]})
    write_embeddings(paths["second"][0], ids, np.ones((N, DIM), np.float32), {"model": "imported"})
    with pytest.raises(InputError, match="toy: all 96 embeddings of texts for"):
        compare(paths, name_outputs(tmp_path, "toy"))


def test_the_table_has_every_method_and_says_what_was_left_out(compared, tmp_path):
    files = [tmp_path / f"table.{ending}" for ending in ("csv", "md", "tex")]
    inputs = [tables(compared, what) for what in ("methods", "changes", "calibration")]
    table_gap_methods.main(*inputs, *files, sets=SETS)
    frame = read_for_jobs(files[0])
    toy = frame[frame["embeddings"] == "toy"].set_index("name")
    assert list(toy.index) == NAMES
    assert toy.loc["nnn", "method"] == METHODS["nnn"].label
    ratio = toy["gap"] / toy["gap_floor"]
    np.testing.assert_allclose(toy["gap_over_floor"], ratio)
    assert toy.loc["mean_removal", "gap_share"] < 0.4 < toy.loc["nnn", "gap_share"]
    changes = read_table(compared["outputs"]["toy"]["changes"])
    row = changes[(changes["method"] == "shift") & (changes["task"] == "text to picture")]
    row = row[row["measure"] == "recall1"].iloc[0]
    assert toy.loc["shift", "text to picture: change"] == pytest.approx(row["change"])
    assert toy["text to picture, out of domain: change"].drop("raw").notna().all()
    assert "60 pairs are too few" in frame.loc[frame["embeddings"] == "few", "left_out"].iloc[0]
    printed = files[1].read_text()
    assert "mixed, 50 % pictures" in printed
    assert "mixed, 75 % pictures" not in printed


def test_figures_are_drawn_and_have_every_method(compared, tmp_path, monkeypatch):
    drawn = []
    close = plt.close
    monkeypatch.setattr(plt, "close", lambda figure: (drawn.append(figure), close(figure)))
    pngs = [tmp_path / f"{i}.png" for i in range(2)]
    figX_gap_methods.main(
        tables(compared, "methods"),
        tables(compared, "changes"),
        tables(compared, "paths"),
        tmp_path / "methods.pdf",
        pngs,
        sets=SETS,
        page_rows=1,
        dpi=50,
    )
    words = [text.get_text() for text in drawn[0].findobj(plt.Text)]
    for number, name in enumerate(NAMES[1:], start=1):
        assert f"{number}  {METHODS[name].label}" in words
    assert any("few to compare" in text.get_text() for text in drawn[1].findobj(plt.Text))
    for script, what in ((figX_mixed_search, "changes"), (figX_calibration, "calibration")):
        script.main(
            tables(compared, what), tmp_path / "a.pdf", pngs[:1], sets=SETS, page_rows=4, dpi=50
        )
        assert any("Toy, n = " in text.get_text() for text in drawn[-1].findobj(plt.Text))
        alone = [tables(compared, what)[1]]
        script.main(alone, tmp_path / "a.pdf", pngs[:1], sets=SETS[1:], page_rows=4, dpi=50)
        assert pngs[0].stat().st_size > 1_000


def test_sentences_say_whether_a_method_helps(compared):
    told = tell_methods([*tables(compared, "methods"), *tables(compared, "changes")])
    changes = read_table(compared["outputs"]["toy"]["changes"])
    kinds = changes["method"].map({name: METHODS[name].kind for name in NAMES})
    helps = ((changes["verdict"] == "better") & (kinds == "method")).any()
    assert told.startswith("toy: some methods help" if helps else "toy: no method helps")
    assert "few: 60 pairs are too few" in told
    values = changes[(changes["task"] == "mixed, 50 % pictures")].set_index(["method", "measure"])
    mixed = tell_mixed(tables(compared, "changes"))
    for method in ("raw", "mean_removal", "mean_score_z", "merged"):
        assert f"{values.loc[(method, 'ndcg10'), 'value']:.3f}" in mixed
    assert "on 96 (" in tell_calibration(tables(compared, "calibration"))


@pytest.fixture(scope="module")
def transforms(compared):
    """Frozen transforms of the set, as the workflow names them."""
    folder = compared["folder"] / "results" / "mine" / "transforms" / "mine-image-text"
    folder.mkdir(parents=True)
    names = ["raw", "mean_removal", "whitening", "nnn"]
    fit_transforms.main(
        compared["paths"]["first"],
        compared["paths"]["second"],
        None,
        compared["outputs"]["toy"]["methods"],
        [folder / f"{name}.npz" for name in names],
        [folder / f"{name}.json" for name in names],
        **{key: SETTINGS[key] for key in ("max_test", "max_calibration", "seed")},
    )
    return folder


def test_transforms_have_the_parameters_of_the_comparison(compared, transforms):
    rows = read_table(compared["outputs"]["toy"]["methods"]).set_index("method")
    for name in ("mean_removal", "whitening", "nnn"):
        about = load_transform(transforms / f"{name}.npz").about
        for key, value in json.loads(rows.loc[name, "chosen"]).items():
            assert about["parameters"][key] == value
        told = json.loads((transforms / f"{name}.json").read_text())
        assert told["n_pictures"] == 96
        assert told["gap"] == pytest.approx(rows.loc[name, "gap"])


def test_transforms_of_too_few_pairs_are_an_error(compared, tmp_path):
    few = compared["folder"] / "few"
    with pytest.raises(InputError, match="60 pairs are too few"):
        fit_transforms.main(
            [few / "first.parquet"],
            [few / "second.parquet"],
            None,
            compared["outputs"]["few"]["methods"],
            [tmp_path / "raw.npz"],
            [tmp_path / "raw.json"],
            **{key: SETTINGS[key] for key in ("max_test", "max_calibration", "seed")},
        )


def test_the_lines_of_the_readme_do_what_the_library_does(root, compared, transforms, monkeypatch):
    blocks = re.findall(r"^```python\n(.*?)^```", (root / "README.md").read_text(), re.M | re.S)
    (block,) = [text for text in blocks if "transforms" in text]
    assert len([line for line in block.splitlines() if line]) <= 13
    monkeypatch.chdir(compared["folder"])
    names = {}
    exec(block, names)
    rows = np.random.default_rng(0).standard_normal((5, DIM))
    transform = load_transform(transforms / "mean_removal.npz")
    for side in ("first", "second"):
        ours = apply_transform(transform, normalise(rows), side)
        np.testing.assert_allclose(names["move"](rows, side), ours, atol=1e-12)
    told = names["told"]
    assert told["after"][0] <= names["threshold"] <= told["after"][-1]
