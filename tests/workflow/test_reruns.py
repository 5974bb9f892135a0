"""What runs again after which change: exact sets of rules."""

import os
import shutil
import subprocess
import sys

import pytest

from workflow.runs import copy_project, planned, snakemake

SMOKE = ["--configfile", "config/smoke.yaml"]
# Whatever measures anew is judged anew, and shown.
JUDGED = {"judge_claims": 1, "write_report": 1}
TASK_RULES = {
    "sweep_zero_shot": 1,
    "sweep_fairness": 1,
    "table1_zero_shot": 1,
    "table2_fairness": 1,
    "figS10_zero_shot_shift": 1,
    "figS11_fairness_shift": 1,
}


def figure_rules(project):
    """Every figure of the finished run, each by the rule of its name."""
    figures = (project / "results" / "smoke" / "figures").glob("*.pdf")
    return {path.stem: 1 for path in figures}


def append(path, line):
    """Add a line of code at the end of a file, which has to be there."""
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")


def edit_config(project, old, new):
    """Replace a piece of the smoke configuration."""
    path = project / "config" / "smoke.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_second_run_has_nothing_to_do(smoke):
    assert planned(smoke, *SMOKE) == {}


def test_touching_every_file_reruns_nothing(finished):
    for path in finished.rglob("*"):
        if path.is_file() and ".snakemake" not in path.parts:
            os.utime(path)
    assert planned(finished, *SMOKE) == {}


def test_a_moved_project_reruns_nothing(finished, tmp_path):
    moved = shutil.move(finished, tmp_path / "elsewhere")
    assert planned(moved, *SMOKE) == {}


def test_a_clone_with_results_copied_in_reruns_nothing(root, smoke, tmp_path):
    clone = copy_project(root, tmp_path / "clone")
    for path in clone.rglob("*"):
        if path.is_file():
            os.utime(path)
    shutil.copytree(smoke / "results", clone / "results")
    assert planned(clone, *SMOKE) == {}


def test_a_drawing_module_reruns_the_figures_only(finished):
    append(finished / "scripts" / "modgap" / "report" / "drawing.py", "EDITED = True")
    assert planned(finished, *SMOKE) == {**figure_rules(finished), "write_report": 1, "all": 1}


def test_another_colour_reruns_figures_only(finished):
    edit_config(finished, "figures: {dpi: 80}", 'figures: {dpi: 80, first: "#009E73"}')
    jobs = set(planned(finished, *SMOKE))
    assert {"fig1_modality_gap", "fig2a_cone_histograms", "all"} <= jobs
    assert jobs <= {*figure_rules(finished), "write_report", "all"}


def test_a_single_figure_can_be_asked_for(finished):
    append(finished / "scripts" / "fig1_modality_gap.py", "EDITED = True")
    target = "results/smoke/figures/fig1_modality_gap.pdf"
    assert planned(finished, target, *SMOKE) == {"fig1_modality_gap": 1}


def test_more_resamples_rerun_the_statistics_and_what_reads_them(finished):
    edit_config(finished, "n_resamples: 200", "n_resamples: 300")
    assert planned(finished, *SMOKE) == {
        "measure_gap": 1,
        "measure_cone": 6,
        "table_answers": 1,
        "table_statistics": 1,
        "table_models": 1,
        "table_associations": 1,
        "table_completeness": 1,
        "figX_across_models": 1,
        "fig1_modality_gap": 1,
        "fig2a_cone_histograms": 1,
        **JUDGED,
        "all": 1,
    }


def test_the_extraction_module_reruns_extraction_and_everything_after(finished):
    append(finished / "scripts" / "modgap" / "embeddings" / "extraction.py", "EDITED = True")
    jobs = set(planned(finished, *SMOKE))
    every = set(planned(finished, "--forceall", *SMOKE))
    # What draws samples and pixels, trains from pixels, or simulates without data stays.
    assert every - jobs == {
        "draw_samples",
        "list_samples",
        "decode_pixels",
        "train",
        "table_training",
        "figS8_temperature_finetuning",
        "table_optimiser",
        "figX_initialisation_vs_optimisation",
        "figX_optimiser",
        "figX_gap_during_training",
        "simulate_activations",
        "simulate_sphere",
        "check_theorems",
        "fig2b_depth_and_activation",
        "fig3_sphere_simulation",
        "figX_theorems",
    }


