"""The configuration, its plan, and three helpers that look things up in them."""

import gc
import runpy
import sys

from snakemake.exceptions import WorkflowError
from snakemake.settings.types import DeploymentMethod

# Read by its path, which is told from this file: the workflow may be somebody else's.
checkout = runpy.run_path(workflow.source_path("../scripts/modgap/fetch/checkout.py"))
PROJECT = checkout["find_project"](workflow, WorkflowError)
SCRIPTS = str(PROJECT / "scripts")
MAIN = checkout["is_main"](workflow)
# In another workflow `rule all` is the default only where that has no rule so far.
DEFAULT = workflow.default_target is None
OTHERS = checkout["take_library"](SCRIPTS)

from modgap.errors import InputError
from modgap.plan import digest, resolve
from modgap.plan.config import load_config
from modgap.report.interrupts import expect_interrupts

if MAIN and workflow.is_main_process:
    expect_interrupts()
    # A plan is many objects that all stay: looking through them for garbage is a twentieth of it.
    gc.set_threshold(50_000, 20, 20)
given, named, configfiles = checkout["read_given"](workflow, config)
try:
    # Jobs in conda environments have packages of their own.
    apart = DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method
    CONFIG = load_config(given, str(PROJECT), named, apart=apart)
    PLAN = resolve.resolve(CONFIG, str(PROJECT), configfiles)
except InputError as error:
    raise WorkflowError(str(error)) from None
checkout["check_prefix"](workflow, CONFIG, WorkflowError)
if not MAIN:
    # For the commands on the page.
    PLAN["report"]["settings"]["renamed"] = workflow.modifier.modify_rulename("{}")


def planned(*keys):
    """What the plan has under these keys; with wildcards in them a function that looks it up."""
    if not any("{" in key for key in keys):
        return resolve.look_up(PLAN, keys, {})
    return lambda wildcards: resolve.look_up(PLAN, keys, dict(wildcards.items()))


def settings(section=None, *names, row=(), **more):
    """Settings of a job, as keys of a config section (all without names), a row of the plan, more.

    The keys of the row and the texts in ``more`` may have wildcards in them.
    """

    def choose(wildcards):
        filled = dict(wildcards.items())
        return resolve.choose_settings(
            CONFIG,
            section,
            names,
            resolve.look_up(PLAN, row, filled) if row else {},
            {key: text.format(**filled) for key, text in more.items()},
        )

    wild = any("{" in text for text in [*row, *more.values()])
    return choose if wild else choose({})


def code_version(script):
    """Digest of scripts/<script> and of every module of ours that it reaches."""
    return digest.code_version(script, SCRIPTS)
