"""judge_claims: files of a run in, verdicts out."""

import pandas as pd
import pytest

import judge_claims
from modgap.plan.models.entries import PROJECT
from modgap.plan.outputs.claims import describe_subject, imported_digest, load_claims
from modgap.report.verdicts.judge import COLUMNS
from modgap.tables import write_table

SHA256 = "7227280ace0f145d2c45afa8ab507a1cb280e9460aa271fe9052d08e35342adb"


def run(tmp_path, sha256, gap):
    """Verdicts on a run with one set of ready embeddings, by claim."""
    table = tmp_path / "gap.parquet"
    row = {"embeddings": "mine", "statistic": "gap", "side": "both", "value": gap, "n": 500}
    limits = {"low": gap - 0.001, "high": gap + 0.001, "seed": 0, "interval_method": "t"}
    write_table(pd.DataFrame([{**row, **limits}]), table)
    imported = tmp_path / "part-0.parquet"
    write_table(
        pd.DataFrame({"sample_id": ["a"]}),
        imported,
        {"dataset": "any-name", "dataset_sha256": imported_digest(sha256)},
    )
    outputs = [tmp_path / f"claims.{ending}" for ending in ("csv", "md", "tex")]
    folder = PROJECT / "config"
    tables, claims = load_claims(folder / "claims.yaml", folder / "claims.schema.yaml")
    config = {"datasets": {"any-name": {"kind": "embeddings"}}, "models": {}}
    judge_claims.main(
        {**{name: [] for name in tables}, "gap": [table]},
        [imported],
        *outputs,
        claims=claims,
        described={"gap": [{"name": "mine", **describe_subject(config, None, "any-name")}]},
    )
    assert all(path.stat().st_size > 1000 for path in outputs)
    return pd.read_csv(outputs[0]).set_index("id")


def test_the_authors_file_is_judged_under_any_name(tmp_path):
    verdicts = run(tmp_path, SHA256, 0.851351869)
    assert list(verdicts.reset_index().columns) == COLUMNS
    row = verdicts.loc["fig1-gap-clip"]
    assert row["verdict"] == "reproduced"
    assert (row["n"], row["seed"], row["scale"]) == ("500", "0", "published features")
    of_files = verdicts[verdicts["scale"] == "published features"]
    assert (of_files["verdict"].isin(["not run", "illustration"])).sum() == len(of_files) - 1
    assert verdicts["why"].notna().all()


def test_a_wrong_gap_of_that_file_is_not_reproduced(tmp_path):
    assert run(tmp_path, SHA256, 0.05).loc["fig1-gap-clip", "verdict"] == "not reproduced"
    assert run(tmp_path, SHA256, 0.1005).loc["fig1-gap-clip", "verdict"] == "undecided"


def test_another_file_with_the_same_number_is_not_judged(tmp_path):
    verdicts = run(tmp_path, "0" * 64, 0.851351869)
    computed = verdicts["scale"] == "printed numbers"
    assert set(verdicts.loc[~computed, "verdict"]) == {"not run", "illustration"}


def test_printed_numbers_are_judged_in_every_run(tmp_path):
    verdicts = run(tmp_path, "0" * 64, 0.5)
    assert verdicts.loc["tables5-cifar10-p-printed", "verdict"] == "reproduced"
    assert verdicts.loc["cap-share-sphere", "verdict"] == "not reproduced"
    assert verdicts.loc["table2-east-asian-misprint", "verdict"] == "not reproduced"


def judge_naming(tmp_path, gains, seeds):
    """The verdict on a task whose corrected gain is measured with several seeds."""
    described = []
    for gain, seed in zip(gains, seeds, strict=True):
        name = "naming" if seed == seeds[0] else f"naming-seed{seed}"
        # Each seed is best at a shift of its own.
        row = {"task": name, "side": "both", "procedure": "corrected", "delta": seed / 4, "n": 300}
        limits = {
            "gain": gain,
            "low": gain - 0.01,
            "high": gain + 0.01,
            "interval_method": "max-|T|",
        }
        write_table(pd.DataFrame([{**row, **limits}]), tmp_path / f"{name}.parquet")
        marks = {"training_seed": seed, "measured_on": "naming"} if len(seeds) > 1 else {}
        about = {"source": "trained", "kind": "scenes", "dataset": "", "n_seeds": 1}
        described.append({"name": name, **about, **marks})
    outputs = [tmp_path / f"claims.{ending}" for ending in ("csv", "md", "tex")]
    folder = PROJECT / "config"
    _, claims = load_claims(folder / "claims.yaml", folder / "claims.schema.yaml")
    (claim,) = [claim for claim in claims if claim["id"] == "shift-improves-corrected"]
    tables = {"zero_shot_selection": [tmp_path / f"{one['name']}.parquet" for one in described]}
    judge_claims.main(
        tables, [], *outputs, claims=[claim], described={"zero_shot_selection": described}
    )
    return pd.read_csv(outputs[0]).iloc[0]


