"""Losses under shifts and their slopes: the published table, the slow formula, both paths."""

import json

import numpy as np
import pytest
from scipy.special import logsumexp

from modgap.errors import InputError
from modgap.shift import log_sums_cpu, moves
from modgap.shift.loss import gradient_terms, log_sums_float64, loss_terms
from modgap.statistics.geometry import normalise
from moved_pairs import move_rows

GRID = np.arange(-5, 5, 0.25)
SCALES = [100, 50, 30, 20, 10, 1]
FILES = [
    f"features_{name}{state}"
    for name in ("clip", "videoclip", "convirt", "clasp")
    for state in ("", "_random")
]


def draw(n, dim, seed=0, noise=0.7):
    rng = np.random.default_rng(seed)
    base, centres = rng.normal(size=(n, dim)), 0.9 * rng.normal(size=(2, dim))
    first = normalise(base + centres[0])
    second = normalise(base + noise * rng.normal(size=(n, dim)) + centres[1])
    return first, second, moves.gap_direction(first, second)[0]


def published(shared, name):
    reference = json.loads(shared("reference/reference_published_features.json").read_text())
    features = np.load(shared(f"data/published/{name}.npy"), allow_pickle=False)
    first, second = normalise(features[0]), normalise(features[1])
    u, _ = moves.gap_direction(first, second)
    return first, second, u, reference["files"][name]["landscape"]["by_temperature"]


def slow_terms(first, second, u, delta, scale, sides):
    x, y = move_rows(first, second, u, delta, sides)
    logits = scale * x @ y.T
    matched = np.diag(logits)
    return logsumexp(logits, axis=1) - matched, logsumexp(logits, axis=0) - matched


@pytest.mark.parametrize("sides", ["both", "first", "second"])
@pytest.mark.parametrize("exact", [True, False])
def test_terms_equal_the_plain_formula(sides, exact):
    first, second, u = draw(23, 8)
    deltas, temperatures = np.array([-5, -0.3, 0, 0.8, 5]), [0.01, 0.02, 0.07, 1]
    terms = loss_terms(
        first, second, u, deltas, temperatures, batch_size=10, sides=sides, exact=exact
    )
    assert terms.first_to_second.shape == (5, 4, 20)
    for d, delta in enumerate(deltas):
        for t, tau in enumerate(temperatures):
            for batch in (slice(0, 10), slice(10, 20)):
                rows, columns = slow_terms(first[batch], second[batch], u, delta, 1 / tau, sides)
                tolerance = 1e-11 if exact else 1e-4
                for side, expected in (("first_to_second", rows), ("second_to_first", columns)):
                    measured = terms.side(side)[d, t, batch]
                    np.testing.assert_allclose(measured, expected, atol=tolerance)
    both = (terms.first_to_second + terms.second_to_first) / 2
    np.testing.assert_array_equal(terms.side("both"), both)


@pytest.mark.parametrize("name", FILES)
def test_published_table(shared, name):
    first, second, u, reference = published(shared, name)
    temperatures = [entry["temperature"] for entry in reference.values()]
    whole = loss_terms(first, second, u, GRID, temperatures, batch_size=len(first))
    batches = loss_terms(first, second, u, GRID, temperatures, batch_size=50)
    for t, entry in enumerate(reference.values()):
        for side, key in (
            ("both", "symmetric"), ("first_to_second", "i2t"), ("second_to_first", "t2i")
        ):  # fmt: skip
            losses = whole.side(side).mean(axis=-1)[:, t]
            np.testing.assert_allclose(losses, entry[key], atol=1e-9)
        if "batch50_symmetric" in entry:
            losses = batches.side("both").mean(axis=-1)[:, t]
            np.testing.assert_allclose(losses, entry["batch50_symmetric"], atol=1e-9)
            losses = batches.first_to_second.mean(axis=-1)[:, t]
            np.testing.assert_allclose(losses, entry["batch50_i2t_as_authors_code"], atol=1e-9)


def test_printed_numbers(shared):
    first, second, u, _ = published(shared, "features_clip")
    terms = loss_terms(first, second, u, [0.0], [0.01], batch_size=50)
    assert terms.first_to_second.mean() == pytest.approx(0.52316491, abs=1e-8)
    terms = loss_terms(first, second, u, [-5.0, 0.0, 4.75], [0.01], batch_size=500)
    losses = terms.side("both").mean(axis=-1)[:, 0]
    np.testing.assert_allclose(losses, [4.7639538, 1.8008860, 3.8431998], atol=1e-7)


@pytest.mark.parametrize("name", FILES)
def test_float32_path_agrees_with_float64_on_published_files(shared, name):
    first, second, u, _ = published(shared, name)
    temperatures = [*(1 / scale for scale in SCALES), 0.07]
    options = {"batch_size": len(first)}
    exact = loss_terms(first, second, u, [*GRID, 5.0], temperatures, **options)
    fast = loss_terms(first, second, u, [*GRID, 5.0], temperatures, exact=False, **options)
    for side in ("first_to_second", "second_to_first"):
        difference = exact.side(side).mean(axis=-1) - fast.side(side).mean(axis=-1)
        assert np.abs(difference).max() < 1e-5


def test_float32_path_agrees_across_tiles():
    n = log_sums_cpu.TILE_COLUMNS + 150  # several tiles in both directions, the last ones partial
    first, second, u = draw(n, 32)
    temperatures = [0.01, 0.02, 0.07, 1]
    exact = loss_terms(first, second, u, [-5, 0, 5], temperatures, batch_size=n, exact=True)
    fast = loss_terms(first, second, u, [-5, 0, 5], temperatures, batch_size=n)
    for side in ("first_to_second", "second_to_first"):
        difference = exact.side(side).mean(axis=-1) - fast.side(side).mean(axis=-1)
        assert 0 < np.abs(difference).max() < 1e-5


