"""The file of claims, and which of them a run may judge."""

import numpy as np
import pytest
import yaml

from claim_files import FILE, SCHEMA, small, write
from modgap.errors import InputError
from modgap.plan.config import load_config
from modgap.plan.models.entries import PROJECT
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
    parts = [part for claim in content["claims"] for part in (claim, *claim.get("also", []))]
    assert {part["about"] for part in parts} == set(content["sources"])
    assert {part["table"] for part in parts} == set(content["tables"])
    assert set(content["figures"]) == set(content["tables"]) - {"arithmetic"}


def test_at_least_thirty_claims_are_judged_by_name(content):
    judged = content["judged"]
    assert len({*judged["default"], *judged["published"]}) >= 30
    scale = {name: source["scale"] for name, source in content["sources"].items()}
    scales = {claim["id"]: scale[claim["about"]] for claim in content["claims"]}
    assert {scales[name] for name in judged["default"]} == {"simulation", "embedded"}
    assert {scales[name] for name in judged["published"]} == {"published features"}
    assert {scales[name] for name in judged["always"]} == {"printed numbers"}
    illustrations = {claim["id"] for claim in content["claims"] if "illustrates" in claim}
    assert not illustrations & {name for names in judged.values() for name in names}


def test_no_tolerance_is_as_large_as_the_effect_it_is_about(content):
    """Pairs of the paper's values whose difference is what it claims."""
    claims = {claim["id"]: claim for claim in content["claims"]}
    pairs = [
        (name, name.replace("-modified", "-original"))
        for name in claims
        if name.endswith("-modified")
    ]
    pairs += [("tables4-accuracy-large-gap", "table2-accuracy-original")]
    pairs += [("figs8-gap-50", "gap-coco-b16"), ("s44-plain-end", "s44-plain-start")]
    assert len(pairs) > 15
    for after, before in pairs:
        effect = abs(claims[after]["published"] - claims[before]["published"])
        fails = claims[after]["tolerance"] < effect
        assert fails != ("illustrates" in claims[after]), after


def test_a_threshold_is_the_same_at_every_scale(content):
    """Of one statistic, whatever it is measured on."""
    bounds = {}
    for claim in content["claims"]:
        statistic = claim["rows"].get("statistic")
        plain = not {"minus", "ratio", "trend", "spread", "share", "count"} & claim.keys()
        if plain and "above" in claim and statistic in ("gap", "margin", "mean_cosine"):
            bounds.setdefault(statistic, set()).add(claim["above"])
    assert bounds == {"gap": {0.1}, "margin": {0}, "mean_cosine": {0.3}}


def test_kendalls_tau_has_enough_places_to_say_something(content):
    """Over four places one order of 24 has no fall; over six one of 720."""
    trends = {claim["id"]: claim["trend"] for claim in content["claims"] if "trend" in claim}
    assert set(trends.values()) == {"depth", "tau"}


def judgeable(content):
    """Claims that are more than illustrations."""
    return [claim for claim in content["claims"] if "illustrates" not in claim]


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
        and "illustrates" not in claim
    }


def test_the_default_has_what_the_claims_it_judges_are_about(content):
    assert fitting({}) == set(content["judged"]["default"])


def test_the_papers_configuration_has_what_its_claims_are_about(content, tmp_path):
    text = (PROJECT / "config/paper.yaml").read_text()
    scale = {name: source["scale"] for name, source in content["sources"].items()}
    of_paper = {c["id"] for c in judgeable(content) if scale[c["about"]] == "paper"}
    # Of a configuration of its own.
    searched = {c["id"] for c in judgeable(content) if c["about"] == "methods_mixbench_b16"}
    example = yaml.safe_load((PROJECT / "config/examples/mixbench.yaml").read_text())
    assert fitting(example) & of_paper == searched
    of_paper -= searched
    # HatefulMemes must be your own.
    absent = {c["id"] for c in judgeable(content) if c["about"] == "memes_b16"}
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
        ({"source": "hearsay"}, "claims.0.source: 'hearsay' is none of"),
        ({"decidable": "perhaps"}, "claims.0.decidable: 'perhaps' is none of"),
        ({"table": "study"}, "claims.one: a claim about a training study has unit: seeds"),
        ({"about": "trained"}, "claims.one: a claim about models trained here has unit: seeds"),
        ({"also": [{"about": "here", "table": "gap"}]}, "claims.one: a claim is about models and"),
        ({"also": [{"about": "theirs", "table": "none"}]}, "claims.one.table: no 'none' in tables"),
        ({"trend": "tau", "count": {"a": 1}}, "claims.one: give at most one of minus, ratio"),
        ({"minus": {"a": 1}}, "claims.one: a difference (minus) is judged by above or below"),
        ({"id": "No Name"}, "claims.0.id: 'No Name' does not"),
        ({"reason": None}, "claims.0.reason: None is not text"),
        ({"published": "much"}, "claims.0.published: 'much' is not a number"),
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
    judged = {"always": [], "default": ["two"], "published": []}
    with pytest.raises(InputError, match=r"judged\.default: no claim 'two'"):
        read_claims(write(tmp_path, {**small(), "judged": judged}), SCHEMA)


