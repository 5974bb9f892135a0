"""Pictures are the workflow's, and nobody's settings of matplotlib change."""

import matplotlib.pyplot as plt
from matplotlib import rcParams
from matplotlib.figure import Figure

from modgap.interface.pictures import embed_picture, frame_picture


def draw(create):
    figure = create(figsize=(2, 1))
    figure.add_subplot().set_title("cost $\\foo$")
    return figure


def test_a_notebook_gets_one_png_and_pyplot_none():
    others = plt.get_fignums()  # those that other tests left open
    before = dict(rcParams)
    figure = frame_picture(draw)
    assert isinstance(figure, Figure)
    content, size = figure._repr_png_()
    assert content.startswith(b"\x89PNG")
    assert size == {"width": 200, "height": 100}
    assert dict(rcParams) == before
    assert plt.get_fignums() == others
    assert figure.axes[0].title.get_fontsize() == 7.5  # the workflow's
    assert embed_picture(figure).startswith("data:image/png;base64,iVBOR")
