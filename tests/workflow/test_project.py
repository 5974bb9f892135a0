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
from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, OutputSettings, ResourceSettings

from modgap.plan.digest import code_version, list_reached
from modgap.plan.outputs.targets import FIGURES, TABLES
from workflow.runs import snakemake

# Import name of a package where it differs from the name it is installed by.
IMPORT_NAMES = {
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "umap": "umap-learn",
    "open_clip": "open_clip_torch",
    "yaml": "PyYAML",
}


@pytest.fixture(scope="module")
def rules(root):
    """Every rule of the workflow, by name, as Snakemake reads it."""
    with SnakemakeApi(OutputSettings(quiet=None)) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(),
            config_settings=ConfigSettings(configfiles=[root / "config" / "smoke.yaml"]),
            snakefile=root / "Snakefile",
            workdir=root,
        )
        return {rule.name: rule for rule in workflow._workflow.rules}


def script_of(rule):
    """Name of the script that a rule runs, without its ending."""
    return Path(rule.script).stem


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
    files = ("requirements.txt", "requirements-transformers.txt")
    pins = {line for name in files for line in (root / name).read_text().splitlines()}
    for path in (root / "envs").glob("*.yaml"):
        environment = yaml.safe_load(path.read_text())
        (wheels,) = [d["pip"] for d in environment["dependencies"] if isinstance(d, dict)]
        assert set(wheels) <= pins, path.name
        assert len(wheels) > 10


