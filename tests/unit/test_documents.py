"""What README, CONTRIBUTING, CHANGELOG, CITATION, hooks and templates say is so."""

import json
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from modgap.plan.config import load_config
from modgap.plan.outputs.targets import FIGURES, TABLES
from shard_files import write_folder

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "config/README.md")


def yaml_blocks(path):
    """The YAML blocks of a Markdown file."""
    return re.findall(r"^```yaml\n(.*?)^```", path.read_text(), flags=re.MULTILINE | re.DOTALL)


def expanded(path):
    """All paths that {a,b} in a path stands for."""
    found = re.search(r"\{([^{}]*,[^{}]*)\}", path)
    if not found:
        return [path]
    start, end = path[: found.start()], path[found.end() :]
    return [p for choice in found[1].split(",") for p in expanded(f"{start}{choice}{end}")]


def table_rows(root):
    """(commands, files) of every row of the README's table of figures."""
    section = (root / "README.md").read_text().split("## What it makes")[1].split("\n## ")[0]
    rows = [line.split("|")[1:-1] for line in section.splitlines() if line.startswith("| ")]
    for _, commands, files in rows[1:]:
        named = [path for cell in re.findall(r"`([^`]+)`", files) for path in expanded(cell)]
        yield re.findall(r"`(snakemake [^`]+)`", commands), named


@pytest.fixture
def files_of_the_readme(root, tmp_path, monkeypatch):
    """Everything that the README's configurations name, in the current folder."""
    monkeypatch.chdir(tmp_path)
    for folder in ("photos", "models/my-clip", "weights"):
        (tmp_path / folder).mkdir(parents=True)
    Image.new("RGB", (8, 8)).save("photos/0.png")
    (tmp_path / "captions.csv").write_text("image,caption\n0.png,a black square\n")
    for name in ("images", "texts", "image", "text", "audio"):
        np.save(f"{name}.npy", np.eye(12, 4))
    write_folder(tmp_path / "laion_embeddings", np.eye(12, 4), np.eye(12, 4), 2)
    write_folder(tmp_path / "metadata", np.eye(12, 4), np.eye(12, 4), 2, "npz")
    shape = json.loads((root / "config" / "models" / "pictures-vit.json").read_text())
    mean_and_std = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}
    content = {"model_cfg": shape, "preprocess_cfg": mean_and_std}
    (tmp_path / "models" / "my-clip" / "open_clip_config.json").write_text(json.dumps(content))
    (tmp_path / "models" / "my-clip" / "open_clip_model.safetensors").touch()
    (tmp_path / "weights" / "b32.safetensors").touch()


@pytest.mark.usefixtures("files_of_the_readme")
def test_every_configuration_of_the_readme_is_valid(root):
    blocks = yaml_blocks(root / "README.md")
    assert len(blocks) >= 4
    for block in blocks:
        given = yaml.safe_load(block)
        config = load_config(given, root)
        for section, value in given.items():
            assert set(value) <= set(config[section]), section


def test_every_configuration_of_the_readme_takes_ten_lines_at_most(root):
    for block in yaml_blocks(root / "README.md"):
        assert len(block.splitlines()) <= 10, block


def test_the_figure_table_has_every_figure_and_table_and_no_other(root):
    # Made where pictures are skipped; named under "When something is wrong".
    targets = [target for target in [*FIGURES, *TABLES] if target.name != "skipped_samples"]
    made = {f"{target.name}.{ending}" for target in targets for ending in target.formats}
    files = [Path(path) for _, named in table_rows(root) for path in named]
    listed = {path.name for path in files if path.parent.name in ("figures", "tables")}
    assert listed == made


def test_every_figure_has_a_command_of_its_name(root):
    asked = {word for commands, _ in table_rows(root) for line in commands for word in line.split()}
    assert {target.name for target in FIGURES} <= asked


def test_figures_without_a_number_of_the_paper_say_so():
    """A caption that is shown alone must not pass for a figure of the paper."""
    for target in FIGURES:
        number = re.match(r"fig(X|S?\d+)", target.name)[1]
        expected = "Figure X" if number == "X" else f"Figure {number.removeprefix('S')}"
        assert target.title.startswith(("Figure", "Supplementary Figure")), target.name
        assert expected in target.title, target.name
        assert target.title.startswith("Supplementary") == number.startswith("S"), target.name


def test_captions_have_the_numbers_of_their_figures(root):
    for path in (root / "report").glob("fig*.rst"):
        number = re.match(r"fig(X|S?\d+)", path.stem)[1]
        expected = "Figure X" if number == "X" else f"Figure {number.removeprefix('S')}"
        first = " ".join(path.read_text().split()).split("**")[1]
        assert expected in first, path.name
        assert ("Supplementary" in first) == number.startswith("S"), path.name


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(root, name):
    path = root / name
    headings = re.findall(r"^#+ (.*)$", path.read_text(), flags=re.MULTILINE)
    anchors = {
        "".join(c for c in heading.lower() if c.isalnum() or c in " -_").replace(" ", "-")
        for heading in headings
    }
    for target in re.findall(r"\]\(([^)]+)\)", path.read_text()):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif not target.startswith("https://"):
            assert (path.parent / target).exists(), target