def test_very_small_temperatures_stay_finite_and_right():
    first, second, u = draw(60, 6)
    for exact in (True, False):
        terms = loss_terms(
            first, second, u, [-5.0, 0, 5.0], [1e-4, 0.004], batch_size=60, exact=exact
        )
        for d, delta in enumerate([-5.0, 0, 5.0]):
            for t, scale in enumerate([1e4, 250]):
                rows, columns = slow_terms(first, second, u, delta, scale, "both")
                tolerance = (1e-12 if exact else 3e-7) * scale
                np.testing.assert_allclose(terms.first_to_second[d, t], rows, atol=tolerance)
                np.testing.assert_allclose(terms.second_to_first[d, t], columns, atol=tolerance)


def test_float64_sums_around_the_safe_scale_and_across_blocks(monkeypatch):
    rng = np.random.default_rng(0)
    products = rng.uniform(-1, 1, size=(2, 9, 9))
    products[0, 3] = -1  # an outlying row
    scales = np.array([1.0, 300.0, 301.0, 5000.0])
    plain = (np.zeros((2, 9)), np.ones((2, 9)))
    for entries in (2**17, 40):
        monkeypatch.setattr("modgap.shift.loss.BLOCK_ENTRIES", entries)
        by_row, by_column = log_sums_float64(products, plain, plain, scales)
        for t, scale in enumerate(scales):
            np.testing.assert_allclose(by_row[t], logsumexp(scale * products, axis=2))
            np.testing.assert_allclose(by_column[t], logsumexp(scale * products, axis=1))


def test_result_does_not_depend_on_the_number_of_threads():
    first, second, u = draw(700, 16)
    results = []
    for threads in (1, 2):
        log_sums_cpu.use_threads(threads)
        terms = loss_terms(first, second, u, GRID, [0.01, 1], batch_size=700, exact=False)
        results.append(terms.side("both"))
    np.testing.assert_array_equal(*results)


def test_cuda_without_a_gpu_is_one_line():
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    first, second, u = draw(20, 4)
    with pytest.raises(InputError, match=r"shift.device is cuda, but torch finds no GPU"):
        loss_terms(first, second, u, [0.0], [1], batch_size=20, device="cuda", exact=False)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"temperatures": [0.01, 0]}, "temperature 0: must be above 0"),
        ({"temperatures": [-1]}, "temperature -1: must be above 0"),
        ({"temperatures": [np.nan]}, "temperature nan: must be above 0"),
        ({"deltas": [0.5, 0]}, "not increasing: 0 follows 0.5"),
        ({"batch_size": 21}, "batch of 21 is larger than the 20 pairs"),
        ({"batch_size": 1}, "batch of 1 has no negatives"),
    ],
)
def test_bad_input_is_one_clear_line(change, words):
    first, second, u = draw(20, 4)
    options = {"deltas": [0.0], "temperatures": [1], "batch_size": 20, **change}
    with pytest.raises(InputError, match=words) as caught:
        loss_terms(first, second, u, options.pop("deltas"), options.pop("temperatures"), **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("sides", ["both", "first", "second"])
@pytest.mark.parametrize("batch_size", [20, 61])
def test_gradient_equals_finite_differences(sides, batch_size):
    rng = np.random.default_rng(5)
    first = normalise(rng.normal(size=(61, 7)) + 0.5)
    second = normalise(rng.normal(size=(61, 7)) - 0.4)
    u, _ = moves.gap_direction(first, second)
    temperatures, step = [0.02, 0.3, 1], 1e-5
    repulsion, attraction = gradient_terms(
        first, second, u, temperatures, batch_size=batch_size, sides=sides
    )
    terms = loss_terms(
        first, second, u, [-step, step], temperatures, batch_size=batch_size, sides=sides
    )
    for side in ("first_to_second", "second_to_first", "both"):
        values = terms.side(side)
        expected = (values[1] - values[0]) / (2 * step)
        measured = repulsion.side(side) + attraction.side(side)
        np.testing.assert_allclose(measured, expected, atol=1e-6, rtol=1e-6)


def test_gradient_in_blocks(monkeypatch):
    rng = np.random.default_rng(6)
    first, second = normalise(rng.normal(size=(2, 50, 5)) + 0.2)
    second = normalise(second - 0.6)
    u, _ = moves.gap_direction(first, second)
    whole = gradient_terms(first, second, u, [0.1], batch_size=50)
    monkeypatch.setattr("modgap.shift.loss.GRADIENT_ROWS", 7)
    blocks = gradient_terms(first, second, u, [0.1], batch_size=50)
    for part, other in zip(whole, blocks, strict=True):
        np.testing.assert_allclose(part.side("both"), other.side("both"))


def test_sign_of_the_gradient_on_published_clip(shared):
    # The symmetric minimum lies at a smaller gap for every temperature above 1/100.
    first, second, u, _ = published(shared, "features_clip")
    temperatures = [0.02, 0.05, 1]
    repulsion, attraction = gradient_terms(first, second, u, temperatures, batch_size=500)
    slope = (repulsion.side("both") + attraction.side("both")).mean(axis=-1)
    assert (slope < 0).all()
    assert (attraction.side("both").mean(axis=-1) < 0).all()
    assert (repulsion.side("both").mean(axis=-1) > 0).all()
