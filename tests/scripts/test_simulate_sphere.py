"""simulate_sphere: the published six pairs, and random pairs with their spread."""

import json

import numpy as np
import pytest

import simulate_sphere
from modgap.errors import InputError
from modgap.tables import read_table

ARCS = {
    "n_pairs": 6,
    "spacings": [20, 15],
    "share": 0.3333,
    "temperatures": [1, "1/5", "1/35", "1/50", "1/100"],
    "step": 1,
}
RANDOM = {
    "n_pairs": [20],
    "dims": [3, 16],
    "shares": [0, 0.2],
    "temperature_range": [0.01, 1],
    "n_temperatures": 8,
    "n_draws": 4,
    "seed": 0,
}


def simulate(folder, **changes):
    outputs = [folder / f"{kind}.parquet" for kind in ("landscape", "minima", "bifurcation")]
    simulate_sphere.main(*outputs, **{"arcs": ARCS, "random": RANDOM, **changes})
    return [read_table(path) for path in outputs]


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    return simulate(tmp_path_factory.mktemp("sphere"))


def test_published_pairs(tables, shared):
    landscape, minima, _ = tables
    reference = json.loads(shared("reference/reference_published_features.json").read_text())
    for spacing in (20, 15):
        for pairs, share in (("mismatched", 0.3333), ("matched", 0)):
            expected = reference["deterministic_simulations"][f"six_pairs_spacing{spacing}_{pairs}"]
            for name, row in expected.items():
                tau = 1 / int(name.split("/")[1])
                chosen = f"spacing == {spacing} and share == {share} and tau == {tau}"
                curve = landscape.query(chosen).set_index("angle")["loss"]
                losses = curve[[90, 75, 60, 45, 30, 15, 0]]
                reference_losses = row["loss_at_dtheta_90_75_60_45_30_15_0"]
                np.testing.assert_allclose(losses, reference_losses, atol=1e-7)
                np.testing.assert_allclose(curve, curve[::-1], atol=1e-12)  # both halves alike
                found = minima.query(chosen).set_index("statistic")["value"]
                assert found["grid_angle"] == row["grid_min_dtheta"]
                assert found["grid_loss"] == pytest.approx(row["grid_min_loss"], abs=1e-7)
                assert found["loss"] == pytest.approx(row["refined_min_loss"], abs=1e-7)
                distance = row["centre_distance_at_refined_min"]
                assert found["distance"] == pytest.approx(distance, abs=1e-6)
                angle = row["refined_min_dtheta"]  # where it is 0, the search stopped at 2.2e-5
                assert found["angle"] == pytest.approx(angle, abs=2.2e-5)


def test_gap_closing_temperature_explains_the_two_spacings(tables):
    _, minima, _ = tables
    closing = minima[minima["statistic"] == "gap_closing_temperature"]
    closing = closing.set_index(["spacing", "share"])["value"]
    # At tau = 1/35 the gap stays open at 20 degrees and closes at 15.
    assert closing[20, 0.3333] > 1 / 35 > closing[15, 0.3333]
    assert closing[20, 0.0] == closing[15, 0.0] == 0


def test_random_pairs(tables):
    _, _, drawn = tables
    closing = drawn[drawn["statistic"] == "gap_closing_temperature"]
    assert len(closing) == 4
    assert (closing["low"] <= closing["value"]).all()
    assert (closing["value"] <= closing["high"]).all()
    assert (closing.loc[closing["share"] == 0, "high"] == 0).all()
    assert (closing.loc[closing["share"] == 0.2, "low"] > 0).all()
    angles = drawn[(drawn["statistic"] == "angle") & (drawn["share"] == 0.2)]
    for _, rows in angles.groupby("dim"):
        values = rows.sort_values("tau")["value"].to_numpy()
        assert (np.diff(values) <= 0).all()  # warmer, closer
        assert values[0] > 45
        assert values[-1] == 0
    limit = drawn[drawn["statistic"] == "gap_closing_temperature_orthogonal"]
    assert limit["value"].tolist() == [0, pytest.approx(1 / np.log(19 * 4))]


def test_the_same_numbers_again(tables, tmp_path):
    for one, other in zip(tables, simulate(tmp_path), strict=True):
        assert one.equals(other)


def test_a_share_of_one_pair_is_an_error(tmp_path):
    with pytest.raises(InputError, match="one pair, which has none to swap with"):
        simulate(tmp_path, random={**RANDOM, "shares": [0.05]})
