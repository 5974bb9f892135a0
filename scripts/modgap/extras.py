"""Packages that only some of the library needs: one line where one of them is not installed."""

import contextlib

from modgap.errors import InputError


@contextlib.contextmanager
def extra(name):
    """What is imported in this block comes with the extra ``name`` of pyproject.toml.

    Raises
    ------
    InputError : the package is not installed; the line says what to install.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise InputError(
            f"this needs the package {(error.name or 'that is missing').partition('.')[0]}, which "
            f'is not installed here; pip install "modgap[{name}]"'
        ) from error
