"""Write config/README.md from config/schema.yaml and the defaults of config.yaml (`make docs`).

Every key with what it means, what it may be, its default and an example. `--check` writes nothing
and fails when the page on disk is another.
"""

import json
import sys
import textwrap
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
PAGE = HERE / "README.md"

INTRODUCTION = """\
# Configuration

Made from [schema.yaml](schema.yaml) and [config.yaml](config.yaml) by `make docs`; edit those.

A run without options uses [config.yaml](config.yaml), the default. Your own run goes into a file of
its own, given behind the target (`snakemake figures --cores 2 --configfile my_run.yaml`), that
holds only what differs:

* Its results go to `results/my_run`, by the name of the file, so that other runs keep theirs. Given
  two files, the last one gives the name. `results:` in a file, or `--config results=FOLDER`, names
  another folder; a file that changes the default run in place says `results: results`.
* A file that names one of `datasets`, `models`, `embedding_sets`, `cones`, `initialisations`,
  `layers`, `without_normalisation`, `independent_models`, `zero_shot`, `fairness` or `gap_methods`
  replaces all of these, and what is trained, so that a run works on exactly what it names. The studies without data
  (`random_networks`, `theorems`, `sphere`) then run only if named: `sphere: {}` takes the default's
  values.
* Every other section is laid over the default key by key.
* One value can be set on the command line: `--config 'figures={dpi: 300}'`.

All problems are listed at once, one line each, before anything runs; a misspelt key is one of them.
Only what uses a changed value runs again (`snakemake -n` shows it beforehand).

Other files here: [smoke.yaml](smoke.yaml) (toy sizes, a minute or two), [paper.yaml](paper.yaml)
(the paper's own models and data), [thorough.yaml](thorough.yaml) (more seeds and training),
[examples/](examples) (your own data, models and training, downloads).
"""

# Parts of the schema that stand in several places: described once, linked from there.
SHARED = {
    "recipe": "How a model is trained: `recipe`",
    "temperature": "Temperature of the loss: `temperature`",
    "preprocessing": "What a weight file was trained with: `preprocessing`",
}
# Sections whose entries differ by one key, and the definitions behind its values.
VARIANTS = {"datasets": ("kind", "dataset_"), "models": ("source", "model_")}

WIDTH = 100


