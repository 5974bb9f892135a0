"""Files of claims: the project's, and small ones that tests write."""

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
        "protocol": "either",
        "about": "theirs",
        "table": "gap",
        "rows": {"statistic": "gap"},
        "published": 0.8,
        "tolerance": 0.1,
        "reason": "two decimals",
    }
    return {
        "tables": {"gap": {"of": "embedding_sets", "path": "statistics/gap/{name}.parquet"}},
        "sources": {
            "theirs": {"scale": "published features", "sha256": "a" * 64, "needs": "their file"},
            "here": {"scale": "embedded", "rows": {"state": "random"}, "needs": "a model"},
        },
        "judged": {"default": [], "published": ["one"]},
        "claims": [{**claim, **change}],
    }
