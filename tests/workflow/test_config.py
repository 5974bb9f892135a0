"""What a user reads when the configuration is wrong, and what a user's own file builds."""

import numpy as np
import pytest
import yaml

from modgap.data.sources import count_items
from modgap.plan.config import load_config
from workflow.runs import copy_project, planned, snakemake


@pytest.fixture
def ready(tmp_path):
    """A file of ready embeddings."""
    path = tmp_path / "ready.npy"
    np.save(path, np.random.default_rng(0).normal(size=(2, 30, 8)).astype("float32"))
    return path


def test_a_typo_stops_the_run_before_anything_runs(root, tmp_path):
    project = copy_project(root, tmp_path / "project")
    (project / "mine.yaml").write_text("statistcs: {seed: 1}\n")
    done = snakemake(project, "--cores", 1, "--configfile", "mine.yaml", check=False)
    assert done.returncode != 0
    assert "unknown key 'statistcs', did you mean 'statistics'?" in done.stdout
    assert "Traceback" not in done.stdout
    assert not (project / "results").exists()


def test_a_users_file_builds_only_what_it_names(root, tmp_path, ready):
    project = copy_project(root, tmp_path / "project")
    text = f"datasets: {{ready: {{kind: embeddings, file: {ready}}}}}\n"
    (project / "mine.yaml").write_text(text)
    jobs = planned(project, "table_statistics", "--configfile", "mine.yaml")
    assert jobs == {
        "import_embeddings": 2,
        "measure_gap": 1,
        "measure_pairs": 1,
        "measure_cone": 2,
        "table_statistics": 1,
    }
    snakemake(project, "table_statistics", "--cores", 2, "--configfile", "mine.yaml")
    # In a folder of its name, as it names none.
    (made,) = (project / "results").iterdir()
    assert made.name == "mine"
    table = (made / "tables" / "gap_statistics.csv").read_text().splitlines()
    assert len(table) == 2
    assert table[1].startswith("ready,30,8,")


def test_the_papers_configuration_plans_its_whole_graph_with_its_counts(root, tmp_path):
    project = copy_project(root, tmp_path / "project")
    jobs = planned(project, "--configfile", "config/paper.yaml")
    figures = {name for name in jobs if name.startswith(("fig", "table"))}
    assert {"fig1_modality_gap", "fig2a_cone_histograms", "fig2c_random_initialisations"} <= figures
    assert {"fig3_shift_landscape", "fig3_sphere_simulation", "table1_zero_shot"} <= figures
    assert {"figS8_temperature_finetuning", "figX_initialisation_vs_optimisation"} <= figures
    assert "table2_fairness" in figures
    assert {"figX_across_models", "table_models", "verify_weights"} <= set(jobs)
    # What COCO, the four classification sets, FairFace and the authors' eight files consist of,
    # and the weights of three models of CLIP and two of ResNet-50.
    assert jobs["download_file"] == 3 + 4 + 2 + 8 + 5
    # Two recipes at six temperatures; two starts with three seeds by both recipes.
    assert jobs["train"] == 2 * 6 + 2 * 3 * 2
    config = load_config(yaml.safe_load((root / "config" / "paper.yaml").read_text()), root)
    counts = {
        name: count_items(entry["kind"], entry)
        for name, entry in config["datasets"].items()
        if entry["kind"] != "embeddings"
    }
    assert counts == {
        "coco": 5000,
        "coco-500": 500,
        "noise": 5000,
        "coco-train": 50000,
        "cifar10": 10000,
        "cifar100": 10000,
        "cifar10-all": 60000,
        "cifar100-all": 60000,
        "svhn": 26032,
        "eurosat": 27000,
        "fairface": 10954,
    }
    assert config["cone_study"]["seeds"] == 25
    assert config["shift"]["grid"] == {"first": -5, "last": 4.75, "step": 0.25}


def test_a_figure_that_the_configuration_has_nothing_for_is_refused_by_name(root, tmp_path, ready):
    project = copy_project(root, tmp_path / "project")
    given = {"datasets": {"mine": {"kind": "embeddings", "file": str(ready)}}}
    (project / "mine.yaml").write_text(yaml.safe_dump(given))
    done = snakemake(
        project, "figS11_fairness_shift", "-n", "--configfile", "mine.yaml", check=False
    )
    assert done.returncode != 0
    assert "figS11_fairness_shift: this configuration names nothing" in done.stdout


@pytest.mark.parametrize("given", ["fig8_theorems", "results/smoke/figures/fig8_theorems.png"])
def test_a_figure_asked_for_by_its_old_name_is_answered_with_the_new_one(root, given):
    done = snakemake(root, "-n", given, "--configfile", "config/smoke.yaml", check=False)
    assert done.returncode != 0
    assert f"{given}: is called figX_theorems since version 0.2.0; ask for that" in done.stdout
    assert "MissingRule" not in done.stdout


def test_what_is_not_planned_is_named(root):
    target = "results/smoke/pixels/scenes/99-bicubic-shortest/part-0.npy"
    done = snakemake(root, "-n", target, "--configfile", "config/smoke.yaml", check=False)
    assert done.returncode != 0
    assert "crops: nothing planned of the name 'scenes/99-bicubic-shortest'" in done.stdout


def test_two_sets_are_compared_also_with_one_of_another_run(root, tmp_path, ready):
    project = copy_project(root, tmp_path / "project")
    other = tmp_path / "other.npy"
    np.save(other, np.load(ready) + np.array([2, -2], "float32")[:, None, None])
    files = {"before": str(ready), "after": str(other)}
    datasets = {name: {"kind": "embeddings", "file": file} for name, file in files.items()}
    first = {
        "results": "one",
        "datasets": datasets,
        "statistics": {"n_resamples": 100},
        "comparisons": {"finetune": ["before", "after"]},
    }
    item = {"results": "one", "set": "before"}
    second = {
        **first,
        "results": "two",
        "datasets": {"after": datasets["after"]},
        "comparisons": {"finetune": [item, "after"]},
    }
    for given in (first, second):
        (project / "mine.yaml").write_text(yaml.safe_dump(given))
        mine = ("figX_comparison", "table_comparisons", "--configfile", "mine.yaml")
        jobs = planned(project, *mine)
        assert jobs.pop("import_embeddings") == 2 * len(given["datasets"])
        assert jobs == {"compare_sets": 1, "table_comparisons": 1, "figX_comparison": 1}
        tables = ["table_statistics"] if given is first else []
        snakemake(project, *tables, *mine, "--cores", 2)
        assert planned(project, *mine) == {}
    results = [(project / run / "tables" / "comparisons.csv").read_text() for run in ("one", "two")]
    assert results[0] == results[1]
    assert "gap_unbiased" in results[0]
