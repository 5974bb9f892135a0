"""Run the cells of docs/quickstart.ipynb and store what they show.

    .venv/bin/python docs/update_quickstart.py

The kernel of a notebook is not needed: cells run one after the other in this process, and the value
of their last line is shown as a notebook would show it.
"""

import ast
import base64
import contextlib
import io
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_output

NOTEBOOK = Path(__file__).with_name("quickstart.ipynb")


def run_cell(source, names):
    """Run the code of a cell in the namespace ``names``; give its outputs."""
    tree = ast.parse(source)
    shown = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(tree, "<cell>", "exec"), names)
        value = (
            eval(compile(ast.Expression(shown.value), "<cell>", "eval"), names) if shown else None
        )
    outputs = []
    if printed.getvalue():
        outputs.append(new_output("stream", name="stdout", text=printed.getvalue()))
    if value is not None:
        outputs.append(new_output("execute_result", data=show_value(value)))
    return outputs


def show_value(value):
    """What a notebook keeps of a value, by MIME type."""
    data = {"text/plain": repr(value)}
    if hasattr(value, "_repr_png_"):
        picture, _ = value._repr_png_()
        data["image/png"] = base64.b64encode(picture).decode()
        data["text/plain"] = f"<{type(value).__name__}>"
    elif hasattr(value, "_repr_html_"):
        data["text/html"] = value._repr_html_()
    return data


def run_notebook(notebook):
    """Put the outputs of every code cell in their places; give the notebook back."""
    names, count = {}, 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        count += 1
        cell.outputs, cell.execution_count = run_cell(cell.source, names), count
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count
    return notebook


if __name__ == "__main__":
    sys.path.insert(0, str(NOTEBOOK.parents[1] / "scripts"))
    notebook = run_notebook(nbformat.read(NOTEBOOK, as_version=4))
    nbformat.validate(notebook)
    nbformat.write(notebook, NOTEBOOK)
