"""Names that a user may have meant."""

import difflib


def did_you_mean(word, choices):
    """ ", did you mean 'X'?" for the closest choice, or nothing."""
    spelled = {choice.lower(): choice for choice in choices}
    close = difflib.get_close_matches(word.lower(), spelled, n=1)
    return f", did you mean {spelled[close[0]]!r}?" if close else ""