def resolve(node, schema):
    """The node with its reference, if any, replaced by what it points to; its own keys win."""
    if "$ref" not in node:
        return node
    target = schema
    for part in node["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    return {**resolve(target, schema), **{k: v for k, v in node.items() if k != "$ref"}}


def shared_part(node):
    """The name of the part of SHARED that a node refers to, or None."""
    name = node.get("$ref", "").rsplit("/", 1)[-1]
    return name if name in SHARED else None


def code(value):
    """A value as it may be written in YAML, as code."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"`{text}`"


def bounds(node):
    """Words for the smallest and largest value, with a comma before each."""
    words = {
        "minimum": "at least",
        "exclusiveMinimum": "above",
        "maximum": "at most",
        "exclusiveMaximum": "below",
    }
    return "".join(f", {word} {node[key]}" for key, word in words.items() if key in node)


def allowed(node, schema):
    """What a value may be, in words."""
    if name := shared_part(node):
        return f"see [{name}](#{anchor(SHARED[name])})"
    node = resolve(node, schema)
    if "const" in node:
        return code(node["const"])
    if "enum" in node:
        return " or ".join(map(code, node["enum"]))
    if "anyOf" in node:
        return " or ".join(allowed(choice, schema) for choice in node["anyOf"])
    names = {"string": "text", "null": "nothing (`null`)", "boolean": "`true` or `false`"}
    names |= {"integer": "whole number", "number": "number", "object": "mapping"}
    kinds = node["type"] if isinstance(node["type"], list) else [node["type"]]
    words = []
    for kind in kinds:
        if kind == "array":
            words.append(f"list of: {allowed(node['items'], schema)}")
        else:
            limits = bounds(node) if kind in ("integer", "number") else ""
            words.append(names[kind] + limits)
    return " or ".join(words)


def anchor(title):
    """The link target that code hosts give a heading."""
    kept = "".join(c for c in title.lower() if c.isalnum() or c in " -_")
    return kept.replace(" ", "-")


def item(key, node, schema, default, depth):
    """One bullet: key, what it may be, default, meaning."""
    facts = [allowed(node, schema), default]
    text = f"- **`{key}`** ({'; '.join(fact for fact in facts if fact)}). "
    text += sentence(resolve(node, schema)["description"])
    indent = "  " * depth
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def sentence(text):
    """The text on one line, with a full stop."""
    text = " ".join(text.split())
    return text if text.endswith(".") else f"{text}."


def paragraph(node):
    """Lines of the description of a section."""
    return textwrap.wrap(sentence(node["description"]), WIDTH, break_on_hyphens=False)


def default_text(key, node, given, required, schema):
    """What stands for a key that a file does not name: its default, or that it is needed."""
    if isinstance(given, dict) and key in given:
        value = given[key]
        nested = isinstance(value, dict) or (
            isinstance(value, list) and any(isinstance(entry, dict) for entry in value)
        )
        return "" if nested else f"default {code(value)}"
    node = resolve(node, schema)
    if "default" in node:
        return f"default {code(node['default'])}"
    return "required" if key in required else "may be left out"


def keys(node, schema, given, depth=0):
    """Bullets of the keys of a mapping, those of nested mappings below them."""
    node = resolve(node, schema)
    lines = []
    for key, child in node["properties"].items():
        default = default_text(key, child, given, node.get("required", []), schema)
        lines.append(item(key, child, schema, default, depth))
        below = resolve(child, schema)
        inner = given.get(key) if isinstance(given, dict) else None
        if shared_part(child):
            continue
        if "properties" in below:
            lines += keys(child, schema, inner, depth + 1)
        elif "properties" in resolve(below.get("items", {}), schema):
            lines += keys(below["items"], schema, None, depth + 1)
    return lines


def block(value):
    """A YAML block of a value, to be copied."""
    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=WIDTH)
    return ["", "```yaml", text.rstrip("\n"), "```"]


def first_entries(value, count=2):
    """The first entries of a mapping or list: enough to see what one looks like."""
    if isinstance(value, dict):
        return dict(list(value.items())[:count])
    return value[:count]


def variant_sections(section, schema):
    """One part per kind of dataset or source of model, with an example each."""
    key, prefix = VARIANTS[section]
    lines = []
    for value in schema["$defs"][section.removesuffix("s")]["properties"][key]["enum"]:
        node = schema["$defs"][prefix + value]
        lines += ["", f"### {section}: `{key}: {value}`", "", *paragraph(node), ""]
        described = {k: v for k, v in node["properties"].items() if k != key}
        lines += keys({**node, "properties": described}, schema, None)
        names = ["my-name", *(f"my-name-{i}" for i in range(2, len(node["examples"]) + 1))]
        lines += block({section: dict(zip(names, node["examples"], strict=True))})
    return lines


def section_lines(name, schema, defaults):
    """Heading, meaning, keys and example of one section."""
    node = resolve(schema["properties"][name], schema)
    lines = ["", f"## `{name}`", "", *paragraph(node)]
    given = defaults.get(name)
    if name in VARIANTS:
        return lines + variant_sections(name, schema)
    if "properties" in node:
        lines += ["", *keys(node, schema, given)]
        if not isinstance(node.get("additionalProperties"), dict):
            return lines
    entry = node.get("additionalProperties") or node.get("items")
    if isinstance(entry, dict):
        what = "Entries, by names of your choice," if node["type"] == "object" else "Items"
        if "items" in entry:
            entry = entry["items"]
            lines += ["", "Items of an entry:", *paragraph(entry)]
            what = "Those that are mappings"
        lines += ["", f"{what} have these keys:", ""]
        lines += keys(entry, schema, None)
        lines += ["", "The default has, among others:"]
        return lines + block({name: first_entries(given)})
    return [*lines, "", f"- {allowed(node, schema)}; default {code(given)}".replace("\n", " ")]


def page(schema, defaults):
    """The whole page as text."""
    names = list(schema["properties"])
    contents = ", ".join(f"[{name}](#{anchor(name)})" for name in names)
    shared = ", ".join(f"[{name}](#{anchor(title)})" for name, title in SHARED.items())
    lines = [INTRODUCTION, *textwrap.wrap(f"Sections: {contents}.", WIDTH, break_on_hyphens=False)]
    lines += ["", f"Used in several of them: {shared}."]
    for name in names:
        lines += section_lines(name, schema, defaults)
    for name, title in SHARED.items():
        node = schema["$defs"][name]
        given = defaults["training"]["recipe"] if name == "recipe" else None
        lines += ["", f"## {title}", ""]
        if "description" in node:
            lines += [*paragraph(node), ""]
        lines += keys(node, schema, given)
    return "\n".join(lines) + "\n"


def main(arguments):
    """Write the page, or with ``--check`` say whether it is up to date (exit status 1 if not)."""
    schema, defaults = (
        yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
        for name in ("schema.yaml", "config.yaml")
    )
    text = page(schema, defaults)
    if "--check" not in arguments:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        sys.exit(f"{PAGE}: not what schema.yaml and config.yaml make; run `make docs`")


if __name__ == "__main__":
    main(sys.argv[1:])
