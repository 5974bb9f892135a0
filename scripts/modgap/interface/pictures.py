"""Figures of the library: drawn as the workflow draws them, leaving pyplot's state alone."""

import base64
import io

from matplotlib import rc_context
from matplotlib.figure import Figure

from modgap.report.drawing import STYLE, write_plainly

DOTS = 150  # per inch, of what a notebook shows


class Picture(Figure):
    """A matplotlib Figure that a notebook shows, once, and pyplot does not know of."""

    def _repr_png_(self):
        with io.BytesIO() as stream:
            self.savefig(stream, format="png", dpi=DOTS, metadata={"Software": None})
            width, height = (round(100 * inches) for inches in self.get_size_inches())
            return stream.getvalue(), {"width": width, "height": height}


def frame_picture(draw, *, constrained=True):
    """The figure that ``draw(create=...)`` makes, in the workflow's style.

    constrained : whether the places of its panels are found for it.
    """
    with rc_context(STYLE | {"figure.constrained_layout.use": constrained}):
        figure = draw(create=Picture)
        write_plainly(figure)
        # Marks at the axes take their style when they are first drawn.
        figure.draw_without_rendering()
    return figure


def embed_picture(figure):
    """A figure as an address that a page carries in itself."""
    content, _ = figure._repr_png_()
    return "data:image/png;base64," + base64.b64encode(content).decode()
