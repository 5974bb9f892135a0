"""A missing package is one line that says what to install."""

import pytest

from modgap.errors import InputError
from modgap.extras import extra


def test_the_line_names_the_package_and_the_extra():
    with pytest.raises(InputError) as error, extra("files"):
        import not_there_at_all.part  # noqa: F401
    assert "package not_there_at_all," in str(error.value)
    assert str(error.value).endswith('pip install "modgap[files]"')