METHOD_RULES = {
    "compare_methods": 1,
    "table_gap_methods": 1,
    "figX_gap_methods": 1,
    "figX_mixed_search": 1,
    "figX_calibration": 1,
}
# Of each package a module, and the jobs that its edit runs again, beside ``JUDGED`` and ``all``.
LISTED_AGAIN = {
    "list_samples": 1,
    "decode_pixels": 2,
    "embed_images": 2,
    "embed_texts": 1,
    "measure_cone": 3,
    "table_statistics": 1,
    "fig2a_cone_histograms": 1,
}
TRAINED_AGAIN = {
    "train": 9,
    "table_training": 4,
    "table_optimiser": 1,
    "figS8_temperature_finetuning": 1,
    "figX_initialisation_vs_optimisation": 1,
    "figX_optimiser": 1,
    "figX_gap_during_training": 1,
}
EDITED = {
    "fetch/integrity.py": LISTED_AGAIN,
    "data/kinds/listed.py": LISTED_AGAIN,
    "embeddings/verification.py": None,
    "training/held_out.py": TRAINED_AGAIN,
    "statistics/separability.py": {
        **METHOD_RULES,
        "measure_gap": 1,
        "measure_pairs": 1,
        "measure_cone": 6,
        "table_answers": 1,
        "table_statistics": 1,
        "table_models": 1,
        "table_associations": 1,
        "table_completeness": 1,
        "fig1_modality_gap": 1,
        "fig2a_cone_histograms": 1,
        "figX_across_models": 1,
        **TRAINED_AGAIN,
    },
    # The gap waits for nothing that compares all pairs.
    "statistics/retrieval.py": {
        **METHOD_RULES,
        "measure_pairs": 1,
        "table_completeness": 1,
        "measure_cone": 6,
        "table_answers": 1,
        "table_statistics": 1,
        "table_models": 1,
        "table_associations": 1,
        "figX_across_models": 1,
        "fig2a_cone_histograms": 1,
        **TRAINED_AGAIN,
    },
    "cones/theorems.py": {"check_theorems": 1, "figX_theorems": 1},
    "shift/sphere.py": {"simulate_sphere": 1, "fig3_sphere_simulation": 1},
    "methods/fits/translations.py": METHOD_RULES,
    "tasks/fairness.py": {"sweep_fairness": 1, "table2_fairness": 1, "figS11_fairness_shift": 1},
    # No claim is about the answers.
    "report/answers/table.py": {"table_answers": 1, "judge_claims": 0},
    "report/verdicts/measure.py": {},
    # What the workflow itself reads is in no job's digest: its effect is in the settings.
    "plan/resolve.py": None,
    "fetch/download.py": None,
}


@pytest.mark.parametrize("module", EDITED)
def test_an_edited_module_reruns_the_scripts_that_import_it(finished, module):
    append(finished / "scripts" / "modgap" / module, "EDITED = True")
    expected = EDITED[module]
    jobs = {} if expected is None else {**JUDGED, **expected, "all": 1}
    assert planned(finished, *SMOKE) == {name: count for name, count in jobs.items() if count}


@pytest.mark.parametrize("reader", ["torchvision", "webdataset"])
def test_a_reader_of_a_kind_that_the_run_does_not_have_reruns_nothing(finished, reader):
    append(finished / "scripts" / "modgap" / "data" / "kinds" / f"{reader}.py", "EDITED = True")
    assert planned(finished, *SMOKE) == {}


def test_the_root_of_the_library_is_in_every_digest(finished):
    append(finished / "scripts" / "modgap" / "__init__.py", "EDITED = True")
    assert planned(finished, *SMOKE) == planned(finished, "--forceall", *SMOKE)


def test_other_prompts_rerun_the_tasks_that_use_them(finished):
    path = finished / "config" / "prompts" / "scenes_size.yaml"
    text = path.read_text()
    assert "a {} circle" in text
    path.write_text(text.replace("a {} circle", "one {} circle"))
    assert planned(finished, *SMOKE) == {
        "embed_prompts": 1,
        **METHOD_RULES,
        "sweep_zero_shot": 1,
        "table1_zero_shot": 1,
        "figS10_zero_shot_shift": 1,
        "table_models": 1,
        "table_associations": 1,
        "table_completeness": 1,
        "figX_across_models": 1,
        **JUDGED,
        "all": 1,
    }


