"""Fréchet, MMD and the concentration of the gap against closed forms and slow implementations."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from modgap.statistics import distributions, inference
from modgap.statistics.geometry import gap_influence, gap_vector, normalise, unpaired_influence
from toy_pairs import captioned, without


def kernel(a, b):
    return np.exp(-2 * ((a[:, None] - b[None]) ** 2).sum(axis=2))


def slow_frechet(X, Y):
    first, second = np.cov(X.T), np.cov(Y.T)
    root = sqrtm(first)
    cross = sqrtm(root @ second @ root).real
    delta = X.mean(axis=0) - Y.mean(axis=0)
    return delta @ delta + np.trace(first + second - 2 * cross)


def test_frechet_of_gaussians_is_the_textbook_formula():
    X, Y, _ = captioned(n=40)
    assert distributions.frechet(X, Y) == pytest.approx(slow_frechet(X, Y))
    assert distributions.frechet(X, X) == pytest.approx(0, abs=1e-12)
    # A moved copy is as far away as it was moved; a scaled one by the squared change of spread.
    moved = X + np.array([0.3, 0, 0, 0, 0.4])
    assert distributions.frechet(X, moved) == pytest.approx(0.25)
    centred = X - X.mean(axis=0)
    spread = np.trace(np.cov(X.T))
    assert distributions.frechet(centred, 3 * centred) == pytest.approx(4 * spread)


def test_the_influence_of_frechet_is_its_derivative():
    """Against the change when a row weighs a little more."""
    X, Y, _ = captioned(n=60)
    value, first, second = distributions.frechet(X, Y, influence=True)
    assert value == pytest.approx(distributions.frechet(X, Y))

    def repeated(rows, place, times=2000):
        """Everything ``times`` times over, and one row once more."""
        return np.concatenate([np.tile(rows, (times, 1)), rows[place : place + 1]])

    base = distributions.frechet(np.tile(X, (2000, 1)), np.tile(Y, (2000, 1)))
    for place in (0, 7):
        step = 1 / (2000 * len(X) + 1)
        change = distributions.frechet(repeated(X, place), np.tile(Y, (2000, 1))) - base
        assert change / step == pytest.approx(first[place] - first.mean(), rel=0.02, abs=0.01)
        step = 1 / (2000 * len(Y) + 1)
        change = distributions.frechet(np.tile(X, (2000, 1)), repeated(Y, place)) - base
        assert change / step == pytest.approx(second.mean() - second[place], rel=0.02, abs=0.01)


def draw_clouds(rng, n, gap=1.0, dim=8):
    """Pairs with a common part, other spreads and a gap along the first axis."""
    content = rng.standard_normal((n, dim))
    X = content * np.linspace(1, 0.2, dim) + 0.3 * rng.standard_normal((n, dim))
    Y = content * np.linspace(0.3, 1, dim) + 0.5 * rng.standard_normal((n, dim))
    return normalise(X + gap * np.eye(dim)[0]), normalise(Y)


def test_the_extrapolated_distance_and_its_interval_are_about_the_population():
    rng = np.random.default_rng(0)
    truth = distributions.frechet(*draw_clouds(rng, 200_000))
    values, covered = [], 0
    for seed in range(150):
        X, Y = draw_clouds(rng, 100)
        owner = np.arange(100)
        value, first, second = distributions.frechet(X, Y, influence=True)
        extrapolated = distributions.extrapolated_frechet(value, X, Y, owner, seed)
        influence = gap_influence(first[:, None], second[:, None], owner)[:, 0]
        low, high = inference.influence_interval(extrapolated, influence)
        values.append((value, extrapolated))
        covered += low <= truth <= high
    raw, extrapolated = np.mean(values, axis=0) - truth
    error = np.std(values, axis=0)[1] / np.sqrt(150)
    assert raw > 5 * error
    assert abs(extrapolated) < 3 * error
    # 95 % of 150 intervals: fewer than 131 with probability 0.0005.
    assert covered >= 131


def test_two_samples_of_one_cloud_are_no_distance_apart_on_average():
    rng = np.random.default_rng(1)
    values = []
    for seed in range(200):
        X, Y = (normalise(rng.standard_normal((80, 6)) + 1) for _ in range(2))
        value = distributions.frechet(X, Y)
        values.append((value, distributions.extrapolated_frechet(value, X, Y, None, seed)))
    raw, extrapolated = np.mean(values, axis=0)
    assert abs(extrapolated) < 0.1 * raw


def test_unpaired_influence_of_frechet_has_the_spread_of_repetitions():
    rng = np.random.default_rng(2)
    values, errors = [], []
    for _ in range(150):
        X, _ = draw_clouds(rng, 120)
        _, Y = draw_clouds(rng, 60)
        value, first, second = distributions.frechet(X, Y, influence=True)
        influence = unpaired_influence(first[:, None], second[:, None])[:, 0]
        values.append(value)
        errors.append(np.sqrt(influence @ influence / (180 * 179)))
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.2)


@pytest.mark.parametrize("block", [1, 4, 100])
def test_paired_mmd_equals_the_whole_matrix(block):
    X, Y, owner = captioned()
    n = len(X)

    def slow(X, Y, owner):
        n = len(X)
        mean = (owner == np.arange(n)[:, None]) / np.bincount(owner)[:, None]
        products = kernel(X, X) + mean @ kernel(Y, Y) @ mean.T
        across = kernel(X, Y) @ mean.T
        products -= across + across.T
        return products[~np.eye(n, dtype=bool)].mean()

    (value, left_out), p = distributions.paired_mmd(X, Y, owner, seed=0, block=block)
    assert value == pytest.approx(slow(X, Y, owner), abs=1e-6)
    for picture in (0, 5, n - 1):
        assert left_out[picture] == pytest.approx(slow(*without(X, Y, owner, picture)), abs=1e-6)
    assert p == distributions.paired_mmd(X, Y, owner, seed=0, block=7)[1]


@pytest.mark.parametrize("block", [3, 100])
def test_unpaired_mmd_equals_the_whole_matrix(block):
    X, Y, _ = captioned(n=15)

    def slow(X, Y):
        def within(rows):
            return kernel(rows, rows)[~np.eye(len(rows), dtype=bool)].mean()

        return within(X) + within(Y) - 2 * kernel(X, Y).mean()

    (value, first, second), p = distributions.unpaired_mmd(X, Y, seed=0, block=block)
    assert value == pytest.approx(slow(X, Y), abs=1e-6)
    assert first[3] == pytest.approx(slow(np.delete(X, 3, axis=0), Y), abs=1e-6)
    assert second[4] == pytest.approx(slow(X, np.delete(Y, 4, axis=0)), abs=1e-6)
    assert p == distributions.unpaired_mmd(X, Y, seed=0, block=4)[1]


def test_every_swap_of_a_few_pairs_is_a_relabelling():
    """The swapped values are those of data with pictures and texts of some pairs exchanged."""
    X, Y, _ = captioned(n=6)
    Y, owner = Y[:6], np.arange(6)
    signs = np.random.default_rng(3).integers(0, 2, size=(6, distributions.SWAPS + 1)) * 2 - 1
    signs[:, 0] = 1
    values = []
    for sign in signs.T:
        swapped = [np.where(sign[:, None] > 0, *rows) for rows in ((X, Y), (Y, X))]
        (value, _), _ = distributions.paired_mmd(*swapped, owner, seed=0, block=100)
        values.append(value)
    p = np.mean(np.array(values) >= values[0] - 1e-6)
    assert distributions.paired_mmd(X, Y, owner, seed=3, block=100)[1] == p


@pytest.mark.parametrize("paired", [True, False])
def test_p_values_hold_their_level_and_find_a_gap(paired):
    rng = np.random.default_rng(4)

    def p_value(gap, seed):
        X, Y = (normalise(rng.standard_normal((20, 3)) + 1) for _ in range(2))
        Y = normalise(X + 0.3 * Y + gap * np.eye(3)[0]) if paired and gap else Y
        Y = normalise(Y + gap * np.eye(3)[0])
        if paired:
            return distributions.paired_mmd(X, Y, np.arange(20), seed=seed, block=50)[1]
        return distributions.unpaired_mmd(X, Y, seed=seed, block=50)[1]

    values = np.array([p_value(0, seed) for seed in range(300)])
    # At most 5 % of 300: more than 27 with probability below 0.001.
    assert np.sum(values <= 0.05) <= 27
    assert np.mean(values) == pytest.approx(0.5, abs=0.07)
    assert max(p_value(2, seed) for seed in range(5)) <= 0.01


def test_nothing_varies():
    X = np.eye(3)[[0] * 12]
    (value, left_out), p = distributions.paired_mmd(X, X, np.arange(12), seed=0, block=5)
    assert (value, p) == (0, 1)
    assert not left_out.any()
    assert distributions.frechet(X, X) == 0
    share, influence = distributions.gap_share(np.zeros(3), np.zeros((12, 3)), 1)
    assert np.isnan(share)
    assert np.isnan(influence).all()


def test_the_share_of_the_largest_coordinates():
    vector = np.array([0.1, -3.0, 2.0, 0.0])
    influence = np.zeros((2, 4))
    assert distributions.gap_share(vector, influence, 1)[0] == pytest.approx(9 / 13.01)
    assert distributions.gap_share(vector, influence, 2)[0] == pytest.approx(13 / 13.01)
    assert distributions.gap_share(vector, influence, 9)[0] == pytest.approx(1)
    X, Y, owner = captioned(n=400)
    vector, influence = gap_vector(X, Y), gap_influence(X, Y, owner)
    share, on_share = distributions.gap_share(vector, influence, 2)
    step = 1e-6
    moved = distributions.gap_share(vector + step * influence[5], influence, 2)[0]
    assert (moved - share) / step == pytest.approx(on_share[5], rel=1e-3)


@pytest.mark.parametrize("dim", [2, 3, 50])
def test_random_rotations_share_as_the_sphere_does(dim):
    shares = distributions.rotated_shares(dim, 1, draws=20_000, seed=0)
    # The same from rotations of a fixed gap, by the QR decomposition of normal matrices.
    rng = np.random.default_rng(1)
    turned = [np.linalg.qr(rng.standard_normal((dim, dim)))[0][0] for _ in range(2000)]
    slow = (np.array(turned) ** 2).max(axis=1)
    assert np.quantile(shares, [0.1, 0.5, 0.9]) == pytest.approx(
        np.quantile(slow, [0.1, 0.5, 0.9]), rel=0.05
    )
    if dim == 2:
        # cos² of an angle uniform over [0, π/4] from the nearer axis: ½ + 1/π.
        assert shares.mean() == pytest.approx(0.5 + 1 / np.pi, abs=0.003)
    assert np.all(distributions.rotated_shares(dim, dim, draws=10, seed=0) > 1 - 1e-12)
