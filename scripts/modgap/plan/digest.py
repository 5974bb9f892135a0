"""The digest of a script and of every module of ours that it reaches: what makes a job run again.

It follows absolute imports at any depth of the code, and the ``__init__.py`` of every package that
an import passes through, since Python runs those too.
"""

import ast
import hashlib
from functools import lru_cache
from pathlib import Path


@lru_cache
def list_imports(path, scripts):
    """Files below the folder ``scripts`` that the Python file at ``path`` imports, in order."""
    found = []
    for node in walk_statements(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            found += find_files(name.split("."), scripts)
    return tuple(dict.fromkeys(found))


def walk_statements(tree):
    """Every statement below a node: where imports are. ``ast.walk`` takes five times as long."""
    for field in ("body", "orelse", "finalbody", "handlers", "cases"):
        for node in getattr(tree, field, ()):
            yield node
            yield from walk_statements(node)


def find_files(parts, scripts):
    """The module of a dotted name, if it is ours, and the ``__init__.py`` of all its packages."""
    packages = [scripts.joinpath(*parts[:n]) / "__init__.py" for n in range(1, len(parts) + 1)]
    module = scripts.joinpath(*parts).with_suffix(".py")
    return [path for path in [*packages, module] if path.is_file()]


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
