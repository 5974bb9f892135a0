"""Files of claims: the project's, and small ones that tests write."""

import pandas as pd
import yaml

from modgap.plan.models import PROJECT

FILE, SCHEMA = PROJECT / "config/claims.yaml", PROJECT / "config/claims.schema.yaml"


def write(tmp_path, content):
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def small(**change):
    """A file with one claim."""
    claim = {
        "id": "one",
        "where": "§1",
        "text": "The gap is 0.8.",
        "source": "paper text",
        "protocol": "either",
        "about": "theirs",
        "table": "gap",
        "rows": {"statistic": "gap"},
        "published": 0.8,
        "tolerance": 0.1,
        "reason": "two decimals",
    }
    return {
        "tables": {
            "gap": {"of": "embedding_sets", "path": "statistics/gap/{name}.parquet"},
            "study": {"of": "initialisation", "path": "statistics/training/{name}.parquet"},
        },
        "sources": {
            "theirs": {
                "scale": "published features",
                "decidable": "yes",
                "sha256": "a" * 64,
                "needs": "their file",
            },
            "here": {
                "scale": "embedded",
                "decidable": "yes",
                "rows": {"state": "random"},
                "needs": "a model",
            },
            "trained": {
                "scale": "published features",
                "decidable": "yes",
                "rows": {"source": "trained"},
                "needs": "a trained model",
            },
        },
        "judged": {"always": [], "default": [], "published": ["one"]},
        "claims": [{**claim, **change}],
    }


def make_claim(**change):
    """A claim as ``load_claims`` returns it; None takes a key away."""
    columns = {"value": "value", "low": "low", "high": "high"}
    claim = {
        **small()["claims"][0],
        "scale": "paper",
        "needs": "the weights and the data",
        "decidable": "yes",
        "columns": columns,
        "also": [],
        **change,
    }
    return {key: value for key, value in claim.items() if value is not None}


def make_rows(*values, **columns):
    """Rows with a value, an interval of ± 0.01 and the given columns."""
    frame = pd.DataFrame({"statistic": "gap", "value": values, "n": 500, "seed": 3})
    frame = frame.assign(low=frame["value"] - 0.01, high=frame["value"] + 0.01)
    return frame.assign(measured_on="set", state="trained", sha256="").assign(**columns)
