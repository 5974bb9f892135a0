"""The library has one package a stage, imports run one way, and the tests mirror the tree."""

import ast
from collections import defaultdict

import pytest

# Floors of the house: a package imports from those above it in this list, never from one below.
FLOORS = [
    "base",  # errors, files, inputs, digests, yaml_files, tables, job
    "fetch",
    "data",
    "plan",
    "statistics",
    "embeddings",
    "shards",
    "training",
    "cones",
    "shift",
    "tasks",
    "methods",
    "report",
    "interface",
    "api",
    "command",
    "__main__",
]
DOORS = FLOORS[-3:]
BASE = [
    "digests",
    "errors",
    "extras",
    "files",
    "inputs",
    "job",
    "project",
    "tables",
    "threads",
    "yaml_files",
]


@pytest.fixture(scope="module")
def library(root):
    return root / "scripts" / "modgap"


def list_modules(library):
    return sorted(path for path in library.rglob("*.py") if path.name != "__init__.py")


def imported_names(path):
    """Dotted names of what a file imports from the library, without its first part."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("modgap"):
            for alias in node.names:
                yield f"{node.module}.{alias.name}".split(".")[1:]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("modgap."):
                    yield alias.name.split(".")[1:]


def package_graph(library):
    """Packages that each package imports from, itself left out."""
    graph = defaultdict(set)
    for path in list_modules(library):
        here = path.relative_to(library).parts[0] if path.parent != library else path.stem
        here = "base" if here in BASE else here
        for first, *_ in imported_names(path):
            graph[here].add("base" if first in BASE else first)
        graph[here].discard(here)
    return dict(graph)


def test_the_packages_are_the_stages(library):
    folders = {path.name for path in library.iterdir() if (path / "__init__.py").is_file()}
    assert folders == set(FLOORS) - {"base", *DOORS}
    assert {path.stem for path in library.glob("*.py")} == {"__init__", *DOORS, *BASE}


def test_imports_run_one_way(library):
    graph = package_graph(library)
    arrows = [
        (package, other)
        for package, others in graph.items()
        for other in others
        if FLOORS.index(other) >= FLOORS.index(package)
    ]
    assert not arrows, f"arrows up: {arrows}"
    assert sum(map(len, graph.values())) > 15


def test_no_module_imports_itself_in_a_circle(library):
    """Also within a package."""
    known = {".".join(p.relative_to(library).with_suffix("").parts) for p in list_modules(library)}
    graph = {}
    for path in list_modules(library):
        name = ".".join(path.relative_to(library).with_suffix("").parts)
        reached = {".".join(parts[:n]) for parts in imported_names(path) for n in (1, 2, 3)}
        graph[name] = reached & known - {name}
    while free := {name for name, others in graph.items() if not others & graph.keys()}:
        graph = {name: others for name, others in graph.items() if name not in free}
    assert not graph, f"circle: {sorted(graph)}"


def test_packages_only_say_what_they_are(library):
    for path in library.glob("*/**/__init__.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert len(tree.body) == 1, path
        assert "\n" not in ast.get_docstring(tree), path


def test_every_module_with_functions_has_a_test_of_its_name(root, library):
    missing = []
    for path in list_modules(library):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        place = path.relative_to(library).parent
        test = root / "tests" / "unit" / place / f"test_{path.name}"
        functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        if functions and not test.is_file():
            missing.append(str(path.relative_to(library)))
    assert not missing


def test_every_unit_test_of_a_package_is_of_a_module(root, library):
    unit = root / "tests" / "unit"
    for path in unit.glob("*/**/test_*.py"):
        place = path.relative_to(unit).parent
        module = library / place / path.name.removeprefix("test_")
        assert module.is_file(), path.relative_to(root)


def test_no_function_name_has_two_meanings(library):
    """A public name stands for one function, so that a search for it ends."""
    places = defaultdict(list)
    for path in list_modules(library):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                places[node.name].append(str(path.relative_to(library)))
    assert not {name: where for name, where in places.items() if len(where) > 1}
