"""One look: the same figure gives the same bytes, temperatures read as fractions."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from modgap.report.drawing import (
    draw_pairs,
    fraction,
    hide_ticks,
    lighter,
    note,
    plt,
    save,
    sequence,
    use_style,
)


@pytest.fixture
def axes():
    use_style()
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def test_the_same_figure_gives_the_same_bytes(tmp_path):
    for name in ("one", "other"):
        use_style()
        figure, axes = plt.subplots(figsize=(2, 1))
        axes.plot([0, 1], [1, 0])
        save(figure, tmp_path / f"{name}.pdf", tmp_path / f"{name}.png", dpi=50)
    for ending in ("pdf", "png"):
        one, other = (tmp_path / f"{name}.{ending}" for name in ("one", "other"))
        assert one.read_bytes() == other.read_bytes()
    assert not plt.get_fignums()


def test_a_lighter_colour_lies_between_it_and_white():
    assert lighter("#000000", 0.0) == "#000000"
    assert lighter("#000000", 1.0) == "#ffffff"
    assert to_rgb(lighter("#804020")) > to_rgb("#804020")


def test_ordered_colours_get_darker():
    brightness = sequence(5)[:, :3] @ [0.299, 0.587, 0.114]
    assert (np.diff(brightness) < 0).all()


@pytest.mark.parametrize(
    ("value", "text"), [(0.02, "1/50"), (1 / 3, "1/3"), (1, "1"), (0.07, "0.07"), (2.5, "2.5")]
)
def test_temperatures_are_fractions_where_their_inverse_is_whole(value, text):
    assert fraction(value) == text


def test_every_pair_has_a_line_from_its_first_to_its_second_point(axes):
    first, second = np.eye(2), np.ones((2, 2))
    draw_pairs(axes, first, second, colours=("red", "blue"))
    links, *clouds = axes.collections
    np.testing.assert_array_equal(links.get_segments(), np.stack([first, second], axis=1))
    for cloud, points in zip(clouds, (first, second), strict=True):
        np.testing.assert_array_equal(cloud.get_offsets(), points)


def test_notes_and_axes_without_a_unit(axes):
    hide_ticks(axes)
    assert len(axes.get_xticks()) == len(axes.get_yticks()) == 0
    assert note(axes, "n = 7", x=0.5).get_position() == (0.5, 0.97)
