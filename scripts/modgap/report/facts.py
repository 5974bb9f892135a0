"""What a figure or table shows, read from the files it was made of: data, n, seeds, protocol."""

import pandas as pd

from modgap.tables import open_parquet, read_metadata

# Columns by which a file says what it is about, the first that it has.
SUBJECTS = ("embeddings", "comparison", "task", "model", "theorem", "activation", "spacing")
# Columns and metadata that hold the number of items, and the seeds.
SIZES = ("n", "n_inputs")
SEEDS = ("seed", "n_seeds", "n_initialisations", "seeds")

# Statistics that a figure shows, where its files have more: facts are of these only.
STATISTICS = {
    "fig1_modality_gap": ("gap",),
    "fig2a_cone_histograms": ("mean_cosine",),
    "figS14_second_picture_set": ("mean_cosine",),
    "fig3_shift_landscape": ("loss", "distance", "gradient"),
    "figS10_zero_shot_shift": ("top1", "top1_exact", "auc"),
}


def read_facts(paths, names, statistics=()):
    """Terms and their descriptions for the caption of what was made of ``paths``.

    paths : parquet files. names : embedding set, cloud, task, run or path -> what people call it.
    statistics : those that are shown, where a file has rows of them; all if empty.

    Returns
    -------
    dict: ``data and model``, ``n``, ``all pairs``, ``seed``, ``protocol``, ``intervals``; what the
    files do not say is left out.
    """
    subjects, sizes, samples, seeds, protocols, intervals = {}, set(), {}, {}, {}, {}
    for path in paths:
        frame, about = read_fact_columns(path)
        frame = keep_statistics(frame, statistics)
        for name in [path] if path in names else subject_names(frame, about):
            subjects[names.get(name, name)] = None
        # Groups and held-out halves are parts of the items.
        sizes |= set(sorted(whole_numbers(frame, about, SIZES))[-1:])
        if "sampled" in about:
            text = "{pictures:,} of {of:,} pictures, drawn at random"
            samples[text.format(**about["sampled"])] = None
        seeds |= dict.fromkeys(spell_seeds(frame, about))
        protocols |= dict.fromkeys(
            text for text in distinct_texts(frame, "protocol") if text != "neither"
        )
        intervals |= dict.fromkeys(
            method
            for method in distinct_texts(frame, "interval_method")
            if not method.startswith("none")
        )
    found = {
        "data and model": "; ".join(subjects),
        "n": spell_range(sizes),
        "all pairs": "; ".join(samples),
        "seed": ", ".join(seeds),
        "protocol": " and ".join(sorted(protocols, reverse=True)),
        "intervals": "; ".join(intervals),
    }
    return {term: text for term, text in found.items() if text}


def read_fact_columns(path):
    """The columns of a file that facts are read from, and its metadata."""
    wanted = {*SUBJECTS, *SIZES, *SEEDS, "dataset", "protocol", "interval_method", "statistic"}
    stored = open_parquet(path)
    columns = [name for name in stored.schema_arrow.names if name in wanted]
    return stored.read(columns=columns).to_pandas(), read_metadata(path)


def keep_statistics(frame, statistics):
    """The rows of the named statistics, or all where a file has none of them."""
    if not statistics or "statistic" not in frame:
        return frame
    kept = frame[frame["statistic"].isin(statistics)]
    return kept if len(kept) else frame


def subject_names(frame, about):
    """Names of the sets, clouds or tasks that a file is about."""
    column = next((name for name in SUBJECTS if name in frame), None)
    if column is None:
        return [about["embeddings"]] if "embeddings" in about else []
    if column == "model" and "dataset" in frame:
        pairs = frame[["model", "dataset"]].drop_duplicates()
        return [f"{model}/{dataset}" for model, dataset in pairs.itertuples(index=False)]
    if column == "spacing":
        return [f"points {value:g}° apart" for value in frame[column].unique()]
    return [str(value) for value in frame[column].dropna().unique()]


def whole_numbers(frame, about, columns):
    """Whole numbers in the named columns, or under these names in the metadata."""
    values = {
        int(value) for name in columns if name in frame for value in frame[name].dropna().unique()
    }
    return values or {about[name] for name in columns if isinstance(about.get(name), int)}


def spell_seeds(frame, about):
    """Seeds as words: the seed itself, or how many there are."""
    values = sorted(whole_numbers(frame, about, ["seed"]))
    if values:
        few = ", ".join(map(str, values)) if len(values) < 4 else f"{values[0]} to {values[-1]}"
        return [few]
    return [f"{count} seed{'s' * (count != 1)}" for count in whole_numbers(frame, about, SEEDS[1:])]


def distinct_texts(frame, column):
    """Distinct texts of a column, in their order."""
    return [str(value) for value in frame[column].dropna().unique()] if column in frame else []


def spell_range(values):
    """Numbers as one range: 500, or 60 to 2,000."""
    if not values:
        return ""
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def read_run_times(folder):
    """What the jobs of every rule took, from their benchmark files.

    folder : Path; ``{rule}.tsv`` or ``{rule}/**/*.tsv`` as Snakemake writes them.

    Returns
    -------
    DataFrame: rule, jobs, seconds (of all jobs), processor_seconds (likewise), memory_mb (largest
    resident set); longest first.
    """
    columns = {"s": "seconds", "cpu_time": "processor_seconds", "max_rss": "memory_mb"}
    frames = []
    for path in sorted(folder.rglob("*.tsv")):
        rule = path.relative_to(folder).parts[0].removesuffix(".tsv")
        # Files of other versions of Snakemake have other columns.
        measured = pd.read_csv(path, sep="\t", na_values="-").reindex(columns=list(columns))
        frames.append(measured.rename(columns=columns).assign(rule=rule))
    if not frames:
        return pd.DataFrame(columns=["rule", "jobs", *columns.values()])
    # Processor time and memory of a job are unknown where it ended before Snakemake looked.
    table = (
        pd.concat(frames)
        .groupby("rule")
        .agg(
            jobs=("seconds", "size"),
            seconds=("seconds", "sum"),
            processor_seconds=("processor_seconds", "sum"),
            memory_mb=("memory_mb", "max"),
        )
    )
    return table.sort_values("seconds", ascending=False).reset_index()
