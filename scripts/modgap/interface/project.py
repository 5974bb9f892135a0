"""The project's own files, which an installed package carries: settings and known gaps."""

from pathlib import Path

import modgap
from modgap.yaml_files import read_yaml


def project_folder():
    """The folder that has ``config/``: inside an installed package, else the checkout."""
    package = Path(modgap.__file__).parent
    installed = package / "project"
    return installed if installed.is_dir() else package.parents[1]


def read_settings(section):
    """A section of the configuration that the workflow runs with where nobody says otherwise."""
    return read_yaml(project_folder() / "config" / "config.yaml")[section]
