"""The modality gap, from pictures and captions to figures and tables.

fetch -> data -> embeddings -> (shards, training) -> statistics, cones, shift, tasks, methods
    -> report:
    <resources>/...                                          files from the network
    <results>/samples/{dataset}.parquet                      one row per picture and caption
    <results>/pixels/{dataset}/{geometry}/part-{shard}.npy   crops, shared by models
    <results>/embeddings/{model}/{dataset}/{modality}/part-{shard}.parquet
    <results>/moments/{dataset}.npz                          sums over pairs read shard by shard
    <results>/training/{run}/...                             checkpoints of models trained here
    <results>/statistics/<what>/...parquet                   tidy measurements
    <results>/figures, <results>/tables, <results>/report    what people look at
"""

from functools import partial

from snakemake.utils import min_version

min_version("9.27")


include: "rules/common.smk"


from modgap.files import sweep_leftovers
from modgap.plan.outputs.order import order_jobs
from modgap.plan.outputs.targets import check_targets
from modgap.report import console, holding, interrupts
from modgap.report.rate_limit import drop_rate_limit


pathvars:
    results=CONFIG["results"],
    resources=CONFIG["resources"],
    logs="<results>/logs",
    benchmarks="<results>/benchmarks",


wildcard_constraints:
    **PLAN["wildcards"],


include: "rules/fetch.smk"
include: "rules/data.smk"
include: "rules/embeddings.smk"
include: "rules/shards.smk"
include: "rules/training.smk"
include: "rules/statistics.smk"
include: "rules/cones.smk"
include: "rules/shift.smk"
include: "rules/tasks.smk"
include: "rules/methods.smk"
include: "rules/report.smk"


hold = partial(holding.hold_folders, CONFIG["results"], logger.warning, WorkflowError)


onstart:
    hold()
    sweep_leftovers([CONFIG["results"], CONFIG["resources"]])
    interrupts.take_interrupts(logger.handlers)
    drop_rate_limit(workflow)


rule all:
    """Every figure and table of the configuration, and the report (the default target)."""
    default_target: DEFAULT
    input:
        PLAN["targets"]["all"],


# What is ours alone, under whatever names; in another workflow order and locks are its own.
console.announce_jobs(workflow.modifier.rules)
if MAIN:
    order_jobs(workflow.rules)
    check_targets(workflow, PLAN["contents"], WorkflowError)
    holding.hold_before_planning(workflow, hold)
checkout["leave_library"](SCRIPTS, OTHERS, unload=not MAIN)
