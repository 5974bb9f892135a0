"""Both conda environments are created by Snakemake, and jobs live in them alone.

Creating them means a few minutes and 7 GB of packages: ``-m "not conda"`` leaves this out.
"""

import json
import shutil
import subprocess
import sys
import sysconfig

import pytest

from workflow.runs import copy_project, snakemake

pytestmark = pytest.mark.conda

# The shortest way through both environments: torch draws, decodes and embeds, analysis plots; and
# the job whose packages look furthest for optional ones.
TARGET = "results/smoke/figures/figS10_zero_shot_shift.pdf"
SEEDS = "results/smoke/tables/random_initialisations.csv"
SMOKE = ["--cores", 2, "--configfile", "config/smoke.yaml"]
OTHER_PYTHON = "3.12" if sys.version_info[:2] != (3, 12) else "3.11"


@pytest.fixture(scope="module")
def conda():
    """Skip where there is no conda."""
    if shutil.which("conda") is None:
        pytest.skip("no conda on PATH (.ci/run puts one there where it can)")


@pytest.fixture(scope="module")
def project(root, conda, tmp_path_factory):
    """A project whose environments have another Python than Snakemake, created and watched."""
    project = copy_project(root, tmp_path_factory.mktemp("conda") / "project")
    for path in (project / "envs").glob("*.yaml"):
        text = path.read_text()
        assert "- python >=3.11,<3.14" in text
        path.write_text(text.replace("- python >=3.11,<3.14", f"- python ={OTHER_PYTHON}"))
    snakemake(project, TARGET, *SMOKE, "--use-conda", "--conda-create-envs-only", timeout=1500)
    for prefix in environments(project):
        (site,) = prefix.glob("lib/python3*/site-packages")
        shutil.copy(root / "tests" / "helpers" / "watch_imports.py", site / "sitecustomize.py")
    yield project
    # Some GB in many files, minutes on a slow disk: nobody waits for it.
    subprocess.run(["sh", "-c", 'rm -rf "$1" &', "sh", project], check=True)


def environments(project):
    """Prefixes of the project's environments."""
    return [path for path in (project / ".snakemake" / "conda").iterdir() if path.is_dir()]


def reports(prefix):
    """What the jobs of an environment noted, by script."""
    found = [json.loads(path.read_text()) for path in (prefix / "seen").glob("*.json")]
    return {report["script"]: report for report in found}


def test_jobs_import_from_their_environment_alone(project):
    snakemake(project, TARGET, SEEDS, *SMOKE, "--use-conda")
    assert (project / TARGET).stat().st_size > 5000
    prefixes = environments(project)
    assert len(prefixes) == 2
    jobs = {}
    for prefix in prefixes:
        version = subprocess.run([prefix / "bin/python", "-V"], capture_output=True, text=True)
        assert version.stdout.startswith(f"Python {OTHER_PYTHON}.")
        jobs |= reports(prefix)
    assert {"embed_images.py", "figS10_zero_shot_shift.py", "measure_seeds.py"} <= set(jobs)
    assert {"torch", "open_clip", "numpy"} <= set(jobs["embed_images.py"]["inside"])
    assert {"matplotlib", "numpy"} <= set(jobs["figS10_zero_shot_shift.py"]["inside"])
    assert {name: job["outside"] for name, job in jobs.items() if job["outside"]} == {}


def test_a_package_that_an_environment_lacks_is_noticed(project, tmp_path):
    """The check above does see a module that comes from Snakemake's own packages."""
    (prefix, *_) = environments(project)
    script = tmp_path / "job.py"
    own = sysconfig.get_path("purelib")
    script.write_text(f"import sys\nsys.path.append({own!r})\nimport humanfriendly\n")
    subprocess.run([prefix / "bin/python", script], cwd=tmp_path, check=True)
    assert list(reports(prefix)["job.py"]["outside"]) == ["humanfriendly"]
