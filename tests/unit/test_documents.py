"""What README, CONTRIBUTING, CHANGELOG and CITATION say is so."""

import json
import re
import tomllib

import numpy as np
import pytest
import yaml
from PIL import Image

from modgap.plan.config import load_config

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


def rule_names(root):
    """Names of all rules."""
    files = [root / "Snakefile", *(root / "rules").glob("*.smk")]
    return {name for path in files for name in re.findall(r"^rule (\w+):", path.read_text(), re.M)}


def named_outputs(root, variable):
    """Keys of one of the dicts of rules/targets.smk that name figures and tables."""
    text = (root / "rules" / "targets.smk").read_text()
    body = re.search(rf"^{variable} = {{\n(.*?)^}}", text, flags=re.MULTILINE | re.DOTALL)[1]
    return set(re.findall(r'^    "(\w+)":', body, flags=re.MULTILINE))


@pytest.fixture
def files_of_the_readme(root, tmp_path, monkeypatch):
    """Everything that the README's configurations name, in the current folder."""
    monkeypatch.chdir(tmp_path)
    for folder in ("photos", "models/my-clip", "weights"):
        (tmp_path / folder).mkdir(parents=True)
    Image.new("RGB", (8, 8)).save("photos/0.png")
    (tmp_path / "captions.csv").write_text("image,caption\n0.png,a black square\n")
    for name in ("images", "texts"):
        np.save(f"{name}.npy", np.eye(12, 4))
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
    expected = {f"figures/{name}.pdf" for name in named_outputs(root, "FIGURE_NAMES")}
    expected |= {f"figures/{name}.png" for name in named_outputs(root, "FIGURE_NAMES")}
    published = named_outputs(root, "TABLE_NAMES")
    text = (root / "rules" / "targets.smk").read_text()
    published |= set(re.findall(r'^        \("(\w+)", "\w+"\),', text, flags=re.MULTILINE))
    expected |= {f"tables/{name}.{end}" for name in published for end in ("csv", "md", "tex")}
    # Made where pictures are skipped; named under "When something is wrong".
    expected |= {f"tables/{n}.csv" for n in named_outputs(root, "LIST_NAMES") - {"skipped_samples"}}
    listed = {
        "/".join(path.split("/")[-2:])
        for _, files in table_rows(root)
        for path in files
        if re.search(r"/(figures|tables)/\w", path)
    }
    assert listed == expected


def test_every_command_of_the_figure_table_names_a_rule(root):
    rules, seen = rule_names(root), set()
    for commands, _ in table_rows(root):
        assert commands
        for command in commands:
            target = re.sub(r" --(cores|configfile) \S+", "", command).split()[1:]
            assert set(target) <= rules, command
            seen |= set(target)
    assert named_outputs(root, "FIGURE_NAMES") <= seen


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


def test_files_and_modules_that_contributors_are_sent_to_exist(root):
    text = (root / "CONTRIBUTING.md").read_text()
    seen = 0
    for name in re.findall(r"`([\w./-]+\.(?:py|smk|yaml|csv|toml))`", text):
        if re.search(r"NAME|KIND|SOURCE", name):
            continue
        places = [root / name, root / "scripts" / "modgap" / name]
        assert any(place.exists() for place in places), name
        seen += 1
    assert seen > 10
