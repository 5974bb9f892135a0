"""Ready embeddings as people name them: modalities, where each is read from, what is wrong."""

import pytest

from modgap.data.modalities import (
    embedding_paths,
    embedding_problems,
    embedding_sources,
    modality_names,
    modality_pairs,
)


def ready(**entry):
    return {"kind": "embeddings", **entry}


@pytest.mark.parametrize(
    ("entry", "names", "pairs"),
    [
        (ready(file="x.npy"), ["first", "second"], [("first", "second")]),
        (ready(file="x.npy", names=["a", "b"]), ["a", "b"], [("a", "b")]),
        (ready(first="a.npy", second="b.npy", names=["i", "t"]), ["i", "t"], [("i", "t")]),
        (ready(file="x.npz", columns={"i": "p", "t": "q"}), ["i", "t"], [("i", "t")]),
        (ready(files={"i": "i.npy"}), ["i"], []),
        (
            ready(files={"i": "i.npy", "t": "t.npy", "a": "a.npy"}),
            ["i", "t", "a"],
            [("i", "t"), ("i", "a"), ("t", "a")],
        ),
        (
            ready(files={"t": "t.npy", "i": "i.npy", "a": "a.npy"}, owner={"t": "o.npy"}),
            ["t", "i", "a"],
            [("i", "t"), ("a", "t"), ("i", "a")],
        ),
        (
            ready(files={"i": "i.npy", "t": "t.npy", "a": "a.npy"}, owner={"t": "o", "a": "o"}),
            ["i", "t", "a"],
            [("i", "t"), ("i", "a")],
        ),
    ],
)
def test_modalities_of_ready_embeddings_and_their_pairs(entry, names, pairs):
    assert modality_names(entry) == names
    assert modality_pairs(entry) == pairs


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (ready(file="x.npy"), [("x.npy", 0), ("x.npy", 1)]),
        (ready(first="a.npy", second="b.pt"), [("a.npy", None), ("b.pt", None)]),
        (
            ready(file="x.npz", columns={"first": "p", "second": "q"}, names=["i", "t"]),
            [("x.npz", "p"), ("x.npz", "q")],
        ),
        (
            ready(files={"i": "i.csv", "t": "t.csv"}, columns="d*"),
            [("i.csv", "d*"), ("t.csv", "d*")],
        ),
        (
            ready(files={"i": "i.npy", "t": "t.npz"}, columns={"t": "x"}),
            [("i.npy", None), ("t.npz", "x")],
        ),
    ],
)
def test_where_each_modality_is_read_from(entry, expected):
    parts = embedding_sources("", entry, "")["modalities"]
    assert [(part["path"], part["array"]) for part in parts] == expected


def test_owners_are_of_the_second_modality_or_by_name():
    parts = embedding_sources("", ready(first="a.npy", second="b.npy", owner="o.npy"), "")
    assert [part["owner"] for part in parts["modalities"]] == [None, {"file": "o.npy"}]
    entry = ready(files={"t": "t.csv", "i": "i.npy"}, owner={"t": "picture"})
    parts = embedding_sources("", entry, "")["modalities"]
    assert [part["owner"] for part in parts] == [{"column": "picture"}, None]
    assert list(embedding_paths({**entry, "groups": "g.csv"})) == [
        ("files.t", "t.csv"),
        ("files.i", "i.npy"),
        ("groups", "g.csv"),
    ]


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (ready(file="x.txt"), "datasets.d.file: x.txt is no .npy or"),
        (ready(file="x.npz"), "datasets.d.columns: say which array or column is which modality"),
        (ready(file="x.npy", columns="a"), "datasets.d.columns: an .npy has none"),
        (ready(file="x.npy", names=["a"]), "datasets.d.names: name both modalities, not 1"),
        (ready(files={"a": "a.npy", "b": "b.npy"}, names=["c", "d"]), "drop 'names'"),
        (ready(files={"a": "a.npy"}), "datasets.d: one modality has no gap; name a second"),
        (
            ready(first="a.npy", second="b.npz", columns={"text": "x"}),
            "datasets.d.columns: no modality named 'text'; there are first, second",
        ),
        (
            ready(files={"a": "a.npy", "b": "b.npy"}, owner={"c": "o.npy"}),
            "datasets.d.owner: no modality named 'c'; there are a, b",
        ),
        (
            ready(first="a.npy", second="b.npy", labels="l.npy"),
            "labels: l.npy is no .csv or .parquet",
        ),
        (ready(file="x.npy", owner="o.npy", groups="g.npy"), "give either 'owner' or 'groups'"),
        (ready(file="x.npz", columns="a"), "datasets.d.columns: 'a' is one column for all"),
        (ready(file="x.npz", columns={"i": "a", "t": "a"}), "two modalities have the same column"),
        (
            ready(first="a.npy", second="b.npy", owner={"first": "o.npy", "second": "o.npy"}),
            "datasets.d.owner: every modality has several rows an item",
        ),
    ],
)
def test_what_is_wrong_with_an_entry_of_ready_embeddings(entry, line):
    (found,) = embedding_problems({"d": entry})
    assert line in found


def test_a_good_entry_of_ready_embeddings_is_not_refused():
    entry = ready(files={"i": "i.npy"}, labels="l.csv", class_prompts="c.npy", classes=["a", "b"])
    assert embedding_problems({"d": entry}) == []
