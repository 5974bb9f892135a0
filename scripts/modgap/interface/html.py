"""Small pieces of a notebook's page: everything escaped, readable on light and dark ground."""

from html import escape

CELL = "padding:2px 10px;text-align:left;border-bottom:1px solid rgba(128,128,128,.4)"


def show_table(header, rows):
    """A table; the first cell of a row is its name. The colours are the page's own."""
    body = show_row(header, "th") + "".join(show_row(cells, "td") for cells in rows)
    return f'<table style="border-collapse:collapse;color:inherit">{body}</table>'


def show_row(cells, kind):
    """A line of a table, whose first cell is a heading."""
    shown = (
        f'<{tag} style="{CELL}">{escape(str(cell))}</{tag}>'
        for cell, tag in zip(cells, ["th", *[kind] * (len(cells) - 1)], strict=True)
    )
    return f"<tr>{''.join(shown)}</tr>"


def show_page(line, *parts):
    """A line of text above other pieces, which are HTML already."""
    return f"<div><p><b>{escape(line)}</b></p>{''.join(parts)}</div>"


def show_picture(address, text):
    """A picture on white ground, and what it shows in words."""
    return (
        f'<img src="{escape(address)}" alt="{escape(text)}" '
        'style="background:#fff;max-width:100%;width:700px">'
    )
