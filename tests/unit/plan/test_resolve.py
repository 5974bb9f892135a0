"""The plan of a configuration: what rules find in it, and what they are told of the rest."""

import json
import re

import pytest

from modgap.errors import InputError
from modgap.plan.config import load_config
from modgap.plan.resolve import (
    choose_settings,
    look_up,
    name_configfiles,
    resolve,
    sort_keys,
)

PLAN = {
    "sets": {"a-b": {"first": ["p0", "p1"]}, "s[1]": {"first": ["x"]}},
    "texts": {"m/d": {"settings": [{"shard": 0}, {"shard": 1}]}},
}


def test_keys_are_looked_up_one_a_level_with_wildcards_filled():
    assert look_up(PLAN, ("sets", "{name}", "first"), {"name": "a-b"}) == ["p0", "p1"]
    assert look_up(PLAN, ("sets", "a-b", "first", "1"), {}) == "p1"
    filled = {"model": "m", "dataset": "d", "shard": "1"}
    keys = ("texts", "{model}/{dataset}", "settings", "{shard}")
    assert look_up(PLAN, keys, filled) == {"shard": 1}


def test_names_are_not_patterns():
    assert look_up(PLAN, ("sets", "{name}", "first"), {"name": "s[1]"}) == ["x"]
    with pytest.raises(InputError, match=re.escape("sets: nothing planned of the name 's1'")):
        look_up(PLAN, ("sets", "{name}", "first"), {"name": "s1"})


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (("sets", "a-c", "first"), "sets: nothing planned of the name 'a-c', did you mean 'a-b'?"),
        (("sets", "a-b", "second"), "sets: nothing planned of the name 'second'"),
        (("sats",), "plan: nothing planned of the name 'sats', did you mean 'sets'?"),
        (("texts", "m/d", "settings", "2"), "texts: nothing planned of the name '2'"),
        (("texts", "m/d", "settings", "x"), "texts: nothing planned of the name 'x'"),
        (("sets", "a-b", "first", "0", "more"), "sets: nothing planned of the name 'more'"),
    ],
)
def test_what_is_not_planned_is_named_in_one_line(keys, message):
    with pytest.raises(InputError) as caught:
        look_up(PLAN, keys, {})
    assert str(caught.value) == message


def test_settings_are_sorted_at_every_level():
    config = {"figures": {"dpi": 80, "first": "#000000"}}
    row = {"rows": [{"z": 1, "a": {"y": 2, "b": 3}}]}
    chosen = choose_settings(config, "figures", ["dpi"], row, {"name": "n"})
    assert (
        json.dumps(chosen) == '{"dpi": 80, "name": "n", "rows": [{"a": {"b": 3, "y": 2}, "z": 1}]}'
    )
    assert choose_settings(config, "figures", [], {}, {}) == config["figures"]
    assert choose_settings(config, None, [], row, {}) == sort_keys(row)
    assert choose_settings(config, "sphere", [], {}, {}) == {}


def smoke(root, monkeypatch, **changes):
    monkeypatch.chdir(root)
    import yaml

    given = yaml.safe_load((root / "config" / "smoke.yaml").read_text(encoding="utf-8"))
    return load_config({**given, **changes}, root)


def test_the_plan_holds_what_the_smoke_run_is_made_of(root, monkeypatch):
    config = smoke(root, monkeypatch)
    plan = resolve(config, root)
    assert plan["embedding_sets"]["scenes-vit"] == {
        "first": ["<results>/embeddings/vit/scenes/images/part-0.parquet"],
        "second": ["<results>/embeddings/vit/scenes/texts/part-0.parquet"],
        "samples": ["<results>/samples/scenes.parquet"],
        "moments": [],
        "ranks": [],
        "settings": {"caption": "first", "name": "scenes-vit"},
        "swept": {
            "caption": "first",
            "largest_batch": 32768,
            "name": "scenes-vit",
            "sample_seed": 0,
        },
    }
    assert plan["clouds"]["resnet18/noise/images"]["parts"] == [
        "<results>/embeddings/resnet18/noise/images/part-0.parquet"
    ]
    assert "resnet18/noise/texts" not in plan["clouds"]
    assert plan["datasets"]["scenes"]["array"] == "<results>/samples/scenes.npy"
    assert plan["datasets"]["noise"]["array"] == []
    assert plan["fetching"]["files"] == []
    wanted = plan["targets"]["figures"]
    assert "<results>/figures/figS8_temperature_finetuning.pdf" in wanted
    assert not [path for path in wanted if "figS13" in path]
    assert {figure["name"] for figure in plan["report"]["settings"]["figures"]} == {
        path.split("/")[-1].split(".")[0] for path in wanted
    }


def test_the_report_is_told_what_tells_the_runs_of_a_figure_apart(root, monkeypatch):
    plan = resolve(smoke(root, monkeypatch), root)
    cells = {figure["name"]: figure["cells"] for figure in plan["report"]["settings"]["figures"]}
    assert [cell["run"] for cell in cells["figX_gap_during_training"]] == ["base"]
    assert cells["fig1_modality_gap"] == []


def test_no_label_reaches_what_is_computed(root, monkeypatch):
    """What figures call a model or dataset changes no settings but those of figures and tables."""
    before = resolve(smoke(root, monkeypatch), root)
    config = smoke(root, monkeypatch)
    for section in ("models", "datasets"):
        for entry in config[section].values():
            entry["label"] = "another name"
    after = resolve(config, root)
    shown = {"figures", "tables", "report"}
    assert {key for key in before if before[key] != after[key]} <= shown
    assert before["figures"] != after["figures"]


def test_the_plan_needs_neither_numbers_nor_networks_nor_snakemake(root):
    import subprocess
    import sys

    code = (
        "import sys; sys.path.insert(0, 'scripts'); import modgap.plan.resolve; "
        "sys.exit(bool({'numpy', 'torch', 'pandas', 'snakemake', 'open_clip'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=root).returncode == 0


@pytest.mark.parametrize("nvidia", [None, "/usr/bin/nvidia-smi"])
@pytest.mark.parametrize(("device", "expected"), [("cpu", 0), ("cuda", 1), ("auto", None)])
def test_a_job_that_embeds_gets_a_gpu_where_there_is_one(
    root, monkeypatch, nvidia, device, expected
):
    monkeypatch.setattr("modgap.plan.resolve.shutil.which", lambda _: nvidia)
    config = smoke(root, monkeypatch, embeddings={"device": device})
    gpu = resolve(config, root)["resources"]["embeddings"]["gpu"]
    assert gpu == (int(nvidia is not None) if expected is None else expected)


def test_the_report_names_the_configuration_files_of_its_run(root, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert name_configfiles([]) == ""
    assert name_configfiles([tmp_path / "mine.yaml"]) == "--configfile mine.yaml"
    assert name_configfiles(["my data.yaml"]) == "--configfile 'my data.yaml'"
    assert name_configfiles(["a.yaml", "b.yaml"]) == "--configfile a.yaml b.yaml"
    assert name_configfiles(["/elsewhere/mine.yaml"]) == "--configfile /elsewhere/mine.yaml"
    config = smoke(root, monkeypatch)
    report = resolve(config, root, [root / "config" / "smoke.yaml"])["report"]
    assert report["settings"]["again"] == "--configfile config/smoke.yaml"


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_shards_ask_for_a_gpu_where_the_configuration_says_so(root, monkeypatch, device):
    config = smoke(root, monkeypatch, statistics={"device": device})
    assert resolve(config, root)["resources"]["shards"] == {"gpu": int(device == "cuda")}