def test_a_task_of_several_seeds_is_one_row_and_its_verdict_may_be_final(tmp_path):
    row = judge_naming(tmp_path, [0.04, 0.042, 0.044], [0, 1, 2])
    assert (row["measured"], row["seed"], row["verdict"]) == (0.042, "0, 1, 2", "reproduced")
    assert row["low"] < 0.032
    assert "weakest" not in row["why"]
    # What one seed shows is no more than the direction, and seeds that differ decide nothing.
    assert judge_naming(tmp_path, [0.04], [0])["verdict"] == "direction only"
    assert judge_naming(tmp_path, [0.02, 0.1, 0.3], [0, 1, 2])["verdict"] == "undecided"


def judge_methods(tmp_path, sets):
    """Verdicts on methods compared on some sets of the authors' pairs; an empty one was left out.

    sets : name -> list of (method, task, change, half a width).
    """
    paths, described = [], []
    for name, cells in sets.items():
        frame = pd.DataFrame(cells, columns=["method", "task", "change", "half"])
        if cells:
            limits = {
                "low_refitted": frame["change"] - frame["half"],
                "high_refitted": frame["change"] + frame["half"],
                # Of the frozen method alone: nothing to judge by.
                "low": frame["change"] - 1e-6,
                "high": frame["change"] + 1e-6,
            }
            frame = frame.assign(measure="recall1", n=200, interval_method="t", **limits)
        path = tmp_path / f"{name}.parquet"
        write_table(frame if cells else pd.DataFrame(), path, {"embeddings": name})
        imported = tmp_path / f"part-{name}.parquet"
        about = {"dataset": name, "dataset_sha256": imported_digest(SHA256)}
        write_table(pd.DataFrame({"sample_id": ["a"]}), imported, about)
        paths.append(path)
        config = {"datasets": {name: {"kind": "embeddings"}}, "models": {}}
        described.append({"name": name, **describe_subject(config, None, name)})
    folder = PROJECT / "config"
    _, claims = load_claims(folder / "claims.yaml", folder / "claims.schema.yaml")
    outputs = [tmp_path / f"claims.{ending}" for ending in ("csv", "md", "tex")]
    judge_claims.main(
        {"method_changes": paths},
        [tmp_path / f"part-{name}.parquet" for name in sets],
        *outputs,
        claims=[claim for claim in claims if claim["table"] == "method_changes"],
        described={"method_changes": described},
    )
    return pd.read_csv(outputs[0]).set_index("id")


def test_later_papers_are_judged_by_what_methods_change(tmp_path):
    cells = [
        ("nnn", "text to picture", 0.06, 0.05),
        ("shift", "text to picture", -0.15, 0.05),
        ("shift", "picture to text", -0.02, 0.05),
        ("mean_removal", "text to picture", -0.01, 0.02),
        ("projection", "text to picture", -0.001, 0.003),
        ("projection", "picture to text", -0.2, 0.05),
    ]
    found = judge_methods(tmp_path, {"mine": cells, "few": []})
    verdicts = found["verdict"].to_dict()
    assert verdicts["nnn-recall-clip"] == "reproduced"
    assert verdicts["i0t-shift-text-clip"] == "reproduced"
    assert verdicts["i0t-shift-picture-clip"] == "undecided"
    assert verdicts["i0t-mean-text-clip"] == "undecided"
    # The direction that harms counts.
    assert verdicts["c3-orthogonal-clip"] == "not reproduced"
    assert found.loc["nnn-recall-clip", "source"] == "NNN"
    assert found.loc["nnn-recall-clip", ["low", "high"]].tolist() == pytest.approx([0.01, 0.11])
    # What is about other models is not judged by these rows.
    assert verdicts["nnn-recall-coco"] == verdicts["nnn-recall-here"] == "not run"


def test_no_change_that_is_not_within_half_a_point_is_undecided(tmp_path):
    cells = [("projection", task, 0.0, 0.02) for task in ("text to picture", "picture to text")]
    verdict = judge_methods(tmp_path, {"mine": cells}).loc["c3-orthogonal-clip", "verdict"]
    assert verdict == "undecided"


def test_where_methods_were_compared_on_nothing_no_claim_of_theirs_is_judged(tmp_path):
    assert set(judge_methods(tmp_path, {"few": []})["verdict"]) == {"not run"}
