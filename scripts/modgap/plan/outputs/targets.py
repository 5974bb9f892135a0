"""Every figure and table: when a configuration has it, what it is called and shown as."""

from pathlib import Path
from typing import NamedTuple

from modgap.plan.cones import select_entries
from modgap.plan.models.entries import weights_state
from modgap.plan.names import describe_scenes
from modgap.plan.paths import list_matrices, list_paired, picture_sets

PRINTED = ("csv", "md", "tex")


class Target(NamedTuple):
    """A figure or table that people look at.

    needs : a word of ``list_contents``: what a configuration must have. labels : of Snakemake's
    own report. caption : file in ``report/``; by default that of the target's name.
    """

    name: str
    title: str
    labels: dict
    needs: str
    caption: str = ""
    formats: tuple = ("pdf", "png")

    @property
    def caption_file(self):
        return self.caption or f"{self.name}.rst"


def figure(name, title, number, subject, needs, caption=""):
    return Target(name, title, {"figure": number, "subject": subject}, needs, caption)


def table(name, title, label, needs, formats=PRINTED, caption="", **more):
    return Target(name, title, {"table": label, **more}, needs, caption, formats)


FIGURES = [
    figure(
        "fig1_modality_gap",
        "Figure 1: the gap of every embedding set in four projections",
        "1",
        "Modality gap",
        "embedding_sets",
    ),
    figure(
        "figX_modality_matrix",
        "Figure X: every pair of more than two modalities, and all their clouds in one projection",
        "X",
        "More than two modalities",
        "more than two modalities",
    ),
    figure(
        "fig2a_cone_histograms",
        "Figure 2(a): pairwise cosines within each cloud, encoders by weights and data",
        "2a",
        "Cone effect",
        "cones",
    ),
    figure(
        "fig2b_depth_and_activation",
        "Figure 2(b): cone effect by activation, bias and depth",
        "2b",
        "Depth and activation",
        "random_networks",
    ),
    figure(
        "fig2c_random_initialisations",
        "Figure 2(c): every random initialisation makes its own cone",
        "2c",
        "Random initialisations",
        "initialisations",
    ),
    figure(
        "figX_initial_gap",
        "Figure X: the gap of untrained models against what independent cones predict",
        "X",
        "Gap at the start",
        "two-tower initialisations",
    ),
    figure(
        "fig3_shift_landscape",
        "Figure 3(a-d): the loss along the gap, by both protocols, and how it depends on the batch",
        "3a-d",
        "Loss along the gap",
        "pairs",
    ),
    figure(
        "fig3_sphere_simulation",
        "Figure 3(e-g): mismatched pairs on a sphere keep the modalities apart",
        "3e-g",
        "Sphere simulation",
        "sphere",
    ),
    figure(
        "figS10_zero_shot_shift",
        "Supplementary Figure 10: zero-shot accuracy over the remaining gap, and the gap among its "
        "controls",
        "S10",
        "Zero-shot under shifts",
        "zero_shot",
    ),
    figure(
        "figS11_fairness_shift",
        "Supplementary Figure 11: rates of harmful classes by group and accuracy over shifts "
        "of the pictures",
        "S11",
        "Fairness under shifts",
        "fairness",
    ),
    figure(
        "figX_theorems",
        "Figure X: both theorems, what was measured against the bounds",
        "X",
        "Theorems",
        "theorems",
    ),
    figure(
        "figX_cone_by_layer",
        "Figure X: the cone from layer to layer in real networks",
        "X",
        "Cone by layer",
        "layers",
    ),
    figure(
        "figS8_temperature_finetuning",
        "Supplementary Figure 8: gap, retrieval and zero-shot after fine-tuning at several "
        "temperatures",
        "S8",
        "Fine-tuning at temperatures",
        "study temperature_finetuning",
    ),
    figure(
        "figX_initialisation_vs_optimisation",
        "Figure X: the gap that a plain start and a closed start end with",
        "X",
        "Initialisation and optimisation",
        "study initialisation",
    ),
    figure(
        "figX_optimiser",
        "Figure X: is it the loss or weight decay that widens the gap?",
        "X",
        "Optimiser",
        "study optimiser",
    ),
    figure(
        "figX_gap_during_training",
        "Figure X: what opens and closes the gap in training",
        "X",
        "Gap during training",
        "study gap_triggers",
    ),
    figure(
        "figS13_independent_models",
        "Supplementary Figure 13: models trained independently, each its own cone",
        "S13",
        "Models trained independently",
        "independent_models",
    ),
    figure(
        "figS14_second_picture_set",
        "Supplementary Figure 14: the cones of a second set of pictures beside the first",
        "S14",
        "Cones of a second picture set",
        "two picture sets",
    ),
    figure(
        "figS15_without_normalisation",
        "Supplementary Figure 15: does the gap persist without normalisation?",
        "S15",
        "Without normalisation",
        "without_normalisation",
    ),
    figure(
        "figS16_embedding_width",
        "Supplementary Figure 16: the gap of models of different embedding width",
        "S16",
        "Embedding width",
        "study embedding_width",
    ),
    figure(
        "figX_across_models",
        "Figure X: gap, RMG, cone and zero-shot accuracy across models",
        "X",
        "Across models",
        "models compared",
    ),
    figure(
        "figX_comparison",
        "Figure X: what differs between two embedding sets on the same pictures",
        "X",
        "Comparisons",
        "comparisons",
    ),
    figure(
        "figX_gap_methods",
        "Figure X: what methods that close the gap do to each task",
        "X",
        "Methods against the gap",
        "gap_methods",
    ),
    figure(
        "figX_mixed_search",
        "Figure X: search in a gallery of pictures and texts, by method",
        "X",
        "Mixed search",
        "gap_methods",
    ),
    figure(
        "figX_calibration",
        "Figure X: what methods gain by the number of pictures they are fitted on",
        "X",
        "Calibration of methods",
        "gap_methods",
    ),
]

