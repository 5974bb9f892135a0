"""Where ``config/`` lies: beside the library in a checkout, inside the package once installed."""

from pathlib import Path

from modgap.yaml_files import read_yaml

PACKAGE = Path(__file__).resolve().parent


def is_installed():
    """Whether this is an installed package, and no checkout of the project."""
    return (PACKAGE / "project").is_dir()


def project_folder():
    """The folder that has ``config/``."""
    return PACKAGE / "project" if is_installed() else PACKAGE.parents[1]


def project_version():
    """The version that pyproject.toml names, of the package or of the checkout."""
    if is_installed():
        from importlib.metadata import version

        return version("modgap")
    import tomllib

    with open(project_folder() / "pyproject.toml", "rb") as stream:
        return tomllib.load(stream)["project"]["version"]


def read_settings(section):
    """A section of the configuration that the workflow runs with where nobody says otherwise."""
    return read_yaml(project_folder() / "config" / "config.yaml")[section]
