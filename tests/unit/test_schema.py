"""config/schema.yaml describes every key, and config/README.md is what it makes."""

import json
import subprocess
import sys

import pytest
import yaml
from jsonschema import Draft202012Validator

from modgap.plan.config import load_yaml

# Words of JSON Schema that ours uses. A comma in an unquoted description inside braces would make
# a new one of what follows it.
KEYWORDS = {
    *("$schema", "$ref", "$defs", "title", "description", "default", "examples"),
    *("type", "enum", "const", "pattern", "minLength", "maxLength"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("properties", "required", "additionalProperties", "propertyNames", "dependentRequired"),
    "minProperties",
    *("items", "contains", "minItems", "maxItems", "uniqueItems"),
    *("allOf", "anyOf", "oneOf", "not", "if", "then"),
}
NAMED = ("properties", "$defs")
DATA = ("default", "examples", "enum", "const", "dependentRequired", "required")


@pytest.fixture(scope="module")
def schema(root):
    return load_yaml(root / "config" / "schema.yaml")


def nodes(node, path="schema"):
    """Every schema below and including ``node``, with where it stands."""
    if isinstance(node, list):
        for i, child in enumerate(node):
            yield from nodes(child, f"{path}[{i}]")
    elif isinstance(node, dict):
        yield path, node
        for key, child in node.items():
            if key in NAMED:
                for name, inner in child.items():
                    yield from nodes(inner, f"{path}.{name}")
            elif key not in DATA:
                yield from nodes(child, f"{path}/{key}")


def described(node, schema):
    """Whether a node or what it refers to says what it means."""
    if "description" in node:
        return True
    if "$ref" not in node:
        return False
    return described(schema["$defs"][node["$ref"].rsplit("/", 1)[-1]], schema)


def test_the_schema_is_valid_and_has_no_unknown_word(schema):
    Draft202012Validator.check_schema(schema)
    for path, node in nodes(schema):
        assert set(node) <= KEYWORDS, path


def test_every_key_has_a_description(schema):
    seen = 0
    for path, node in nodes(schema):
        if path.endswith(("/if", "/then")):
            continue
        for key, child in node.get("properties", {}).items():
            # The first key of every dataset and model: explained by the section of each value.
            if key not in ("kind", "source"):
                assert described(child, schema), f"{path}.{key}"
                seen += 1
    assert seen > 150


def test_defaults_and_examples_are_allowed(schema):
    seen = 0
    for path, node in nodes(schema):
        values = [node["default"]] if "default" in node else []
        values += node.get("examples", [])
        for value in values:
            checked = {**node, "$defs": schema["$defs"]}
            assert Draft202012Validator(checked).is_valid(value), f"{path}: {value}"
            seen += 1
    assert seen > 30


def test_every_kind_and_source_has_an_example(schema):
    for section, key in (("dataset", "kind"), ("model", "source")):
        for value in schema["$defs"][section]["properties"][key]["enum"]:
            examples = schema["$defs"][f"{section}_{value}"]["examples"]
            assert examples
            assert {example[key] for example in examples} == {value}


def test_the_page_of_the_configuration_is_up_to_date(root):
    done = subprocess.run(
        [sys.executable, root / "config" / "document.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_stale_page_is_noticed(root, tmp_path):
    folder = tmp_path / "config"
    folder.mkdir()
    for name in ("document.py", "config.yaml", "README.md"):
        (folder / name).write_bytes((root / "config" / name).read_bytes())
    schema = load_yaml(root / "config" / "schema.yaml")
    schema["properties"]["mirror"]["description"] = "Something else."
    (folder / "schema.yaml").write_text(yaml.safe_dump(schema, sort_keys=False))
    command = [sys.executable, folder / "document.py"]
    done = subprocess.run([*command, "--check"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "make docs" in done.stderr
    subprocess.run(command, check=True)
    assert "Something else." in (folder / "README.md").read_text()


def test_the_page_names_every_key_and_default(root, schema):
    text = (root / "config" / "README.md").read_text()
    for path, node in nodes(schema):
        for key in node.get("properties", {}):
            assert f"`{key}`" in text or key in ("kind", "source"), f"{path}.{key}"
    defaults = load_yaml(root / "config" / "config.yaml")
    for section in ("statistics", "shift", "projection", "figures"):
        for key, value in defaults[section].items():
            if not isinstance(value, dict):
                shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                assert f"default `{shown}`" in " ".join(text.split()), f"{section}.{key}"
