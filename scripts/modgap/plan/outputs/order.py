"""Which jobs go first when several could start: what shows the gap, before what takes long."""

# The gap and Figure 1 of every set, and what a run answers; then the cones.
FIRST = ("measure_gap", "project_pairs", "fig1_modality_gap", "table_answers")
CONES = ("measure_cone", "fig2a_cone_histograms")
# Embeddings of the next set, and all that they are made from.
NEXT = (
    "download_file",
    "remove_gzip",
    "draw_samples",
    "list_samples",
    "list_torchvision",
    "list_webdataset",
    "unpack_samples",
    "decode_pixels",
    "import_embeddings",
    "import_tensors",
    "index_shards",
    "sample_shards",
    "sum_shards",
    "merge_moments",
    "finish_moments",
    "verify_weights",
    "embed_images",
    "embed_texts",
    "train",
    "train_classifier",
)
# Retrieval, which the answers tell of.
PAIRS = ("rank_shards", "measure_pairs")
# The tables of the statistics; sweeps, simulations and studies come last.
THEN = ("table_statistics",)

# Snakemake starts the highest that fit; rules without a priority have 0.
PRIORITIES = {
    **dict.fromkeys(FIRST, 60),
    **dict.fromkeys(PAIRS, 50),
    **dict.fromkeys(CONES, 40),
    **dict.fromkeys(NEXT, 20),
    **dict.fromkeys(THEN, 10),
}


def order_jobs(rules):
    """Give the rules of a workflow their priority."""
    for rule in rules:
        rule.priority = PRIORITIES.get(rule.name, 0)
