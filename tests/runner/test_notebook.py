"""docs/notebook.ipynb, executed in a kernel of its own on a run that has pushed a model."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from testing.paths import ROOT
from testing.pipeline.runs import Run


def text_of(cell: nbformat.NotebookNode) -> str:
    """The text of a cell's result."""
    return "".join(
        output["data"]["text/plain"]
        for output in cell.outputs
        if output.output_type == "execute_result"
    )


def test_the_notebook_runs_and_shows_the_runs_own_figures(
    pushed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PET_MOOD_RUN", str(pushed.output))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("MPLBACKEND", "agg")
    notebook = nbformat.read(ROOT / "docs" / "notebook.ipynb", as_version=4)
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": ROOT / "docs"}},
    )
    client.execute()
    shown = {cell.id: text_of(cell) for cell in notebook.cells if cell.cell_type == "code"}
    assert pushed.record["pushed"] is not None
    assert f"'pushed': '{pushed.record['pushed']}'" in shown["open"]
    # pandas leaves out a last digit that is 0 in the whole column.
    assert f"{pushed.record['metrics']['model']['macro_f1']:.5f}" in shown["scores"]
    # The first row of the eval CSV is red, which is anger.
    assert "'status': 'ok', 'mood': '화남/불쾌'" in " ".join(shown["photo"].split())
    assert shown["threshold"].splitlines()[1].split()[:3] == ["0", "0.00", "1.000000"]
    assert all(shown.values())
