"""The shipped profiles say what Snakemake understands, and jobs on a workstation get own GPUs."""

import os
import re

import yaml

from workflow.runs import at_start, copy_project, snakemake

# Both need nothing but a file of prompts, so that they run at the same time.
PROMPTS = [f"results/smoke/prompts/vit/scenes_{name}.parquet" for name in ("naming", "size")]

# Two jobs that run side by side, however busy the machine: neither goes on before both are there.
WAIT_FOR_THE_OTHER = """
    import os, time
    from pathlib import Path
    Path(f"started-{os.getpid()}").touch()
    for _ in range(600):
        if len(list(Path().glob("started-*"))) > 1:
            break
        time.sleep(0.1)
"""


def profiles(root):
    """The options of each profile, by the name of its folder."""
    paths = sorted((root / "profiles").glob("*/profile.yaml"))
    content = {path.parent.name: yaml.safe_load(path.read_text()) for path in paths}
    return {
        name: {option: value for option, value in profile.items() if not option.startswith("__")}
        for name, profile in content.items()
    }


def test_profiles_have_options_that_exist(root):
    """Snakemake silently ignores a misspelt option that has keys below it."""
    options = set(re.findall(r"--([a-z][a-z-]+)", snakemake(root, "--help").stdout))
    for name, profile in profiles(root).items():
        assert set(profile) <= options, name


def test_every_profile_stands_alone(root):
    """One given by --workflow-profile replaces the default, so it repeats what that says."""
    default = profiles(root)["default"]
    limits = default.pop("resources")
    assert limits == {"gpu": 1}
    for name, profile in profiles(root).items():
        assert default.items() <= profile.items(), name
    assert profiles(root)["workstation"]["resources"]["gpu"] > 1
    # A limit here would hold for the whole cluster.
    assert "resources" not in profiles(root)["slurm"]


def test_what_only_a_site_knows_stands_in_profiles_only(root):
    for path in [
        root / "Snakefile",
        *(root / "rules").iterdir(),
        *(root / "config").glob("*.yaml"),
    ]:
        assert not re.search("slurm_|partition|constraint:|qos", path.read_text()), path


def test_jobs_on_a_workstation_use_a_gpu_each(root, tmp_path, monkeypatch):
    project = copy_project(root, tmp_path / "project")
    at_start(project, "embed_prompts.py", WAIT_FOR_THE_OTHER)
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "nvidia-smi").write_text("#!/bin/sh\necho GPU-a\necho GPU-b\n")
    (tools / "nvidia-smi").chmod(0o755)
    for variable in ("CUDA_VISIBLE_DEVICES", "SLURM_JOB_ID"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    workstation = ["--cores", 2, "--workflow-profile", "profiles/workstation"]
    done = snakemake(project, *PROMPTS, *workstation, "--configfile", "config/smoke.yaml")
    assert sorted(re.findall(r"using GPU (\S+)", done.stdout)) == ["GPU-a", "GPU-b"]
    # The device of the configuration counts: a job that embeds on the CPU takes no GPU.
    (project / "cpu.yaml").write_text("embeddings: {device: cpu}\n")
    files = ["--configfile", "config/smoke.yaml", "cpu.yaml"]
    done = snakemake(project, PROMPTS[0], *workstation, *files)
    assert "Finished jobid: 0" in done.stdout
    assert "using GPU" not in done.stdout