STUDY = "training_study.rst"

TABLES = [
    table(
        "answers",
        "Answers: the gap of every embedding set, in words",
        "Answers",
        "embedding_sets",
    ),
    table("gap_statistics", "Gap statistics", "Gap statistics", "always"),
    table("across_models", "Across models", "Across models", "models compared"),
    table(
        "model_associations",
        "Associations across models: gap, cone and logit scale with accuracy and recall",
        "Associations across models",
        "models compared",
        ("csv",),
    ),
    table(
        "caption_completeness",
        "What the completeness of captions does",
        "Completeness of captions",
        "drawn scenes",
    ),
    table("comparisons", "Comparisons", "Comparisons", "comparisons"),
    table("gap_methods", "Methods against the gap", "Methods against the gap", "gap_methods"),
    table("verify_weights", "Verify weights", "Weights", "weights of others"),
    table("cone_statistics", "Cone statistics", "Cone statistics", "always"),
    table("shift_minima", "Shift minima", "Loss-minimising shifts", "pairs"),
    table(
        "table1_zero_shot",
        "Table 1: zero-shot classification with the best shift, as published and corrected",
        "1",
        "zero_shot",
        subject="Zero-shot under shifts",
    ),
    table(
        "table2_fairness",
        "Table 2: rates of harmful classes by group, without and with shifts",
        "2",
        "fairness",
        subject="Fairness under shifts",
    ),
    table(
        "temperature_finetuning",
        "Temperature finetuning",
        "Training: {study}",
        "study temperature_finetuning",
        caption=STUDY,
    ),
    table(
        "initialisation_vs_optimisation",
        "Initialisation vs optimisation",
        "Training: {study}",
        "study initialisation",
        caption=STUDY,
    ),
    table(
        "optimiser",
        "Optimiser",
        "Training: {study}",
        "study optimiser",
        caption=STUDY,
    ),
    table(
        "optimiser_effects",
        "Effects of decay and loss on the change of the gap",
        "Training: effects of decay and loss",
        "study optimiser",
    ),
    table(
        "gap_during_training",
        "Gap during training",
        "Training: {study}",
        "study gap_triggers",
        caption=STUDY,
    ),
    table(
        "embedding_width",
        "Embedding width",
        "Training: {study}",
        "study embedding_width",
        caption=STUDY,
    ),
    table(
        "training_without_normalisation",
        "Training without normalisation",
        "Training: {study}",
        "study without_normalisation",
        caption=STUDY,
    ),
    table("claims", "Verdicts on the paper's claims", "Verdicts on the paper's claims", "always"),
    table(
        "depth_and_activation",
        "Depth and activation",
        "Depth and activation",
        "random_networks",
        ("csv",),
    ),
    table("theorems", "Theorems", "Theorems", "theorems", ("csv",)),
    table(
        "random_initialisations",
        "Random initialisations",
        "Random initialisations",
        "initialisations",
        ("csv",),
    ),
    table("cone_by_layer", "Cone by layer", "Cone by layer", "layers", ("csv",)),
    table(
        "independent_models",
        "Independent models",
        "Models trained independently",
        "independent_models",
        ("csv",),
    ),
    table(
        "without_normalisation",
        "Without normalisation",
        "Without normalisation",
        "without_normalisation",
        ("csv",),
    ),
    table("skipped_samples", "Skipped samples", "Skipped samples", "skipping", ("csv",)),
]

