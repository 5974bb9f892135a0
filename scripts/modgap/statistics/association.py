"""Association of two measurements across models: Kendall's τ, and its test within families.

Models that share data or an author are no independent draws. What is exchanged at random is
therefore which model *of one family* has which outcome: differences between families, which have
many causes, prove nothing. Models are the items; the errors of each model's own numbers are not in
it.
"""

from itertools import permutations

import numpy as np

# Below so many models nothing is said, whatever the numbers.
FEWEST_MODELS = 10
# A verdict needs a p-value of at most this.
LEVEL = 0.05
# Families of more models are permuted at random: 8! = 40,320 are enumerated.
ENUMERATED = 8
DRAWS = 9999


def agreements(x, y):
    """(n, n) +1 where a pair of models is in the same order by both, −1 in opposite, 0 in a tie."""
    return np.sign(x[:, None] - x) * np.sign(y[:, None] - y)


def kendall(x, y):
    """Kendall's τ-b of two measurements (n,); nan where one does not vary."""
    return scaled_tau(x, y, np.ones((len(x), len(x)), dtype=bool))


def kendall_within(x, y, family):
    """τ-b over the pairs of models of one family only; nan where none can be ordered."""
    return scaled_tau(x, y, family[:, None] == family)


def scaled_tau(x, y, counted):
    """(concordant − discordant) / √(pairs untied in x · pairs untied in y) of the counted pairs."""
    untied = [(np.sign(values[:, None] - values)[counted] != 0).sum() for values in (x, y)]
    if not min(untied):
        return np.nan
    return float(agreements(x, y)[counted].sum() / np.sqrt(untied[0] * untied[1]))


def count_permuted(x, y):
    """Of all orders of ``y`` (n ≤ ``ENUMERATED``): how often each excess of concordant pairs.

    Returns counts (n(n−1) + 1,), that of the excess s at s + n(n−1)/2.
    """
    n = len(x)
    most = n * (n - 1) // 2
    orders = np.array(list(permutations(range(n))), dtype=np.intp).reshape(-1, n)
    excess = np.zeros(len(orders), dtype=np.int64)
    order_x, order_y = (np.sign(values[:, None] - values).astype(np.int64) for values in (x, y))
    for i in range(n):
        for j in range(i):
            excess += order_x[i, j] * order_y[orders[:, i], orders[:, j]]
    return np.bincount(excess + most, minlength=2 * most + 1)


def within_families(x, y, family, *, seed, draws=DRAWS):
    """Two-sided test of no association within families, by permutation.

    The statistic is the excess of concordant over discordant pairs of models of one family, which
    is symmetric about zero under permutations of untied values. Families are permuted independently
    of each other, so that its exact distribution is the convolution of theirs.

    Parameters
    ----------
    x, y : (n,) measurements. family : (n,) names.
    seed, draws : of random permutations, where a family has more than ``ENUMERATED`` models.

    Returns
    -------
    dict: ``p``; ``smallest`` (the smallest p that these families and ties permit), both nan where
    they permit one order only; ``method``; ``permutations`` (all there are, or drawn).
    """
    members = [np.flatnonzero(family == name) for name in np.unique(family)]
    members = [places for places in members if len(places) > 1]
    orders = 1
    for places in members:
        orders *= int(np.prod(np.arange(1, len(places) + 1, dtype=float)))
    drawn = max(map(len, members), default=0) > ENUMERATED
    if not drawn:
        counts = np.ones(1)
        for places in members:
            counts = np.convolve(counts, count_permuted(x[places], y[places]))
        values = np.abs(np.arange(len(counts)) - len(counts) // 2)
        shares, method = counts / counts.sum(), "exact, all orders within families"
    else:
        values, shares = draw_excesses(x, y, members, seed, draws)
        orders, method = draws, f"{draws:,} random orders within families"
    observed = abs(sum(excess_of(x[places], y[places]) for places in members))
    possible = values[shares > 0]
    # Of random orders the observed one alone may be the most extreme.
    smallest = shares[0] if drawn else shares[values == possible.max()].sum()
    if possible.max() == possible.min() == observed:
        return {"p": np.nan, "smallest": np.nan, "method": "no order to permute", "permutations": 1}
    return {
        "p": float(shares[values >= observed].sum()),
        "smallest": float(smallest),
        "method": method,
        "permutations": orders,
    }


def excess_of(x, y):
    """Concordant less discordant pairs."""
    return int(agreements(x, y).sum()) // 2


def draw_excesses(x, y, members, seed, draws):
    """|excess| of the observed order and of random ones, each (draws + 1,) with its share.

    The observed one counts among them (Phipson & Smyth 2010), so that no p is zero.
    """
    rng = np.random.default_rng(seed)
    total = np.zeros(draws + 1, dtype=np.int64)
    for places in members:
        orders = rng.permuted(np.tile(np.arange(len(places)), (draws + 1, 1)), axis=1)
        orders[0] = np.arange(len(places))
        order_x, order_y = (
            np.sign(values[places][:, None] - values[places]).astype(np.int64) for values in (x, y)
        )
        for i in range(len(places)):
            for j in range(i):
                total += order_x[i, j] * order_y[orders[:, i], orders[:, j]]
    return np.abs(total), np.full(draws + 1, 1 / (draws + 1))


def without_each_family(x, y, family):
    """τ of all models but those of one family, by the family's name; nan where undefined."""
    return {
        str(name): kendall(x[family != name], y[family != name]) for name in dict.fromkeys(family)
    }


def judge_association(n_models, within, p, smallest, left_out):
    """What may be said of an association, in words.

    within : τ within families. p : of the test, adjusted for the number of tests. smallest : the
    smallest p of the test itself. left_out : (lowest, highest) τ without one family.
    """
    if n_models < FEWEST_MODELS:
        return f"too few models ({n_models} of at least {FEWEST_MODELS})"
    if np.isnan(smallest) or smallest > LEVEL:
        return "no test possible"
    if np.isnan(p) or p > LEVEL:
        return "none shown"
    if not (min(left_out) > 0 or max(left_out) < 0):
        return "hangs on one family"
    return "positive" if within > 0 else "negative"
