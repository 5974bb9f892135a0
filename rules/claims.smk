"""Which files of this run measure which claims; no rules."""

from modgap.plan.claims import load_claims
from modgap.plan.claims import measured

try:
    CLAIM_TABLES, CLAIMS = load_claims(
        ROOT / "config/claims.yaml", ROOT / "config/claims.schema.yaml"
    )
except InputError as error:
    raise WorkflowError(str(error)) from None

MEASURED = measured(CONFIG, CELLS)

# Of each table, its files in this run and what each is about, in one order.
CLAIM_FILES = {
    name: [
        f"<results>/{table['path'].format(name=about)}"
        for about in MEASURED[table["of"]]
    ]
    for name, table in CLAIM_TABLES.items()
}
CLAIM_SUBJECTS = {
    name: [
        sorted_keys({"name": about, **attributes})
        for about, attributes in MEASURED[table["of"]].items()
    ]
    for name, table in CLAIM_TABLES.items()
}
