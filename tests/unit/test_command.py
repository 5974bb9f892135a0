"""The command: numbers of the facade, exit codes, every refusal one line."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import yaml

import modgap
from modgap.command import main

RNG = np.random.default_rng(0)
X = (RNG.normal(size=(40, 6)) + 1).astype(np.float32)
Y = (X + RNG.normal(size=X.shape) - 2).astype(np.float32)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Files of embeddings, in the current folder."""
    monkeypatch.chdir(tmp_path)
    np.save("images.npy", X)
    np.save("texts.npy", Y)
    np.save("both.npy", np.stack([X, Y]))
    np.savez("named.npz", image=X, text=Y)
    np.save("groups.npy", np.repeat(np.arange(40), 2))
    np.save("captions.npy", np.repeat(Y, 2, axis=0))
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        ["images.npy", "texts.npy"],
        ["both.npy"],
        ["named.npz", "--names", "image", "text"],
        ["images.npy", "captions.npy", "--groups", "groups.npy"],
    ],
)
@pytest.mark.usefixtures("folder")
def test_a_gap_is_said_in_a_line_first(capsys, words):
    assert main(["gap", *words, "--label", "mine"]) == 0
    line, *more = capsys.readouterr().out.splitlines()
    assert line == repr(modgap.gap(X, Y, label="mine"))
    assert more[0] == modgap.gap(X, Y).sentences()[0]
    assert [text.split()[0] for text in more] == ["A", "Recall@1"]


def test_json_and_table_have_all_digits(folder, capsys):
    assert main(["gap", "both.npy", "--json", "--seed", "3", "--table", "all.csv"]) == 0
    told = json.loads(capsys.readouterr().out)
    expected = modgap.gap(X, Y, seed=3)
    assert (told["gap"], told["low"], told["high"]) == (expected.value, *expected.interval)
    assert (told["n"], told["seed"]) == (40, 3)
    rows = pd.DataFrame(told["statistics"])
    pd.testing.assert_frame_equal(
        rows[["value", "low", "high"]].astype(float),
        expected.table()[["value", "low", "high"]],
        check_exact=True,
    )
    written = pd.read_csv(folder / "all.csv")
    assert list(written["statistic"]) == list(rows["statistic"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gap", "images.npy", "nothing.npy"], "nothing.npy"),
        (["gap", "images.npy"], r"expected \(2, n, dim\)"),
        (["gap", "images.npy", "texts.npy", "both.npy"], "3 files"),
        (["gap", "named.npz", "--names", "image", "txt"], "txt"),
        (["gap", "images.npy", "texts.npy", "--groups", "groups.npy"], "groups: shape"),
        (["gap", "both.npy", "--table", "no/where/all.csv"], "no such folder"),
        (["gap", "both.npy", "--figure", "gap.docx"], "docx"),
        (["check", "nothing.yaml"], "no such file"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_what_is_wrong_is_one_line(capsys, words, message):
    assert main(words) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("modgap: ")
    assert told.err.count("\n") == 1
    assert re.search(message, told.err)


@pytest.mark.parametrize("words", [[], ["gapp"], ["gap"], ["gap", "a.npy", "--colour"]])
def test_a_command_that_is_none_is_exit_code_two(capsys, words):
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    assert "usage: modgap" in capsys.readouterr().err


def test_a_configuration_is_checked_whole(folder, capsys):
    good = {"datasets": {"mine": {"kind": "embeddings", "first": "images.npy"}}}
    good["datasets"]["mine"]["second"] = "texts.npy"
    (folder / "good.yaml").write_text(yaml.safe_dump(good))
    assert main(["check", "good.yaml"]) == 0
    assert capsys.readouterr().out == "good.yaml: no problems (1 datasets, 1 embedding sets)\n"
    good["datasets"]["mine"]["secnd"] = good["datasets"]["mine"].pop("second")
    (folder / "bad.yaml").write_text(yaml.safe_dump({**good, "modles": {}}))
    assert main(["check", "bad.yaml"]) == 1
    told = capsys.readouterr().err
    assert "secnd" in told
    assert "modles" in told
    (folder / "broken.yaml").write_text("datasets:\n  mine: {kind: embeddings\n  other: 3\n")
    assert main(["check", "broken.yaml"]) == 1
    assert "broken.yaml, line 3" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_figures_are_drawn_in_the_format_of_their_ending(folder):
    assert main(["gap", "both.npy", "--figure", "gap.png", "--modalities", "image", "text"]) == 0
    assert (folder / "gap.png").read_bytes().startswith(b"\x89PNG")
    assert main(["gap", "both.npy", "--figure", "gap.pdf"]) == 0
    assert (folder / "gap.pdf").read_bytes().startswith(b"%PDF")


def test_two_folders_are_compared_by_the_names_of_their_files(folder, capsys):
    for name, texts in (("before", Y), ("after", Y + 1)):
        (folder / name).mkdir()
        np.save(folder / name / "img_emb.npy", X)
        np.save(folder / name / "txt_emb.npy", texts)
    assert main(["compare", "before", "after/"]) == 0
    title, _, head, row, *_ = capsys.readouterr().out.splitlines()
    assert title.startswith("before → after: gap ")
    assert head.split()[:2] == ["before", "after"]
    assert row.split()[:2] == ["gap", "unbiased"]
    assert main(["compare", "before", "after", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    expected = modgap.gap(X, Y).compare(modgap.gap(X, Y + 1)).table()
    assert [row["difference"] for row in rows] == list(expected["difference"])
    assert main(["compare", "before", "both.npy"]) == 0
    assert main(["compare", "before", "."]) == 1
    assert "needs one file named after images" in capsys.readouterr().err
