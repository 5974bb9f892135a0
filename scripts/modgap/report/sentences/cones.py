"""What one sees in figures of cones."""

import pandas as pd

from modgap.report.sentences.words import (
    NAMED,
    count,
    find_ends,
    gather_rows,
    spell_value,
)
from modgap.tables import read_table

MEASURED = ["embeddings", "side", "statistic", "value", "low", "high", "n", "n_initialisations"]
WITHIN, BETWEEN = (f"cosine_{what}_initialisations" for what in ("within", "between"))

# What a network without its normalisation layers is called, beside one as it is.
LAYERS = {"kept": "", "removed": ", normalisation layers removed"}


def tell_cones(paths, names):
    """How alike the items of a cloud are, from its tables of cosines.

    names : cloud -> what people call it.
    """
    means = {}
    for path in paths:
        frame = read_table(path)
        if not {"embeddings", "statistic", "value"} <= set(frame.columns):
            continue
        rows = frame[frame["statistic"] == "mean_cosine"]
        means |= dict(zip(rows["embeddings"], rows["value"], strict=True))
    if not means:
        return ""
    called = {name: names.get(name, name) for name in means}
    if len(means) <= NAMED:
        told = "; ".join(f"{value:.2f} for {called[name]}" for name, value in means.items())
        return f"Mean cosine of two items of one cloud: {told}. Without a cone it would be 0."
    low, high = min(means, key=means.get), max(means, key=means.get)
    return (
        f"Two items of one cloud have a mean cosine between {means[low]:.2f} ({called[low]}) and "
        f"{means[high]:.2f} ({called[high]}) in these {len(means)} clouds; without a cone it would "
        "be 0."
    )


def tell_initialisations(paths, names):
    """How alike items are within the cone of one random start and between those of two."""
    rows = gather_rows(paths, [*MEASURED, "normalisation_layers"])
    rows = rows[rows["normalisation_layers"] == "kept"]
    return tell_separate_cones(rows, names, "initialisation")


def tell_independent(paths, names):
    """The same for models trained independently, and the random starts beside them."""
    tables = []
    for path in paths:
        rows = gather_rows([path], [*MEASURED, "normalisation_layers"])
        rows = rows[rows["normalisation_layers"] == "kept"]
        # A group may be called like the model that it was trained from; its path is its own.
        tables.append(rows.assign(embeddings=str(path)) if str(path) in names else rows)
    tables = [rows for rows in tables if len(rows)]
    return tell_separate_cones(pd.concat(tables), names, "model") if tables else ""


def tell_separate_cones(rows, names, one):
    """Mean cosines of two items within one cone and between two.

    rows : of ``measure_seeds``. one : what each has a cone.
    """
    pairs = [
        (
            names.get(f"{name}/{side}", f"{names.get(name, name)}, {side}"),
            *(found[found["statistic"] == what] for what in (WITHIN, BETWEEN)),
        )
        for (name, side), found in rows.groupby(["embeddings", "side"], sort=False)
    ]
    pairs = [
        (label, within.iloc[0], between.iloc[0])
        for label, within, between in pairs
        if len(within) and len(between)
    ]
    if not pairs:
        return ""
    start = f"Mean cosine of two items from one {one}, and from two different ones"
    if len(pairs) <= NAMED:
        told = [
            f"{spell_value(within, '{:z.2f}')} and {spell_value(between, '{:z.2f}')} for {label} "
            f"({count(within['n_initialisations'], one)}, n = {within['n']:,})"
            for label, within, between in pairs
        ]
        return f"{start}: {'; '.join(told)}."
    ends = []
    for part in (1, 2):
        values = [pair[part]["value"] for pair in pairs]
        low, high = (values.index(choose(values)) for choose in (min, max))
        ends.append(
            f"{values[low]:z.2f} ({pairs[low][0]}) to {values[high]:z.2f} ({pairs[high][0]})"
        )
    return f"{start}, over {len(pairs)} encoders: {ends[0]}, and {ends[1]}."


def tell_initial_gaps(paths, names):
    """The gap of untrained models, and that of cones in independent directions."""
    rows = gather_rows(paths, [*MEASURED, "normalisation_layers"])
    rows = rows[rows["side"] == "both"]
    told, ratios = [], []
    for (name, layers), found in rows.groupby(["embeddings", "normalisation_layers"], sort=False):
        by_name = {row["statistic"]: row for row in found.to_dict("records")}
        if not {"gap", "predicted_gap", "gap_ratio"} <= set(by_name):
            continue
        gap, ratio = by_name["gap"], by_name["gap_ratio"]
        label = f"{names.get(name, name)}{LAYERS.get(layers, '')}"
        ratios.append({**ratio, "label": label, "gap": gap["value"]})
        told.append(
            f"{label}: gap {spell_value(gap)}, {spell_value(ratio)} times the "
            f"{by_name['predicted_gap']['value']:.3f} that independent cones would have "
            f"({gap['n_initialisations']} initialisations, n = {gap['n']:,})"
        )
    if len(told) <= NAMED:
        return f"Untrained, {'; '.join(told)}." if told else ""
    gaps = sorted(ratio["gap"] for ratio in ratios)
    low, high = (choose(ratios, key=lambda row: row["value"]) for choose in (min, max))
    return (
        f"Untrained, {len(told)} models have gaps of {gaps[0]:.3f} to {gaps[-1]:.3f}, "
        f"{low['value']:.3f} ({low['label']}) to {high['value']:.3f} ({high['label']}) times those "
        "that independent cones would have."
    )


