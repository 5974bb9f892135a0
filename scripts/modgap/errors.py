"""The one exception whose message is written for the user."""


class InputError(Exception):
    """Something the user gave is wrong.

    The message is one line: what is wrong, where (file, row, key), what to do.
    Scripts print it without a traceback.
    """