def test_targets_stand_before_the_configuration_file(root):
    """Behind --configfile Snakemake would take them for one more file."""
    paths = [root / name for name in DOCUMENTS] + [root / "profiles" / "README.md"]
    paths += [*(root / "config").glob("**/*.yaml"), *(root / "docs").glob("*.yaml")]
    paths += [root / ".github" / "ISSUE_TEMPLATE" / "bug.yml"]
    texts = [path.read_text() for path in paths]
    commands = [c for t in texts for c in re.findall(r"snakemake [^`|#\n]*--config[^`|#\n]*", t)]
    assert len(commands) > 20
    for command in commands:
        _, _, behind = re.sub(r"'[^']*'", "''", command).partition("--config")
        words = behind.split()[2:]
        # More files, which are laid over the first, are none.
        targets = [word for word in words if not word.startswith("-")]
        assert [word for word in targets if not word.endswith(".yaml")] == [], command


def test_the_diagram_shows_every_stage_and_says_what_it_shows(root):
    text = (root / "docs" / "stages.svg").read_text()
    shown = re.findall(r'class="title"[^>]*>([^<]+)<', text)
    assert set(map_rows(root)) - {"plan", "interface"} <= set(shown)
    assert "your embeddings" in shown
    assert "<title" in text
    assert re.search(
        r"!\[The stages:[^]]{80,}\]\(docs/stages\.svg\)", (root / "README.md").read_text()
    )


def test_the_picture_is_small_and_the_way_to_it_is_told(root):
    assert (root / "docs" / "modality_gap.png").stat().st_size < 200_000
    assert "docs/picture.yaml" in (root / "README.md").read_text()
    load_config(yaml.safe_load((root / "docs" / "picture.yaml").read_text()), root)


def test_the_citation_is_of_this_project_and_of_the_paper(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((root / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == project["version"]
    assert citation["title"].startswith(project["name"])
    assert citation["license"] == "MIT"
    assert {"message", "authors"} <= set(citation)
    paper = citation["preferred-citation"]
    assert paper["title"].startswith("Mind the Gap")
    assert paper["authors"][0]["family-names"] == "Liang"


def test_the_changelog_has_this_version(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    text = (root / "CHANGELOG.md").read_text()
    assert f"## [{project['version']}]" in text
    assert text.index("## [Unreleased]") < text.index(f"## [{project['version']}]")


def map_rows(root):
    """The rows of the map in CONTRIBUTING: {stage: cells of the columns after it}."""
    section = (root / "CONTRIBUTING.md").read_text().split("## The map")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| ")]
    return {stage.strip(): [cell.strip(" `") for cell in cells] for stage, *cells in rows[1:]}


def test_the_map_has_every_stage_and_all_its_places(root):
    rows = map_rows(root)
    packages = {path.parent.name for path in (root / "scripts" / "modgap").glob("*/__init__.py")}
    chapters = {path.stem for path in (root / "rules").glob("*.smk")} - {"common"}
    assert set(rows) == packages
    assert set(rows) - {"plan", "interface"} == chapters
    for stage, (_, rules, package, _, tests) in rows.items():
        assert rules == ("" if stage in ("plan", "interface") else f"rules/{stage}.smk")
        assert package == f"scripts/modgap/{stage}"
        assert tests == f"tests/unit/{stage}"
        assert (root / tests).is_dir()


def test_the_map_has_the_first_word_of_every_script(root):
    words = {word for row in map_rows(root).values() for word in row[3].split(", ") if word}
    scripts = (root / "scripts").glob("*.py")
    assert words == {re.match("[a-z]+", path.stem)[0] for path in scripts}


def test_files_and_modules_that_contributors_are_sent_to_exist(root):
    text = (root / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"`((?:rules|scripts|tests|config|report|envs)/[\w./-]*)`", text))
    named = {name for name in named if not re.search(r"NAME|KIND|SOURCE", name)}
    assert len(named) > 30
    assert [name for name in named if not (root / name).exists()] == []


def pinned(text):
    """{package: version} of lines and words that pin one."""
    return dict(re.findall(r"^([\w-]+)==([\w.]+)$", text, flags=re.MULTILINE))


def test_hooks_have_the_versions_of_the_requirements(root):
    required = pinned((root / "requirements-dev.txt").read_text())
    (repo,) = yaml.safe_load((root / ".pre-commit-config.yaml").read_text())["repos"]
    packages = {
        hook["id"]: pinned("\n".join(hook["additional_dependencies"])) for hook in repo["hooks"]
    }
    assert repo["repo"] == "local"
    assert set(packages) == {"ruff-check", "ruff-format", "snakefmt"}
    for wanted in packages.values():
        ((package, version),) = wanted.items()
        assert version == required[package]


def test_everything_checked_by_machines_runs_through_make(root):
    targets = re.findall(r"^(\w+):", (root / "Makefile").read_text(), flags=re.MULTILINE)
    jobs = yaml.safe_load((root / ".github" / "workflows" / "ci.yml").read_text())["jobs"]
    steps = [step for job in jobs.values() for step in job["steps"]]
    commands = [step["run"].split() for step in steps if "run" in step]
    assert sorted(commands) == [["make", "lint"], ["make", "smoke"], ["make", "test"]]
    assert {name for _, name in commands} <= set(targets)
    assert all(re.search(r"@v\d+$", step["uses"]) for step in steps if "uses" in step)
    requires = tomllib.loads((root / "pyproject.toml").read_text())["project"]["requires-python"]
    oldest, *_ = jobs["test"]["strategy"]["matrix"]["python"]
    assert requires == f">={oldest}"


@pytest.mark.parametrize("name", ["bug", "feature"])
def test_templates_of_issues_are_forms(root, name):
    form = yaml.safe_load((root / ".github" / "ISSUE_TEMPLATE" / f"{name}.yml").read_text())
    assert {"name", "description", "body"} <= set(form)
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert len({field["id"] for field in fields}) == len(fields)
    assert all(field["attributes"]["label"] for field in fields)