def test_further_rows_are_ready_like_the_claims_own(tmp_path):
    also = [{"about": "theirs", "table": "study", "rows": {"stage": "end"}}]
    _, (claim,) = load_claims(write(tmp_path, small(also=also, unit="seeds")), SCHEMA)
    (part,) = claim["also"]
    assert part["rows"] == {"stage": "end", "sha256": claim["rows"]["sha256"]}
    assert part["columns"] == claim["columns"]
    assert (claim["scale"], claim["decidable"]) == ("published features", "yes")


def test_what_a_claim_says_itself_comes_before_its_source(tmp_path):
    given = small(decidable="never", sample="drawn")
    given["sources"]["theirs"]["sample"] = "same"
    _, (claim,) = load_claims(write(tmp_path, given), SCHEMA)
    assert (claim["decidable"], claim["sample"]) == ("never", "drawn")


def test_a_model_trained_here_is_one_seed_and_several_are_not():
    config = load_config({}, PROJECT)
    subjects = list_subjects(config, plan_runs(config)[1])
    assert subjects["embedding_sets"]["scenes-trained"]["n_seeds"] == 1
    assert "n_seeds" not in subjects["embedding_sets"]["scenes-vit"]
    assert "n_seeds" not in subjects["independent_models"]["resnet18"]


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


LATER = {"GR-CLIP", "NNN", "C3", "I0T", "Schrodi et al.", "Sato et al."}


def test_later_papers_are_judged_by_the_sign_and_named_where_they_say_so(content):
    """Their galleries, captions and calibration are not those of a run."""
    later = [claim for claim in content["claims"] if claim["source"] in LATER]
    assert {claim["source"] for claim in later} == LATER
    for claim in later:
        assert claim["where"].startswith(claim["source"]), claim["id"]
        assert {claim.get("above"), claim.get("below")} & {0} or claim["target"] == 0
    published = {claim["source"] for claim in later if "published" in claim}
    assert published == {"GR-CLIP", "NNN", "I0T"}


def test_methods_are_judged_on_the_sets_that_they_are_compared_on():
    config = load_config({}, PROJECT)
    subjects = list_subjects(config, plan_runs(config)[1])["gap_methods"]
    assert subjects.keys() == config["gap_methods"].keys()
    # The first seed of its model stands for no other.
    assert subjects["scenes-trained"]["n_seeds"] == 1
    assert "training_seed" not in subjects["scenes-trained"]


def test_a_claim_of_the_papers_numbers_is_about_one_precision(content):
    """The twin in another precision is not judged besides, and Table 2 is of half precision."""
    text = (PROJECT / "config/paper.yaml").read_text()
    config = load_config(yaml.safe_load(text), PROJECT)
    subjects = list_subjects(config, plan_runs(config)[1])
    tables, claims = load_claims(FILE, SCHEMA)
    judged_on = {}
    for claim in claims:
        about = subjects[tables[claim["table"]]["of"]]
        if claim["scale"] == "paper":
            judged_on[claim["id"]] = [
                name for name, what in about.items() if subjects_fit(claim, [what])
            ]
    assert judged_on["gap-coco-b32"] == ["coco-b32"]
    assert "coco-b16-half" in judged_on["fig1-gap-coco500-b16"]
    assert judged_on["table2-white-original"] == ["fairface-half"]
    assert judged_on["table2-harm-falls"] == ["fairface", "fairface-half"]
    assert subjects["zero_shot"]["cifar10"]["precision"] == "fp32"