def tell_layers(paths):
    """The mean cosine before the first layer of each tower and at its end."""
    columns = ["label", "state", "dataset_label", "normalisation_layers", "layer"]
    keys = ["model", "dataset", "side"]
    rows = gather_rows(paths, [*columns, *keys, "readout", "value", "low", "high", "n"])
    rows = rows[rows["normalisation_layers"] == "kept"]
    towers = []
    for _, tower in rows.groupby(keys, sort=False):
        # What a token that starts alike for all items has, says nothing of them.
        spread = tower[tower["readout"] != "pooled token"]
        if len(spread):
            start, end = (spread.loc[spread["layer"] == pick].iloc[0].to_dict()
                          for pick in (spread["layer"].min(), spread["layer"].max()))  # fmt: skip
            towers.append({**end, "start": start["value"], "averaged": start["readout"]})
    if not towers:
        return ""
    if len(towers) <= NAMED:
        told = [
            f"{row['start']:z.2f} ({row['averaged']}) and {spell_value(row, '{:z.2f}')} for "
            f"{name_tower(row)} (n = {row['n']:,})"
            for row in towers
        ]
        return f"Mean cosine of two items at the first layer, and at the last: {'; '.join(told)}."
    ends = [
        f"{low[key]:z.2f} ({name_tower(low)}) to {high[key]:z.2f} ({name_tower(high)})"
        for key in ("start", "value")
        for low, high in [
            (min(towers, key=lambda row: row[key]), max(towers, key=lambda row: row[key]))
        ]
    ]
    rising = sum(row["value"] > row["start"] for row in towers)
    return (
        f"Mean cosine of two items in {len(towers)} towers: {ends[0]} at the first layer (over "
        f"tokens or places), {ends[1]} at the last; it is higher at the last in {rising}."
    )


def name_tower(row):
    """What a tower is, in words."""
    return f"{row['label']}, {row['side']}, {row['state']} weights, {row['dataset_label']}"


def tell_normalisation(paths, names):
    """The gap with and without what normalises, by experiment."""
    columns = ["experiment", "name", "normalisation", "stage", "statistic", "n_seeds"]
    rows = gather_rows(paths, [*columns, "value", "low", "high", "n"])
    rows = rows[rows["statistic"] == "gap"]
    told = []
    for experiment, found in rows.groupby("experiment", sort=False):
        title = f"{experiment[0].upper()}{experiment[1:]}"
        # Those that are trained from scratch are another model in each state.
        single = experiment == "trained from scratch"
        models = [("", found)] if single else list(found.groupby("name", sort=False))
        if len(models) <= NAMED:
            told += [
                f"{title}{f', {names.get(name, name)}' if name else ''}: gap "
                f"{spell_variants(model)} ({tell_size(model)})."
                for name, model in models
            ]
        else:
            told.append(f"{title}, {len(models)} models: gap {spell_variant_ends(found)}.")
    return " ".join(told)


def spell_variants(rows):
    """The gap of each variant of a model; after training where it was trained here."""
    told = []
    for variant, found in rows.groupby("normalisation", sort=False):
        by_stage = {row["stage"]: row for row in found.to_dict("records")}
        row = by_stage.get("end", by_stage.get("start"))
        before = f", {by_stage['start']['value']:.3f} before training" if len(by_stage) > 1 else ""
        told.append(f"{spell_value(row)} {describe_variant(variant)}{before}")
    return "; ".join(told)


def spell_variant_ends(rows):
    """The smallest and largest gap of each variant over several models."""
    told = []
    for variant, found in rows.groupby("normalisation", sort=False):
        low, high = find_ends(found)
        told.append(f"{low['value']:.3f} to {high['value']:.3f} {describe_variant(variant)}")
    return "; ".join(told)


def describe_variant(variant):
    """What was done to a model, as the end of a phrase."""
    return variant if variant.startswith("as ") else f"with {variant}"


def tell_size(rows):
    """How many items and, where there are several, seeds rows are about."""
    seeds = int(rows["n_seeds"].iloc[0])
    size = f"n = {int(rows['n'].iloc[0]):,}"
    return f"{size}, {count(seeds, 'seed')}" if seeds > 1 else size
