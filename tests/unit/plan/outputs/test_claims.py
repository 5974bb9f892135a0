"""The file of claims, and which of them a run may judge."""

import numpy as np
import pytest
import yaml

from claim_files import FILE, SCHEMA, small, write
from modgap.errors import InputError
from modgap.plan.config import load_config
from modgap.plan.models import PROJECT
from modgap.plan.outputs.claims import list_subjects, load_claims, plan_claims, read_claims
from modgap.plan.training import plan_runs


@pytest.fixture(scope="module")
def content():
    return read_claims(FILE, SCHEMA)


def test_the_paper_has_many_checkable_claims(content):
    assert len(content["claims"]) >= 60
    assert len({claim["where"] for claim in content["claims"]}) > 20
    figures = " ".join(claim["where"] for claim in content["claims"])
    for place in ("Figure 1", "Figure 2(a)", "Figure 2(b)", "Figure 2(c)", "Figure 3", "Table 1"):
        assert place in figures
    for place in ("Table 2", "Supp. Table 5", "Supp. Figure 8", "§4.4", "Theorem 1", "Appendix A"):
        assert place in figures


def test_every_source_and_table_is_used(content):
    assert {claim["about"] for claim in content["claims"]} == set(content["sources"])
    assert {claim["table"] for claim in content["claims"]} == set(content["tables"])


def test_at_least_thirty_claims_are_judged_by_name(content):
    judged = content["judged"]
    assert len({*judged["default"], *judged["published"]}) >= 30
    scale = {name: source["scale"] for name, source in content["sources"].items()}
    scales = {claim["id"]: scale[claim["about"]] for claim in content["claims"]}
    assert {scales[name] for name in judged["default"]} == {"simulation", "embedded"}
    assert {scales[name] for name in judged["published"]} == {"published features"}


def subjects_fit(claim, described):
    """Whether a run has a model on data such as a claim is about, as far as its config says."""
    known = {key for about in described for key in about}
    asked = {key: want for key, want in claim["rows"].items() if key in known}
    return any(
        all(about.get(key) in np.atleast_1d(want) for key, want in asked.items())
        for about in described
    )


def fitting(given):
    """Ids of the claims whose models and data a configuration names, files not looked into."""
    config = load_config(given, PROJECT)
    runs = list_subjects(config, plan_runs(config)[1])
    tables, claims = load_claims(FILE, SCHEMA)
    return {
        claim["id"]
        for claim in claims
        if "sha256" not in claim["rows"]
        and subjects_fit(claim, runs[tables[claim["table"]]["of"]].values())
    }


def test_the_default_has_what_the_claims_it_judges_are_about(content):
    assert fitting({}) == set(content["judged"]["default"])


def test_the_papers_configuration_has_what_its_claims_are_about(content, tmp_path):
    text = (PROJECT / "config/paper.yaml").read_text()
    scale = {name: source["scale"] for name, source in content["sources"].items()}
    of_paper = {c["id"] for c in content["claims"] if scale[c["about"]] == "paper"}
    # HatefulMemes must be your own.
    absent = {"table1-memes-original", "table1-memes-modified"}
    assert of_paper - fitting(yaml.safe_load(text)) == absent
    with_memes = yaml.safe_load(text)
    with_memes["datasets"]["memes"] |= {"use": True, "path": str(tmp_path)}
    (tmp_path / "dev_seen.jsonl").touch()
    assert of_paper <= fitting(with_memes)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"tolerance": -1}, "claims.0.tolerance: -1 is less than the minimum of 0"),
        ({"abovee": 1}, "claims.0: unknown key 'abovee'"),
        ({"above": 0.5}, "claims.one: give one of tolerance, above and below"),
        ({"about": "nothing"}, "claims.one.about: no 'nothing' in sources"),
        ({"table": "nothing"}, "claims.one.table: no 'nothing' in tables"),
        ({"about": "here"}, "claims.one: the paper's values are never judged on embedded"),
        ({"trend": "tau", "count": {"a": 1}}, "claims.one: give at most one of minus, trend"),
        ({"minus": {"a": 1}}, "claims.one: a difference (minus) is judged by above or below"),
        ({"id": "No Name"}, "claims.0.id: 'No Name' does not"),
        ({"reason": None}, "claims.0.reason: None is not of type 'string'"),
        ({"published": "much"}, "claims.0.published: 'much' is not of type 'number'"),
    ],
)
def test_a_mistake_in_the_file_is_one_line(tmp_path, change, line):
    with pytest.raises(InputError) as error:
        read_claims(write(tmp_path, small(**change)), SCHEMA)
    (problem,) = str(error.value).splitlines()[1:]
    assert line in problem
    assert "claims.yaml" in problem


def test_an_id_that_occurs_twice_and_a_judged_claim_that_is_none(tmp_path):
    doubled = small()
    doubled["claims"] *= 2
    with pytest.raises(InputError, match="more than once"):
        read_claims(write(tmp_path, doubled), SCHEMA)
    judged = {"default": ["two"], "published": []}
    with pytest.raises(InputError, match=r"judged\.default: no claim 'two'"):
        read_claims(write(tmp_path, {**small(), "judged": judged}), SCHEMA)


def test_every_table_comes_with_its_files_and_what_they_are_about(root, monkeypatch):
    monkeypatch.chdir(root)
    scenes = {"scenes": {"kind": "scenes", "n": 5, "seed": 0}}
    models = {"vit": {"source": "random", "architecture": "scenes-vit"}}
    config = load_config({"datasets": scenes, "models": models}, root)
    planned = plan_claims(config, {}, root)
    assert planned["files"]["gap"] == ["<results>/statistics/gap/scenes-vit.parquet"]
    (subject,) = planned["settings"]["described"]["gap"]
    assert subject["name"] == "scenes-vit"
    assert subject["state"] == "random"
    assert planned["files"].keys() == planned["settings"]["described"].keys()
    assert planned["imported"] == []
