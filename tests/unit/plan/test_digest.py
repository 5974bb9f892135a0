"""A job runs again when its script, or any module of ours that the script reaches, is edited."""

import ast
import json
import subprocess
import sys

import pytest

from modgap.plan.digest import (
    code_version,
    content_version,
    find_statements,
    list_imports,
    list_reached,
    walk_statements,
)

IMPORTS = (ast.Import, ast.ImportFrom)


def names(paths, folder):
    return {str(path.relative_to(folder)) for path in paths}


def test_the_packages_that_an_import_passes_through_count(tmp_path):
    (tmp_path / "ours" / "inner").mkdir(parents=True)
    for place in ("ours", "ours/inner"):
        (tmp_path / place / "__init__.py").write_text('"""A package."""\n')
    (tmp_path / "ours" / "inner" / "leaf.py").write_text("x = 1\n")
    (tmp_path / "run.py").write_text("from ours.inner.leaf import x\nimport json\n")
    assert names(list_imports(tmp_path / "run.py", tmp_path), tmp_path) == {
        "ours/__init__.py",
        "ours/inner/__init__.py",
        "ours/inner/leaf.py",
    }


@pytest.mark.parametrize(
    "line",
    [
        "import leaf",
        "from leaf import x",
        "import leaf as other",
        "def f():\n    from leaf import x",
        "try:\n    pass\nexcept ValueError:\n    import leaf",
        "try:\n    pass\nfinally:\n    import leaf",
        "if 1:\n    pass\nelse:\n    import leaf",
        "match 1:\n    case 1:\n        import leaf",
        "class A:\n    def f(self):\n        with open('f'):\n            import leaf",
        "import json; import leaf",
        "if 1: import leaf",
        "from leaf import (  # a note (in brackets)\n    x,  # another\n    y,\n)",
        "from leaf import (\n    x,\n    y as z,\n)",
        "from leaf import x  # why",
        "import json, \\\n    leaf",
        "import json, leaf  # import both",
        "import importlib\nfrom importlib import resources\nimport leaf",
        "'What import means.'\nimport leaf",
    ],
)
def test_an_import_counts_wherever_it_stands(tmp_path, line):
    (tmp_path / "leaf.py").write_text("x = 1\n")
    (tmp_path / "run.py").write_text(f"{line}\n")
    assert names(list_imports(tmp_path / "run.py", tmp_path), tmp_path) == {"leaf.py"}


@pytest.mark.parametrize(
    "text",
    [
        "# import leaf\n",
        '"""import leaf\nimports leaf"""\n',
        "x = 'import leaf'\n",
        "important = 1\n",
    ],
)
def test_what_only_speaks_of_an_import_is_none(tmp_path, text):
    (tmp_path / "leaf.py").write_text("x = 1\n")
    (tmp_path / "run.py").write_text(text)
    assert not list_imports(tmp_path / "run.py", tmp_path)


def test_the_fast_reading_finds_what_the_syntax_tree_has(root):
    """In every file of ours; few need the slow one."""
    slow = 0
    for path in (root / "scripts").rglob("*.py"):
        text = path.read_text()
        trees = list(walk_statements(ast.parse(text))), list(find_statements(text))
        slow += len(trees[0]) == len(trees[1])
        whole, found = (
            sorted(ast.unparse(node) for node in nodes if isinstance(node, IMPORTS))
            for nodes in trees
        )
        assert found == whole, path
    assert slow < 40


def test_only_an_edit_of_what_is_reached_changes_the_version(tmp_path):
    versions = []
    for leaf, other in (("x = 1", "y = 1"), ("x = 2", "y = 1"), ("x = 1", "y = 2")):
        folder = tmp_path / f"{leaf}{other}"
        folder.mkdir()
        (folder / "leaf.py").write_text(leaf)
        (folder / "other.py").write_text(other)
        (folder / "between.py").write_text("import leaf\n")
        (folder / "run.py").write_text("import between\n")
        versions.append(code_version("run.py", str(folder)))
    assert versions[0] == versions[2] != versions[1]
    assert versions[0].startswith("run.py@")


def test_every_module_that_a_script_loads_is_in_its_digest(root):
    """Against what Python itself imports, for every script; lazy imports may add to the digest."""
    scripts = root / "scripts"
    names = sorted(path.stem for path in scripts.glob("*.py"))
    code = (
        "import json, os, sys\n"
        "name = sys.argv[1]\n"
        "__import__(name)\n"
        "files = [getattr(m, '__file__', None) or '' for m in sys.modules.values()]\n"
        "print(json.dumps([f for f in files if f.startswith(os.getcwd())]))"
    )
    light = [name for name in names if name.startswith(("draw", "list", "table", "download"))]
    for name in [*light, "measure_gap", "judge_claims", "sweep_zero_shot"]:
        command = [sys.executable, "-c", code, name]
        done = subprocess.run(command, cwd=scripts, capture_output=True, text=True, check=True)
        reached = {str(path) for path in list_reached(scripts / f"{name}.py", scripts)}
        assert set(json.loads(done.stdout)) <= reached, name
    assert len(light) > 8


def test_drawn_datasets_do_not_reach_the_readers_of_other_kinds(root):
    scripts = root / "scripts"
    reached = names(list_reached(scripts / "draw_samples.py", scripts), scripts)
    assert "modgap/data/kinds/drawn.py" in reached
    assert not reached & {
        f"modgap/data/{name}.py" for name in ("listed", "torchvision", "webdataset")
    }


def test_training_and_embedding_do_not_reach_readers_and_plans(root):
    scripts = root / "scripts"
    for name in ("train", "embed_images", "embed_texts", "decode_pixels"):
        reached = names(list_reached(scripts / f"{name}.py", scripts), scripts)
        readers = {f"modgap/data/{reader}.py" for reader in ("listed", "torchvision", "webdataset")}
        parts = ("resolve", "paths", "outputs/targets", "config")
        plans = {f"modgap/plan/{part}.py" for part in parts}
        assert not reached & (readers | plans), name


def test_captions_and_templates_count_by_content(tmp_path):
    (tmp_path / "page").mkdir()
    (tmp_path / "fig.rst").write_text("One.\n")
    (tmp_path / "page" / "page.html").write_text("<p>")
    before = content_version(tmp_path)
    (tmp_path / "fig.rst").touch()
    assert content_version(tmp_path) == before
    (tmp_path / "other.rst").write_text("Two.\n")
    assert content_version(tmp_path) != before