def test_other_control_draws_rerun_the_zero_shot_sweep(finished):
    edit_config(finished, "n_permutations: 20", "n_permutations: 21")
    assert planned(finished, *SMOKE) == {
        "sweep_zero_shot": 1,
        "table1_zero_shot": 1,
        "figS10_zero_shot_shift": 1,
        "table_models": 1,
        "table_associations": 1,
        "table_completeness": 1,
        "figX_across_models": 1,
        **JUDGED,
        "all": 1,
    }


def test_an_edited_claim_is_judged_and_shown(finished):
    path = finished / "config" / "claims.yaml"
    text = path.read_text()
    assert "tolerance: 0.005" in text
    path.write_text(text.replace("tolerance: 0.005", "tolerance: 0.006"))
    assert planned(finished, *SMOKE) == {**JUDGED, "all": 1}


def test_an_edited_caption_or_template_reruns_the_report(finished):
    append(finished / "report" / "fig1_modality_gap.rst", "One more sentence.")
    assert planned(finished, *SMOKE) == {"write_report": 1, "all": 1}


def test_lost_or_changed_benchmark_files_rerun_nothing(finished):
    shutil.rmtree(finished / "results" / "smoke" / "benchmarks" / "train")
    (finished / "results" / "smoke" / "benchmarks" / "check_theorems.tsv").write_text("s\n9\n")
    assert planned(finished, *SMOKE) == {}


def test_reverting_an_edit_leaves_nothing_to_do(finished):
    path = finished / "scripts" / "modgap" / "report" / "drawing.py"
    text = path.read_text()
    append(path, "EDITED = True")
    path.write_text(text)
    assert planned(finished, *SMOKE) == {}


def test_another_model_reruns_only_what_that_model_touches(finished):
    edit_config(finished, "resnet18, seed: 0", "resnet18, seed: 5")
    assert planned(finished, *SMOKE) == {
        "embed_images": 2,
        "measure_cone": 2,
        "table_statistics": 1,
        "fig2a_cone_histograms": 1,
        "measure_layers": 1,
        "table_layers": 1,
        "figX_cone_by_layer": 1,
        **JUDGED,
        "all": 1,
    }


def test_the_same_config_gives_the_same_numbers_and_pictures(root, smoke, tmp_path):
    """Without the two studies that train another eight models: training is in the others too."""
    again = copy_project(root, tmp_path / "again")
    targets = ["fig1_modality_gap", "fig2b_depth_and_activation", "fig2c_random_initialisations"]
    targets += ["fig3_shift_landscape", "fig3_sphere_simulation", "figS8_temperature_finetuning"]
    targets += ["figS10_zero_shot_shift", "figS11_fairness_shift", "figX_theorems"]
    targets += ["figX_cone_by_layer", "figX_across_models", "table1_zero_shot", "table2_fairness"]
    targets += ["table_statistics", "table_completeness", "table_associations"]
    snakemake(again, *targets, "--cores", 2, *SMOKE)
    compared = 0
    for path in sorted((again / "results" / "smoke").rglob("*.*")):
        if path.suffix in (".parquet", ".npy", ".csv", ".md", ".tex", ".png", ".pdf"):
            other = smoke / path.relative_to(again)
            assert path.read_bytes() == other.read_bytes(), path.name
            compared += 1
    assert compared > 60


WITHOUT_TORCH = [
    "fig1_modality_gap",
    "fig2a_cone_histograms",
    "figX_gap_during_training",
    "table_training",
    "measure_gap",
    "measure_pairs",
    "sweep_zero_shot",
    "sweep_fairness",
    "table1_zero_shot",
    "table2_fairness",
    "figS10_zero_shot_shift",
    "figS11_fairness_shift",
    "table_models",
    "table_associations",
    "table_completeness",
    "figX_across_models",
    "compare_methods",
    "fit_transforms",
    "table_gap_methods",
    "figX_gap_methods",
    "judge_claims",
    "write_report",
]


def test_analysis_does_not_import_torch(root):
    code = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(name)\n"
        "    assert 'torch' not in sys.modules, name\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(root / "scripts")}
    command = [sys.executable, "-c", code, *WITHOUT_TORCH]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
