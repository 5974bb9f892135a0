"""Tables as lines of text, for a terminal."""


def align_columns(header, rows):
    """Lines of a table of texts whose columns stand below each other."""
    lines = [header, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
