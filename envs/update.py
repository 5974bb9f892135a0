"""Write the conda environments from pyproject.toml and requirements.txt (`make pins`).

An environment is conda-forge's python and pip, and the wheels that the README's set-up installs:
everything its scripts import, and what that needs, in the very versions of
requirements-transformers.txt, which are those of requirements.txt and more.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

HEADER = """\
# Made by `make pins`; the versions are those of requirements.txt.
channels:
  - conda-forge
  - nodefaults
dependencies:
  - python >=3.11,<3.14
  - pip
  - pip:
"""


def closure(names):
    """Pinned requirement lines of ``names`` and everything they need."""
    command = [Path(sys.executable).parent / "uv", "pip", "compile", "-", "--quiet", "--universal"]
    command += ["--python-version", "3.11", "--no-annotate", "--no-header"]
    command += ["--constraint", str(ROOT / "requirements-transformers.txt")]
    done = subprocess.run(command, input="\n".join(names), text=True, capture_output=True)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout.splitlines()


def main():
    """Write envs/<name>.yaml for each entry of [tool.modgap.environments]."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for name, packages in project["tool"]["modgap"]["environments"].items():
        lines = "".join(f"      - {line}\n" for line in closure(packages))
        (ROOT / "envs" / f"{name}.yaml").write_text(HEADER + lines)


if __name__ == "__main__":
    main()
