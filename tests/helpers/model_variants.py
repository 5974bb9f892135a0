"""The lists of variants that three kinds of job give to ``embed_variants``."""


def seed_variants(name, model, seeds, layers=("kept",)):
    """Random initialisations of one model, each with every state of its normalisation layers."""
    return [
        {
            "labels": {"seed": seed, "normalisation_layers": state},
            "name": name,
            "model": {
                **model,
                "seed": seed,
                **({} if state == "kept" else {"normalisation_layers": state}),
            },
        }
        for seed in range(seeds)
        for state in layers
    ]


def independent_variants(models):
    """Models trained independently; ``models`` is a dict from name to entry."""
    return [
        {
            "labels": {"seed": number, "normalisation_layers": "kept"},
            "name": name,
            "model": model,
        }
        for number, (name, model) in enumerate(models.items())
    ]


# What is changed in the entry of a model in Supplementary Figure 15.
CHANGES = {
    "as it is": {},
    "no normalisation layers": {"normalisation_layers": "removed"},
    "no normalisation layers, raw pixels": {
        "normalisation_layers": "removed",
        "normalisation": "none",
    },
}


def normalisation_variants(name, model):
    """One model as it is, and with what normalises in it disabled."""
    return [
        {"labels": {"normalisation": label}, "name": name, "model": {**model, **changes}}
        for label, changes in CHANGES.items()
    ]
