"""Class names and prompt templates: the files of config/prompts, and the labels they must fit.

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
from typing import NamedTuple

import numpy as np
import yaml

from modgap.errors import InputError
from modgap.geometry import normalise
from modgap.tables import read_embeddings


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


def read_prompts(path):
    """Read and check a prompt file; everything wrong with it is an InputError."""
    try:
        with open(path, encoding="utf-8") as stream:
            content = yaml.safe_load(stream)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not YAML ({' '.join(str(error).split())})") from error
    forms = ({"classes", "templates"}, {"columns", "name", "extra", "templates"})
    if not isinstance(content, dict) or set(content) not in forms:
        raise InputError(
            f"{path}: give either classes and templates, or columns, name, extra and templates"
        )
    check_templates(path, content["templates"])
    if "classes" in content:
        return Prompts(
            string_keys(path, "classes", content["classes"]), content["templates"], (), {}
        )
    return group_prompts(path, content)


def check_templates(path, templates):
    """Raise an InputError unless there are sets of templates with {} in each."""
    string_keys(path, "templates", templates, values=list)
    for name, texts in templates.items():
        if not texts:
            raise InputError(f"{path}: templates.{name} is empty; give at least one template")
        for text in texts:
            if not isinstance(text, str) or text.count("{}") != 1:
                raise InputError(
                    f"{path}: templates.{name}: {text!r} needs one {{}} in the place of the class"
                )


def string_keys(path, key, mapping, values=str):
    """``mapping`` if it is a mapping from strings to ``values``, else an InputError."""
    if not isinstance(mapping, dict) or not mapping:
        raise InputError(f"{path}: {key} must be a mapping with at least one entry")
    for name, value in mapping.items():
        if not isinstance(name, str) or not isinstance(value, values):
            raise InputError(
                f"{path}: {key}: {name!r}: {value!r} does not fit; put names and words such as 1, "
                "yes and no in quotes"
            )
    return mapping


def group_prompts(path, content):
    """The classes of a prompt file with columns."""
    columns = string_keys(path, "columns", content["columns"], values=dict)
    for column, words in columns.items():
        string_keys(path, f"columns.{column}", words)
    extra = string_keys(path, "extra", content["extra"], values=list)
    classes = {}
    for values in itertools.product(*columns.values()):
        words = {column: columns[column][v] for column, v in zip(columns, values, strict=True)}
        try:
            classes[" ".join(values)] = with_article(content["name"].format(**words))
        except (KeyError, IndexError, AttributeError) as error:
            raise InputError(
                f"{path}: name: {content['name']!r} does not fit; write the columns in braces, "
                f"such as {{{next(iter(columns))}}}"
            ) from error
    categories = {name: category for category, names in extra.items() for name in names}
    for name in categories:
        if name in classes:
            raise InputError(f"{path}: extra: {name!r} is also a class of the columns; rename it")
    classes |= {name: with_article(name) for name in categories}
    return Prompts(classes, content["templates"], tuple(columns), categories)


def with_article(name):
    """The name with "an" before a vowel letter, else "a"."""
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def prompt_texts(prompts, name, path):
    """Texts of one set of templates, a list of templates for each class."""
    if name not in prompts.templates:
        known = ", ".join(prompts.templates)
        raise InputError(f"{path}: no templates named {name!r}; there are {known}")
    templates = prompts.templates[name]
    return [[t.replace("{}", word) for t in templates] for word in prompts.classes.values()]


def average_prompts(embeddings, n_classes):
    """Class vectors from an ensemble of prompts, as CLIP's: normalise, average, normalise.

    embeddings : (n_classes * n_templates, dim) raw, the templates of a class together.
    Returns (n_classes, dim) unit rows.
    """
    unit = normalise(embeddings)
    return normalise(unit.reshape(n_classes, -1, unit.shape[1]).mean(axis=1))


def read_class_vectors(path, templates):
    """Labels of the classes and their unit vectors (n_classes, dim) from embedded prompts."""
    rows, vectors, _ = read_embeddings([path])
    chosen = np.flatnonzero(rows["templates"] == templates)
    return list(rows["class"].iloc[chosen]), normalise(vectors[chosen])


def picture_labels(samples, columns, where):
    """Label of every row of a samples table: the columns' values joined by a space.

    Raises
    ------
    InputError : a column that is not there, or a value that is missing.
    """
    for column in columns:
        if column not in samples:
            known = ", ".join(samples.columns)
            raise InputError(f"{where}: the samples have no column {column!r}; there are {known}")
        if samples[column].isna().any():
            sample = samples["sample_id"][samples[column].isna()].iloc[0]
            raise InputError(f"{where}: {sample} has no {column}; zero-shot needs it everywhere")
    return samples[list(columns)].agg(" ".join, axis=1) if len(columns) > 1 else samples[columns[0]]


def label_indices(labels, classes, where, prompts):
    """Position of each label among the classes, (n,) int64.

    Parameters
    ----------
    labels : Series of n strings. classes : list of labels that pictures may have.
    where : the dataset, for messages. prompts : the prompt file, for messages.

    Raises
    ------
    InputError : a label without a prompt, a class without a picture, only one class.
    """
    position = {label: i for i, label in enumerate(classes)}
    for label in labels.unique():
        if label not in position:
            raise InputError(
                f"{where}: label {label!r} has no prompt; add it to the classes of {prompts}"
            )
    present = set(labels)
    if len(present) < 2:
        raise InputError(f"{where}: only one class, {labels.iloc[0]!r}; zero-shot needs two")
    for label in classes:
        if label not in present:
            raise InputError(
                f"{where}: no picture of class {label!r} of {prompts}; take more pictures or "
                "remove the class"
            )
    return labels.map(position).to_numpy(dtype=np.int64)