# Names that targets had before version 0.2.0.
RENAMED = {
    "fig2d_initial_gap": "figX_initial_gap",
    "fig4_temperature_finetuning": "figS8_temperature_finetuning",
    "fig5_initialisation_vs_optimisation": "figX_initialisation_vs_optimisation",
    "fig6_zero_shot_shift": "figS10_zero_shot_shift",
    "fig7_fairness_shift": "figS11_fairness_shift",
    "fig8_theorems": "figX_theorems",
    "fig9_gap_during_training": "figX_gap_during_training",
    "fig10_cone_by_layer": "figX_cone_by_layer",
    "fig11_across_models": "figX_across_models",
    "gap_statistics": "table_statistics",
    "across_models": "table_models",
    "cone_by_layer": "table_layers",
    "shift_minima": "table_shift_minima",
    "skipped_samples": "table_skipped",
    "training_study": "table_training",
    "without_normalisation": "table_normalisation",
    "random_initialisations": "table_initialisations",
    "independent_models": "table_independent",
    "follow_layers": "measure_layers",
}


def list_contents(known):
    """What a configuration has that figures and tables can show: the words of ``Target.needs``."""
    config, entries = known.config, known.config["models"].values()
    compared = [*config["embedding_sets"].values(), *config["zero_shot"].values()]
    contents = {
        "always": True,
        "two-tower initialisations": select_entries(config, "initialisations", n_towers=2),
        "two picture sets": len(picture_sets(known)) > 1,
        "more than two modalities": list_matrices(config),
        "pairs": list_paired(config),
        "drawn scenes": describe_scenes(config),
        "models compared": any("model" in entry for entry in compared),
        "weights of others": any(
            entry["source"] != "trained" and weights_state(entry) == "trained" for entry in entries
        ),
        "skipping": config["pixels"]["on_bad_sample"] == "skip",
        **{f"study {study}": True for study in known.cells},
    }
    sections = (
        "embedding_sets",
        "cones",
        "random_networks",
        "initialisations",
        "sphere",
        "zero_shot",
        "fairness",
        "theorems",
        "layers",
        "independent_models",
        "without_normalisation",
        "comparisons",
        "gap_methods",
    )
    contents |= {name: config.get(name) for name in sections}
    return {name for name, found in contents.items() if found}


def select_targets(targets, contents):
    """Those of the targets that a configuration with such contents has."""
    return [target for target in targets if target.needs in contents]


def list_outputs(targets, folder):
    """Paths of the targets in all their formats."""
    return [
        f"<results>/{folder}/{target.name}.{ending}"
        for target in targets
        for ending in target.formats
    ]


def explain_target(given, contents):
    """Why a target is not there: what it is called now, or that there is nothing to show; or None.

    given : name of a rule or path of a file. contents : words of ``list_contents``.
    """
    name = Path(given).stem
    if name != given and Path(given).parent.name not in ("figures", "tables"):
        return None
    # Tables are files of names that rules once had; figures and their rules share a name.
    if name in RENAMED and (name == given or name.startswith("fig")):
        return f"{given}: is called {RENAMED[name]} since version 0.2.0; ask for that"
    if any(name == target.name and target.needs not in contents for target in [*FIGURES, *TABLES]):
        return (
            f"{name}: this configuration names nothing that it could show; config/README.md says "
            "which section does"
        )
    return None


def check_targets(workflow, contents, error):
    """Have the workflow answer targets that are not there in one line, an ``error``.

    The targets are not known yet while a workflow is read; it asks of each whether it is a rule.
    """
    is_rule = workflow.is_rule

    def is_known_rule(given):
        problem = explain_target(given, contents)
        if problem:
            raise error(problem)
        return is_rule(given)

    workflow.is_rule = is_known_rule


def describe_shown(target, category):
    """What Snakemake's own report is told of a figure or table (for ``report()``)."""
    return {
        "category": category,
        "labels": target.labels,
        "caption": f"../report/{target.caption_file}",
    }
