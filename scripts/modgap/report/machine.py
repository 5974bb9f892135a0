"""What a run was made with: versions, the state of the code, the machine."""

import hashlib
import os
import platform
import re
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = [
    "snakemake",
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "scikit-learn",
    "umap-learn",
    "matplotlib",
    "jinja2",
]


def versions():
    """Versions of Python and of the packages behind statistics and figures, where installed."""
    found = {"Python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def hardware():
    """The machine that this runs on."""
    found = {
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "processor": f"{processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.1f} GiB",
    }
    gpus = run_command("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader")
    return {**found, "GPU": gpus.replace("\n", "; ") or "none"}


def processor():
    """Name of the processor, as the system calls it."""
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        for line in listing.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown processor"


def code_state(root):
    """Commit of the project, if it is known, and a digest of its scripts and rules."""
    files = [
        root / "Snakefile",
        *sorted(root.glob("rules/*.smk")),
        *sorted(root.glob("scripts/**/*.py")),
    ]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    return {
        "commit": find_commit(root) or "not a git repository",
        "scripts and rules, sha256": digest,
    }


def find_commit(root):
    """Commit of the files in a folder: of its repository, no other one around it, or its name.

    The files of one commit lie in a folder of its name (modgap.fetch.checkout.unpack_commit).
    """
    git = ["git", "-C", str(root)]
    if run_command(*git, "rev-parse", "--show-toplevel") == str(root.resolve()):
        changed = run_command(*git, "status", "--porcelain", "--untracked-files=no")
        return run_command(*git, "rev-parse", "HEAD") + ", with changes" * bool(changed)
    return root.name if re.fullmatch("[0-9a-f]{40}", root.name) else ""


def run_command(*command):
    """What a command prints; nothing where it is not installed, fails or hangs."""
    if shutil.which(command[0]) is None:
        return ""
    try:
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
