"""Two pairs of three modalities, and tidy measurements of them."""

import pandas as pd

NAMES = ["image", "text", "audio"]
SETS = [
    {"name": "it", "first": "image", "second": "text"},
    {"name": "at", "first": "audio", "second": "text"},
]


def tidy():
    """Gap of both pairs, and recall@1 both ways."""
    rows = [
        ("it", "gap", "both", 0.5),
        ("it", "recall1", "first_to_second", 0.1),
        ("it", "recall1", "second_to_first", 0.2),
        ("at", "gap", "both", 0.7),
        ("at", "recall1", "first_to_second", 0.3),
        ("at", "recall1", "second_to_first", 0.4),
    ]
    return pd.DataFrame(rows, columns=["embeddings", "statistic", "side", "value"])
