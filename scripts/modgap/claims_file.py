"""Reading and checking ``config/claims.yaml``; one line for each problem."""

from modgap.config import load_yaml, schema_problems
from modgap.errors import InputError
from modgap.measured import imported_digest

# A claim is judged by the value of one row unless it says one of these.
FORMS = ("minus", "trend", "count", "share")
USUAL_COLUMNS = {"value": "value", "low": "low", "high": "high"}


def read_claims(path, schema):
    """The parsed file, after every check.

    Raises
    ------
    InputError : all problems, one per line.
    """
    content = load_yaml(path)
    problems = schema_problems(content, load_yaml(schema))
    problems = problems or claim_problems(content)
    if problems:
        listed = "".join(f"\n  {path}: {line}" for line in problems)
        raise InputError(f"Problems with the claims:{listed}")
    return content


def load_claims(path, schema):
    """Every claim with what its source says, ready for ``modgap.claims``.

    Returns
    -------
    tables : dict: name -> what it is about (``of``) and its ``path`` under the results.
    claims : list of dicts.
    """
    content = read_claims(path, schema)
    claims = []
    for claim in content["claims"]:
        source = content["sources"][claim["about"]]
        rows = {**source.get("rows", {}), **claim.get("rows", {})}
        if "sha256" in source:
            rows["sha256"] = imported_digest(source["sha256"])
        usual = content["tables"][claim["table"]].get("columns", USUAL_COLUMNS)
        columns = claim.get("columns", usual)
        source_says = {"scale": source["scale"], "needs": claim.get("needs", source["needs"])}
        claims.append({**claim, **source_says, "rows": rows, "columns": columns})
    return content["tables"], claims


def claim_problems(content):
    """What the schema cannot say: references, and what a claim may combine."""
    lines, ids = [], [claim["id"] for claim in content["claims"]]
    for claim in content["claims"]:
        where = f"claims.{claim['id']}"
        if ids.count(claim["id"]) > 1:
            lines.append(f"{where}: the id occurs more than once")
        for key, known in (("about", "sources"), ("table", "tables")):
            if claim[key] not in content[known]:
                lines.append(f"{where}.{key}: no {claim[key]!r} in {known}")
        lines += [f"{where}: {problem}" for problem in expectation_problems(claim, content)]
    for run, judged in content["judged"].items():
        lines += [f"judged.{run}: no claim {name!r}" for name in judged if name not in ids]
    return list(dict.fromkeys(lines))


def expectation_problems(claim, content):
    """What is wrong with what a claim expects and how it is measured."""
    expectations = [key for key in ("tolerance", "above", "below") if key in claim]
    if len(expectations) != 1:
        yield "give one of tolerance, above and below"
    if "tolerance" in claim and "published" not in claim:
        yield "a tolerance needs the published value"
    forms = [key for key in FORMS if key in claim]
    if len(forms) > 1:
        yield f"give at most one of {', '.join(FORMS)}"
    if "minus" in claim and "tolerance" in claim:
        yield "a difference (minus) is judged by above or below"
    scale = content["sources"].get(claim["about"], {}).get("scale")
    if scale == "embedded" and "tolerance" in claim:
        yield "the paper's values are never judged on embedded models and data; give above or below"
