"""Class names and prompt templates: the files of config/prompts. No numpy: the workflow reads them.

Two forms. Zero-shot:

    classes:    {label in the data: name in the prompt}
    templates:  {name of a set: [templates with {} for the name]}

Groups (fairness): instead of ``classes``

    columns:    {column of the samples: {value: word}}, two or more
    name:       how the words of a picture make its class, such as "{race} {gender}"
    extra:      {category: [names of classes that no picture belongs to]}

where every name gets its article and the classes are all combinations of values.
"""

import itertools
import math
import os
import string
from functools import lru_cache
from typing import NamedTuple

from modgap.errors import InputError
from modgap.plan.checks.joined import refuse_joined
from modgap.yaml_files import read_yaml

# More are a slip of the pen, and would be counted without end.
MOST_CLASSES = 100_000

# The only set of templates of class prompts that come embedded, with ready embeddings.
GIVEN = "given"


class Prompts(NamedTuple):
    """A prompt file.

    classes : dict from label to name in the prompt, in order.
    templates : dict from set to list of templates.
    columns : columns of the samples whose values, joined by a space, are the label; empty where
        the label is a column of its own.
    categories : dict from the label of an extra class to its category.
    """

    classes: dict
    templates: dict
    columns: tuple
    categories: dict


def prompt_path(name, root):
    """File of a prompt set: a path that ends in .yaml, or a name in config/prompts.

    Relative to the working directory, so that a moved project reruns nothing.
    """
    if name.endswith(".yaml"):
        return name
    return os.path.relpath(os.path.join(root, "config", "prompts", f"{name}.yaml"))


def prompt_name(name):
    """What results call a prompt file: its name without folder and suffix."""
    return os.path.basename(name).removesuffix(".yaml")


def read_prompts(path):
    """Read and check a prompt file, once as it is; everything wrong with it is an InputError."""
    known = os.stat(path) if os.path.exists(path) else None
    return read_checked(path, known and (known.st_mtime_ns, known.st_size, known.st_ino))


@lru_cache
def read_checked(path, _version):
    """What ``read_prompts`` gives for a file of this version."""
    content = read_yaml(path)
    forms = ({"classes", "templates"}, {"columns", "name", "extra", "templates"})
    if not isinstance(content, dict) or set(content) not in forms:
        raise InputError(
            f"{path}: give either classes and templates, or columns, name, extra and templates"
        )
    check_templates(path, content["templates"])
    if "classes" in content:
        return Prompts(
            check_mapping(path, "classes", content["classes"]), content["templates"], (), {}
        )
    return group_prompts(path, content)


def check_templates(path, templates):
    """Raise an InputError unless there are sets of templates with {} in each."""
    check_mapping(path, "templates", templates, values=list)
    for name, texts in templates.items():
        if not texts:
            raise InputError(f"{path}: templates.{name} is empty; give at least one template")
        for text in texts:
            if not isinstance(text, str) or text.count("{}") != 1:
                raise InputError(
                    f"{path}: templates.{name}: {text!r} needs one {{}} in the place of the class"
                )


def check_mapping(path, key, mapping, values=str):
    """``mapping`` if it is a mapping from strings to ``values``, else an InputError."""
    if not isinstance(mapping, dict) or not mapping:
        raise InputError(f"{path}: {key} must be a mapping with at least one entry")
    for name, value in mapping.items():
        if not (isinstance(name, str) and name and isinstance(value, values)) or value == "":
            raise InputError(
                f"{path}: {key}: {name!r}: {value!r} does not fit; put names and words such as 1, "
                "yes and no in quotes, and leave none empty"
            )
    return mapping


def group_prompts(path, content):
    """The classes of a prompt file with columns."""
    columns = check_mapping(path, "columns", content["columns"], values=dict)
    for column, words in columns.items():
        check_mapping(path, f"columns.{column}", words)
    count = math.prod(map(len, columns.values()))
    if count > MOST_CLASSES:
        raise InputError(f"{path}: columns: {count:,} classes are more than {MOST_CLASSES:,}")
    extra = check_mapping(path, "extra", content["extra"], values=list)
    name = check_class_name(path, content["name"], columns)
    made = []
    for values in itertools.product(*columns.values()):
        words = {column: columns[column][v] for column, v in zip(columns, values, strict=True)}
        made.append((" ".join(values), values, add_article(name.format(**words))))
    refuse_joined(path, [(label, " + ".join(map(repr, values))) for label, values, _ in made])
    classes = {label: named for label, _, named in made}
    categories = {}
    for category, names in extra.items():
        for one in names:
            if not isinstance(one, str) or not one:
                raise InputError(f"{path}: extra.{category}: {one!r} is no word; put it in quotes")
            if one in classes:
                raise InputError(
                    f"{path}: extra: {one!r} is also a class of the columns; rename it"
                )
            if one in categories:
                raise InputError(
                    f"{path}: extra: {one!r} stands in {categories[one]} and in {category}; "
                    "remove one"
                )
            categories[one] = category
    classes |= {one: add_article(one) for one in categories}
    return Prompts(classes, content["templates"], tuple(columns), categories)


def check_class_name(path, name, columns):
    """``name`` if it is text with nothing but columns in braces, else an InputError."""
    try:
        parts = list(string.Formatter().parse(name))
    except (TypeError, ValueError):
        parts = [("", None, "", None)]
    for _, field, form, conversion in parts:
        if field is not None and (field not in columns or form or conversion):
            parts = []
    if not any(field for _, field, _, _ in parts):
        raise InputError(
            f"{path}: name: {name!r} does not fit; write the columns in braces, "
            f"such as {{{next(iter(columns))}}}"
        )
    return name


def add_article(name):
    """The name with "an" before a vowel letter, else "a"."""
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def prompt_texts(prompts, name, path):
    """Texts of one set of templates, a list of templates for each class."""
    if name not in prompts.templates:
        known = ", ".join(prompts.templates)
        raise InputError(f"{path}: no templates named {name!r}; there are {known}")
    templates = prompts.templates[name]
    return [[t.replace("{}", word) for t in templates] for word in prompts.classes.values()]