def test_requirements_have_the_versions_of_the_project_file(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for name, more in [
        ("requirements.txt", []),
        ("requirements-transformers.txt", extras["transformers"]),
        ("requirements-dev.txt", extras["dev"]),
    ]:
        wanted = extras["workflow"] + more
        lines = (root / name).read_text().splitlines()
        pinned = {Requirement(line).name.lower().replace("_", "-"): line for line in lines}
        for line in wanted:
            requirement = Requirement(line)
            key = requirement.name.lower().replace("_", "-")
            assert str(requirement.specifier) in pinned[key], line


def test_the_library_allows_the_versions_of_the_workflow(root):
    """Ranges for other people's environments, tested in the versions that are pinned."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    lines = (root / "requirements.txt").read_text().splitlines()
    pins = {Requirement(line).name.lower(): Requirement(line).specifier for line in lines}
    ranges = project["dependencies"] + [
        line
        for name in ("files", "umap", "numba", "torch")
        for line in project["optional-dependencies"][name]
    ]
    for line in map(Requirement, ranges):
        (pin,) = pins[line.name.lower()]
        assert line.specifier.contains(pin.version), line
        assert "==" not in str(line.specifier), line


@pytest.mark.parametrize("environment", ["analysis", "torch"])
def test_environments_hold_everything_their_scripts_import(root, rules, environment):
    scripts = root / "scripts"
    listed = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["modgap"]
    packages = {name.lower() for name in listed["environments"][environment]}
    seen = 0
    for rule in rules.values():
        if not rule.script or Path(rule.conda_env).stem != environment:
            continue
        for path in list_reached(scripts / f"{script_of(rule)}.py", scripts):
            if environment == "analysis" and path.stem.endswith(("_cuda", "_torch")):
                continue  # imported only where the rule runs in the other environment
            for name in imported_modules(path):
                top = name.split(".")[0]
                if top in sys.stdlib_module_names or top == "modgap":
                    continue
                assert IMPORT_NAMES.get(top, top).lower() in packages, f"{path.name}: {top}"
                seen += 1
    assert seen > 5


# Rules that do what another rule does, to other files: one script, several names.
SAME_SCRIPT = {
    "embed_seeds": "embed_variants",
    "embed_independent": "embed_variants",
    "embed_without_normalisation": "embed_variants",
    "measure_independent": "measure_seeds",
    "table_independent": "table_initialisations",
    "figS14_second_picture_set": "fig2a_cone_histograms",
    "import_tensors": "import_embeddings",
    "finish_moments": "merge_moments",
}


def test_every_rule_runs_the_script_of_its_name_and_counts_its_code(root, rules):
    with_script = {name: rule for name, rule in rules.items() if rule.script}
    for name, rule in with_script.items():
        assert script_of(rule) == SAME_SCRIPT.get(name, name)
        code = rule.params.get("code")
        code = code(None, None) if name in ("download_file", "remove_gzip") else code
        assert code == code_version(f"{script_of(rule)}.py", str(root / "scripts")), name
        assert rule.docstring, name
        assert rule.log, name
        assert rule.conda_env, name
        assert {"mem_mb", "runtime"} <= rule.resources.keys(), name
    scripts = {path.stem for path in (root / "scripts").glob("*.py")}
    assert {script_of(rule) for rule in with_script.values()} == scripts


def test_every_script_takes_the_library_beside_it_first(root):
    """Before any other import, or an installed modgap would come first."""
    for path in (root / "scripts").glob("*.py"):
        first, second, *others = ast.parse(path.read_text()).body[1:]
        assert ast.unparse(first) == "import sys", path
        assert ast.unparse(second) == "sys.path.insert(0, __file__.rpartition('/')[0])", path
        assert isinstance(others[0], ast.Import | ast.ImportFrom), path


def test_chapters_of_rules_are_the_stages(root):
    chapters = {path.stem for path in (root / "rules").glob("*.smk")}
    packages = {path.parent.name for path in (root / "scripts" / "modgap").glob("*/__init__.py")}
    assert chapters == (packages - {"plan", "interface"}) | {"common"}


def test_figures_and_tables_are_titled_alike_everywhere(rules):
    """The docstring of a rule, which --list-rules prints, is the title that the report shows."""
    for target in [*FIGURES, *TABLES]:
        if target.title.startswith(("Figure", "Supplementary", "Table")):
            said = " ".join(rules[target.name].docstring.split())
            assert said.rstrip(".") == target.title


def test_every_command_of_the_readme_names_rules(root, rules):
    commands = re.findall(r"`snakemake ([^`]+)`", (root / "README.md").read_text(encoding="utf-8"))
    asked = []
    for command in commands:
        words = iter(command.split())
        for word in words:
            if word.startswith("-"):
                # -n and --use-conda stand alone, every other option has one value.
                _ = word in ("-n", "--use-conda", "--touch") or next(words, None)
            else:
                asked.append(word)
    named = {word for word in asked if re.fullmatch(r"[a-z]\w+", word)}
    assert named <= set(rules)
    assert len(named) > 20


def test_profiles_name_rules_that_exist(root, rules):
    for path in (root / "profiles").glob("*/profile.yaml"):
        profile = yaml.safe_load(path.read_text())
        assert set(profile.get("set-resources", {})) <= set(rules), path


def test_every_rule_that_embeds_asks_slurm_for_a_gpu(root, rules):
    profile = yaml.safe_load((root / "profiles" / "slurm" / "profile.yaml").read_text())
    asked = {name for name, wants in profile["set-resources"].items() if wants.get("gpu")}
    embedding = {name for name in rules if name.startswith("embed_")} | {"measure_layers"}
    assert asked == embedding


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
    for name in ("all", "fig1_modality_gap", "table_statistics", "embed_images"):
        assert re.search(rf"^{name} \(", out, flags=re.MULTILINE), out
    for line in re.findall(r"^fig[\dSX].*$", out, flags=re.MULTILINE):
        assert re.search(r"^fig(X_\w+ \(Figure X: |\w+ \((Supplementary )?Figure \d)", line), line
    assert out.count("\nfig") > 10


WRITERS = {"to_csv", "save", "write_table", "savefig"}


def is_writing(node):
    """Whether a call writes a file of arrays, a table or a figure."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    owner = getattr(node.func.value, "id", "")
    return node.func.attr in WRITERS and (node.func.attr != "save" or owner == "np")


def test_no_script_writes_beside_its_final_name(root):
    """Every parquet, npy, figure and table goes through modgap.files, or stays in memory."""
    seen = 0
    for path in (root / "scripts").rglob("*.py"):
        lines = path.read_text(encoding="utf-8").splitlines()
        for node in filter(is_writing, ast.walk(ast.parse("\n".join(lines)))):
            near = lines[max(0, node.lineno - 8) : node.lineno]
            assert re.search("atomic_path|BytesIO", "\n".join(near)), f"{path.name}:{node.lineno}"
            seen += 1
    assert seen > 5


def test_committed_text_names_no_package_index(root):
    listed = subprocess.run(
        ["git", "ls-files"], cwd=root, text=True, capture_output=True, check=True
    )
    index = re.compile("py" + r"pi\.org|python" + r"hosted")
    for name in listed.stdout.splitlines():
        path = Path(root / name)
        if path.suffix in (".txt", ".toml", ".yaml", ".md", ".py", ".smk", ".cff"):
            assert not index.search(path.read_text(encoding="utf-8")), name
