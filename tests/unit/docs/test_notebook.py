"""The notebook is committed as a person opens it: valid, and without outputs."""

import nbformat
import pytest

from testing.paths import ROOT

NOTEBOOK = nbformat.read(ROOT / "docs" / "notebook.ipynb", as_version=4)


def test_it_is_a_notebook() -> None:
    nbformat.validate(NOTEBOOK)


@pytest.mark.parametrize("cell", NOTEBOOK.cells, ids=lambda cell: str(cell.id))
def test_no_cell_has_an_output(cell: nbformat.NotebookNode) -> None:
    assert not cell.get("outputs")
    assert cell.get("execution_count") is None
