"""The modality gap, from pictures and captions to figures and tables.

download -> samples -> pixels -> embeddings -> statistics -> figures and tables -> report

    <resources>/...                                            files from the network
    <results>/samples/{dataset}.parquet                        one row per picture and caption
    <results>/pixels/{dataset}/{geometry}/part-{shard}.npy     crops, shared by models
    <results>/embeddings/{model}/{dataset}/{modality}/part-{shard}.parquet
    <results>/training/{run}/...                                checkpoints of models trained here
    <results>/statistics/<what>/...parquet                     tidy measurements
    <results>/figures, <results>/tables, <results>/report      what people look at
"""

from snakemake.utils import min_version

min_version("9.27")


include: "rules/common.smk"
include: "rules/paths.smk"
include: "rules/targets.smk"
include: "rules/supplement_paths.smk"


pathvars:
    results=CONFIG["results"],
    resources=CONFIG["resources"],
    logs="<results>/logs",
    benchmarks="<results>/benchmarks",


report: "report/workflow.rst"


wildcard_constraints:
    dataset=one_of(CONFIG["datasets"]),
    model=one_of([*CONFIG["models"], IMPORTED]),
    embeddings=one_of(CONFIG["embedding_sets"]),
    task=one_of(CONFIG["zero_shot"]),
    fairness=one_of(CONFIG["fairness"]),
    modality="images|texts|first|second",
    geometry=r"\d+-[a-z]+-[a-z]+",
    shard=r"\d+",
    run=one_of(RUNS),
    independent=one_of(CONFIG["independent_models"]),


include: "rules/download.smk"
include: "rules/data.smk"
include: "rules/embeddings.smk"
include: "rules/models.smk"
include: "rules/comparison.smk"
include: "rules/geometry.smk"
include: "rules/cones.smk"
include: "rules/supplement.smk"
include: "rules/shift.smk"
include: "rules/simulations.smk"
include: "rules/tasks.smk"
include: "rules/downstream.smk"
include: "rules/runs.smk"
include: "rules/training.smk"
include: "rules/figures.smk"
include: "rules/claims.smk"
include: "rules/page.smk"
include: "rules/report.smk"


onstart:
    hold_folder()


onsuccess:
    print(summary(CONFIG["results"], STARTED), file=sys.stderr)


onerror:
    print(failure_summary(log, STARTED), file=sys.stderr)


rule all:
    """Every figure and table of the configuration, and the report (the default target)."""
    default_target: True
    input:
        FIGURES,
        TABLES,
        CHECKPOINTS,
        "<results>/report/index.html",


rule report:
    """The report page, with everything it shows."""
    input:
        "<results>/report/index.html",


rule figures:
    """Every figure of the configuration."""
    input:
        FIGURES,


rule tables:
    """Every table of the configuration."""
    input:
        TABLES,


rule embeddings:
    """Embeddings of every cloud, and nothing downstream."""
    input:
        ALL_PARTS,


rule prepare:
    """Everything that the configuration needs from the network (-n: what, how much, licence)."""
    input:
        PREPARED,
    localrule: True
    message:
        FETCH_LIST.replace("{", "{{").replace("}", "}}")


rule training:
    """Every training run, and nothing downstream."""
    input:
        CHECKPOINTS,


for known_rule in workflow.rules:
    known_rule.message = known_rule.message or job_message(known_rule)
