"""The one exception whose message is written for the user, in lines that fit on a screen."""

import re

# With what a terminal puts before it ("    why: Error: "), a line stays within 300 characters.
LONGEST_LINE = 280
LONGEST_WORD = 100
SHORTEST_PATH = 60

LONG_WORD = re.compile(rf"\S{{{LONGEST_WORD + 1},}}")
CHECKSUM = re.compile(r"\b[0-9a-f]{64}\b")
PATH = re.compile(r"\S*/\S+")

# An address with what may be secret in it; none of it ends before a blank, whatever it holds.
ADDRESS = re.compile(r"\b([A-Za-z][A-Za-z0-9+.-]*)://(\S*)")
HIDDEN = "***"

# Four or more items between commas; what ends a list ends it.
LISTED = re.compile(r"(?<![^,;:()])[^,;:()]+(?:, [^,;:()]+){3,}")


class InputError(Exception):
    """Something the user gave is wrong.

    The message is one line: what is wrong, where (file, row, key), what to do; several problems
    are a line each. Scripts print it without a traceback. Long lines are shortened, secrets of
    addresses hidden.
    """

    def __init__(self, message=""):
        super().__init__("\n".join(map(shorten_line, redact(str(message)).split("\n"))))


def shorten_line(line, limit=LONGEST_LINE):
    """A line of at most ``limit`` characters: lists first, then paths, long words, the middle.

    A path keeps its last parts, which say which file it is. Checksums stay whole and do not count.
    """
    limit += sum(map(len, CHECKSUM.findall(line)))
    if len(line) > limit:
        line = shorten_list(line, limit)
    if len(line) > limit:
        line = shorten_paths(line, limit)
    if len(line) > limit:
        line = LONG_WORD.sub(lambda word: shorten_word(word[0]), line)
    if len(line) > limit:
        end = limit // 3
        line = f"{line[: limit - end - 5]} ... {line[-end:]}"
    return line


def shorten_list(line, limit):
    """The line with its longest list cut to as many items as fit, at least two, and a count."""
    found = max(LISTED.finditer(line), key=lambda match: len(match[0]), default=None)
    if not found:
        return line
    items = found[0].split(", ")
    room = limit - (len(line) - len(found[0]))
    kept = 2
    while kept < len(items) - 1 and len(cut_list(items, kept + 1)) <= room:
        kept += 1
    return line[: found.start()] + cut_list(items, kept) + line[found.end() :]


def cut_list(items, kept):
    """The first items of a list and how many more there are."""
    return f"{', '.join(items[:kept])} ... and {len(items) - kept} more"


def shorten_paths(line, limit):
    """The line with its paths cut at their start as far as needed, the longest first."""
    for path in sorted(PATH.findall(line), key=len, reverse=True):
        kept = max(len(path) - (len(line) - limit), SHORTEST_PATH) - 3
        if len(line) > limit and kept < len(path) - 3:
            line = line.replace(path, f"...{path[-kept:]}", 1)
    return line


def shorten_word(word):
    """A long word cut in its middle."""
    half = LONGEST_WORD // 2 - 2
    return f"{word[:half]}...{word[-half:]}"


def redact(text):
    """Text in which no address shows a user name, a password, a query or a fragment.

    ``https://me:word@host/file?token=1`` becomes ``https://***@host/file?***``.
    """
    if "://" not in text:
        return text
    return ADDRESS.sub(lambda found: f"{found[1]}://{hide_secrets(found[2])}", text)


def hide_secrets(rest):
    """What follows ``://`` of an address without user, password, query and fragment."""
    cut = re.search(r"[?#]", rest)
    place = rest[: cut.start()] if cut else rest
    more = f"{cut[0]}{HIDDEN}" if cut and len(rest) > cut.end() else (cut[0] if cut else "")
    host, slash, path = place.partition("/")
    if "@" in host:
        host = f"{HIDDEN}@{host.rsplit('@', 1)[1]}"
    elif "@" in rest and not re.fullmatch(r"(\[[^]]*]|[^:]*)(:\d*)?", host):
        # A password with a slash, a mark or a hash sign in it: the host comes after the last @.
        return f"{HIDDEN}@{hide_secrets(rest.rsplit('@', 1)[1])}"
    return f"{host}{slash}{path}{more}"
