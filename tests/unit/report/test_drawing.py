"""One look: the same figure gives the same bytes, temperatures read as fractions."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from modgap.report.drawing import (
    draw_pairs,
    fraction,
    hide_ticks,
    lighter,
    modality_colours,
    modality_marks,
    note,
    plain_text,
    plt,
    save,
    save_pages,
    sequence,
    split_pages,
    use_style,
    write_plainly,
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


def test_every_page_is_a_picture_and_all_are_one_pdf(tmp_path):
    def draw():
        for height in (1, 2, 3):
            assert not plt.get_fignums()  # one at a time
            yield plt.figure(figsize=(2, height))

    pngs = [tmp_path / f"{number}.png" for number in range(3)]
    save_pages(draw(), tmp_path / "all.pdf", pngs, dpi=50)
    assert [plt.imread(png).shape[0] for png in pngs] == [50, 100, 150]
    assert (tmp_path / "all.pdf").read_bytes().count(b"/Type /Page ") == 3


def test_a_page_more_or_less_than_planned_leaves_no_pdf(tmp_path):
    for planned in (["a.png"], ["a.png", "b.png", "c.png"]):
        figures = [plt.figure(figsize=(1, 1)) for _ in range(2)]
        with pytest.raises(ValueError, match="zip"):
            save_pages(figures, tmp_path / "all.pdf", [tmp_path / name for name in planned], dpi=50)
    assert not (tmp_path / "all.pdf").exists()
    plt.close("all")


def test_rows_are_split_in_order():
    assert split_pages([1, 2, 3, 4, 5], 2) == [[1, 2], [3, 4], [5]]
    assert split_pages([1, 2], 2) == [[1, 2]]
    assert split_pages([], 2) == [[]]


def pairs(*names):
    return [{"modalities": list(pair)} for pair in names]


@pytest.mark.parametrize(
    ("rows", "colours"),
    [
        (pairs(("images", "texts")), {"images": "red", "texts": "blue"}),
        (pairs(("text", "image")), {"text": "blue", "image": "red"}),
        (pairs(("x-ray", "protein")), {"x-ray": "red", "protein": "blue"}),
        (pairs(("audio", "text")), {"audio": "red", "text": "blue"}),
        (
            pairs(("image", "text"), ("image", "audio"), ("audio", "text"), ("first", "second")),
            {"image": "red", "text": "blue", "audio": "#009E73", "first": "red", "second": "blue"},
        ),
    ],
)
def test_a_modality_has_one_colour_in_all_rows(rows, colours):
    assert modality_colours(rows, "red", "blue") == colours


def test_further_modalities_do_not_take_the_configured_colours():
    rows = pairs(("image", "text"), ("audio", "depth"))
    colours = modality_colours(rows, "#009E73", "#CC79A7")
    assert len(set(colours.values())) == 4


def test_a_legend_names_the_modalities_of_its_page():
    rows = pairs(("image", "text"), ("image", "audio"), ("first", "second"))
    colours = modality_colours(rows, "red", "blue")
    marks = {mark.get_label(): mark.get_color() for mark in modality_marks(rows[1:], colours)}
    assert marks == {
        "image": "red",
        "audio": colours["audio"],
        "first modality": "red",
        "second modality": "blue",
    }


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


ODD = r"cost $\foo$ \$5 {x}"


def test_text_of_users_is_shown_letter_by_letter(tmp_path):
    """Every place where a label can stand, in front of a formula that matplotlib cannot parse."""
    use_style()
    figure, (left, right) = plt.subplots(1, 2)
    left.plot([1, 10, 100], [1, 2, 3], label=ODD)
    left.legend(title=ODD)
    left.set(xscale="log", xlabel=ODD, ylabel=ODD)
    left.set_title(ODD)
    left.set_yticks([1, 2], [ODD, "y"])
    right.text(0.5, 0.5, ODD)
    right.annotate(ODD, (0.1, 0.1))
    figure.suptitle(ODD)
    save(figure, tmp_path / "a.pdf", tmp_path / "a.png", dpi=50)
    shown = [text for text in figure.findobj(Text) if "foo" in text.get_text()]
    assert len(shown) >= 9
    for text in shown:
        assert text.get_text() == plain_text(ODD)
        assert text._preprocess_math(text.get_text()) == (ODD, False)
    # The powers of ten are still set as powers.
    assert any(r"\mathdefault{10^{1}}" in text.get_text() for text in left.get_xticklabels())


def test_labels_of_shared_axes_are_shown_as_they_are(tmp_path):
    figure, (left, right) = plt.subplots(1, 2, sharey=True)
    right.set_yticks([0, 1], ["a $5", "b"])
    save(figure, tmp_path / "a.pdf", tmp_path / "a.png", dpi=50)
    assert [text.get_text() for text in left.get_yticklabels()] == [r"a \$5", "b"]


def test_text_without_a_dollar_is_as_it_was():
    assert plain_text("τ = 1/100") == "τ = 1/100"
    figure, axes = plt.subplots()
    axes.set_title("gap")
    before = axes.xaxis.get_major_formatter()
    write_plainly(figure)
    assert axes.get_title() == "gap"
    assert axes.xaxis.get_major_formatter() is before
    plt.close(figure)
