"""Facts that stand in more than one file agree, and the workflow is clean."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from workflow.runs import snakemake

# Import name of a package where it differs from the name it is installed by.
IMPORT_NAMES = {
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "umap": "umap-learn",
    "open_clip": "open_clip_torch",
    "yaml": "PyYAML",
}


def rule_texts(root):
    """Text of each rule, by name."""
    texts = {}
    for path in sorted((root / "rules").glob("*.smk")):
        pieces = re.split(r"^rule (\w+):", path.read_text(), flags=re.MULTILINE)
        texts.update(zip(pieces[1::2], pieces[2::2], strict=True))
    return texts


def local_modules(path, scripts):
    """Files under scripts/ that a script reaches, itself included."""
    found, todo = set(), {path}
    while todo:
        current = todo.pop()
        found.add(current)
        for name in imported_modules(current):
            candidate = scripts.joinpath(*name.split(".")).with_suffix(".py")
            if candidate.is_file() and candidate not in found:
                todo.add(candidate)
    return found


def imported_modules(path):
    """Dotted names of all modules that a file imports, at any depth of the code."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_environments_have_the_pinned_versions(root):
    pins = set((root / "requirements.txt").read_text().splitlines())
    for path in (root / "envs").glob("*.yaml"):
        environment = yaml.safe_load(path.read_text())
        (wheels,) = [d["pip"] for d in environment["dependencies"] if isinstance(d, dict)]
        assert set(wheels) <= pins, path.name
        assert len(wheels) > 10


def test_requirements_have_the_versions_of_the_project_file(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    for name, wanted in [
        ("requirements.txt", project["dependencies"]),
        (
            "requirements-dev.txt",
            project["dependencies"] + project["optional-dependencies"]["dev"],
        ),
    ]:
        lines = (root / name).read_text().splitlines()
        pinned = {Requirement(line).name.lower().replace("_", "-"): line for line in lines}
        for line in wanted:
            requirement = Requirement(line)
            key = requirement.name.lower().replace("_", "-")
            assert str(requirement.specifier) in pinned[key], line


@pytest.mark.parametrize("environment", ["analysis", "torch"])
def test_environments_hold_everything_their_scripts_import(root, environment):
    scripts = root / "scripts"
    listed = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["modgap"]
    packages = {name.lower() for name in listed["environments"][environment]}
    seen = 0
    for text in rule_texts(root).values():
        if f"../envs/{environment}.yaml" not in text:
            continue
        script = scripts / re.search(r'"../scripts/(\w+\.py)"', text)[1]
        for path in local_modules(script, scripts):
            if environment == "analysis" and path.stem.endswith("_cuda"):
                continue  # imported on a GPU only, where the rule runs in the other environment
            for name in imported_modules(path):
                top = name.split(".")[0]
                if top in sys.stdlib_module_names or top == "modgap":
                    continue
                assert IMPORT_NAMES.get(top, top).lower() in packages, f"{path.name}: {top}"
                seen += 1
    assert seen > 5


def test_every_rule_with_a_script_has_what_our_rules_have(root):
    for name, text in rule_texts(root).items():
        assert f'"../scripts/{name}.py"' in text, f"rule {name} runs the script of its name"
        assert f'code_version("{name}.py")' in text, name
        assert text.lstrip().startswith('"""'), f"rule {name} has a docstring"
        for directive in ("log:", "conda:", "mem_mb=", "runtime="):
            assert directive in text, f"{name}: {directive}"


def test_profiles_name_rules_that_exist(root):
    rules = set(rule_texts(root))
    for path in (root / "profiles").glob("*/profile.yaml"):
        profile = yaml.safe_load(path.read_text())
        assert set(profile.get("set-resources", {})) <= rules, path


def test_no_relative_and_no_dynamic_imports(root):
    for path in (root / "scripts").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            assert not (isinstance(node, ast.ImportFrom) and node.level), path
            dynamic = isinstance(node, ast.Attribute) and node.attr == "import_module"
            assert not dynamic, path


def test_the_smoke_run_made_every_figure_and_table(smoke):
    results = smoke / "results" / "smoke"
    for name in ("fig1_modality_gap", "fig2a_cone_histograms"):
        for ending in ("pdf", "png"):
            assert (results / "figures" / f"{name}.{ending}").stat().st_size > 5000
    for name in ("gap_statistics", "cone_statistics"):
        for ending in ("csv", "md", "tex"):
            assert (results / "tables" / f"{name}.{ending}").stat().st_size > 200


def test_rules_read_like_a_table_of_contents(root):
    out = snakemake(root, "--list-rules", "--quiet").stdout
    for name in ("all", "fig1_modality_gap", "gap_statistics", "embed_images"):
        assert re.search(rf"^{name} \(", out, flags=re.MULTILINE), out
    for line in re.findall(r"^fig[\dS].*$", out, flags=re.MULTILINE):
        assert re.search(r"^fig\w+ \((Supplementary )?Figure S?\d", line), line
    assert out.count("\nfig") > 10


def test_no_script_writes_beside_its_final_name(root):
    """Every parquet, npy, figure and table goes through modgap.files."""
    pattern = re.compile(r"\.to_csv\(|np\.save\(|pq\.write_table\(|\.savefig\(")
    for path in (root / "scripts").rglob("*.py"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if pattern.search(line):
                near = path.read_text().splitlines()[max(0, number - 8) : number]
                assert any("atomic_path" in text for text in near), f"{path.name}:{number}"


def test_committed_text_names_no_package_index(root):
    listed = subprocess.run(
        ["git", "ls-files"], cwd=root, text=True, capture_output=True, check=True
    )
    index = re.compile("py" + r"pi\.org|python" + r"hosted")
    for name in listed.stdout.splitlines():
        path = Path(root / name)
        if path.suffix in (".txt", ".toml", ".yaml", ".md", ".py", ".smk", ".cff"):
            assert not index.search(path.read_text()), name
