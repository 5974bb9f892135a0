"""The digest of a script and of every module of ours that it reaches: what makes a job run again.

It follows absolute imports at any depth of the code, and the ``__init__.py`` of every package that
an import passes through, since Python runs those too.
"""

import ast
import hashlib
import re
from functools import lru_cache
from pathlib import Path

# The word, and a statement that has it from the start of its line to the end of another.
WORD = re.compile(r"import\b(?<!\wimport)")
STATEMENT = re.compile(
    r"[ \t]*((?:from[ \t]+[\w.]+[ \t]+)?(import)(?:[ \t]*\([^()#]*\)|[ \t][\w.,* \t]+))(?:#.*)?$",
    re.M,
)


@lru_cache
def list_imports(path, scripts):
    """Files below the folder ``scripts`` that the Python file at ``path`` imports, in order."""
    found = []
    for node in find_statements(read_bytes(path).decode("utf-8")):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            found += find_files(name, scripts)
    return tuple(dict.fromkeys(found))


def find_statements(text):
    """The import statements of a Python text, among others.

    Snakemake reads the workflow anew for every job, and syntax trees of all our files took a
    third of that time. So only lines that import are parsed. Where the word stands elsewhere too
    (in prose, behind a semicolon), the whole text is, as nothing may be missed.
    """
    lines = []
    for word in WORD.finditer(text):
        line = STATEMENT.match(text, text.rfind("\n", 0, word.start()) + 1)
        if not line or line.start(2) != word.start():
            return walk_statements(ast.parse(text))
        lines.append(line[1])
    return ast.parse("\n".join(lines)).body


def walk_statements(tree):
    """Every statement below a node: where imports are. ``ast.walk`` takes five times as long."""
    for field in ("body", "orelse", "finalbody", "handlers", "cases"):
        for node in getattr(tree, field, ()):
            yield node
            yield from walk_statements(node)


@lru_cache
def find_files(name, scripts):
    """The module of a dotted name, if it is ours, and the ``__init__.py`` of all its packages."""
    parent = name.rpartition(".")[0]
    if parent and not is_folder(parent, scripts):
        return find_files(parent, scripts)
    path = place(name, scripts)
    own = [path / "__init__.py"] if is_folder(name, scripts) else [path.with_suffix(".py")]
    above = find_files(parent, scripts) if parent else []
    return [*above, *(file for file in own if file.is_file())]


@lru_cache
def is_folder(name, scripts):
    """Whether the dotted name is a folder below ``scripts``."""
    return place(name, scripts).is_dir()


def place(name, scripts):
    """Where a dotted name lies below ``scripts``, as a folder."""
    return scripts / name.replace(".", "/")


@lru_cache
def list_reached(script, scripts):
    """The script and every file of ours that it reaches, sorted."""
    reached, todo = set(), {script}
    while todo:
        path = todo.pop()
        reached.add(path)
        todo |= set(list_imports(path, scripts)) - reached
    return sorted(reached)


@lru_cache
def code_version(name, scripts):
    """``NAME@DIGEST`` of the script of that name in the folder ``scripts``."""
    scripts = Path(scripts)
    files = list_reached(scripts / name, scripts)
    content = b"".join(read_bytes(path) for path in files)
    return f"{name}@{hashlib.sha256(content).hexdigest()[:12]}"


@lru_cache
def read_bytes(path):
    """Content of a file, read once."""
    return path.read_bytes()


def content_version(folder):
    """Digest of the report's captions and templates: part of the project, so content counts."""
    captions, templates = Path(folder), Path(folder, "page")
    files = sorted([*captions.glob("*.rst"), *templates.iterdir()])
    content = b"".join(read_bytes(path) for path in files if path.is_file())
    return hashlib.sha256(content).hexdigest()
