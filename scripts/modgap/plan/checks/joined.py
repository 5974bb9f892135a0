"""Names that are made by joining others: one rule, wherever it is done.

Joining may give the same name twice (``a`` + ``b-c`` and ``a-b`` + ``c``), and the second of two
results of one name would replace the first in silence.
"""

from modgap.errors import InputError


def joined_problems(where, made):
    """One line for every name that was made twice.

    Parameters
    ----------
    where : the section or file whose names are made.
    made : (name, what it was made of) in order; the second in words that a user knows, such as
        ``dataset 'a', model 'b-c'``.
    """
    first, lines = {}, []
    for name, parts in made:
        if name in first:
            lines.append(
                f"{where}: {first[name]} and {parts} would both be called {name!r}; rename one"
            )
        first.setdefault(name, parts)
    return lines


def refuse_joined(where, made):
    """Raise an InputError for the first name that was made twice."""
    for line in joined_problems(where, made):
        raise InputError(line)
