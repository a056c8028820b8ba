"""The files, modules and pages that the documentation names exist."""

import ast
import re
from pathlib import Path

import pytest

from testing.paths import ROOT

PAGES = [
    *(ROOT / name for name in ("README.md", "README.ko.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
"""All but the changelog, which also names what was."""

PACKAGES = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))
FOLDERS = [*PACKAGES, "deploy", "docs", "tests"]

_PATH = re.compile(rf"(?<![\w./<-])(?:{'|'.join(FOLDERS)})/[\w./<>*-]*")
_MODULE = re.compile(rf"(?<![\w./-])(?:{'|'.join(PACKAGES)})(?:\.[A-Za-z_]\w*)+")
_FILE = re.compile(r"\.(?:html|json|md|yaml|config)$")
"""Files that begin with a package's name, such as report.html."""
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```\n", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_ANCHOR = re.compile(r'<a id="([^"]+)">')


GENERATED = {"deploy/serving/models.config", "deploy/serving/models.config.history.jsonl"}
"""Written by ``rollout.py`` and ignored by git."""
NO_MODULES = {
    *("system.Metrics", "system.ClassificationMetrics", "system.HTML"),
    "models.config.history.jsonl",
}
"""Kubeflow's types of artifacts and a generated file, whose names begin like our packages."""


def named(page: Path) -> str:
    """The page's name in a test's id."""
    return page.relative_to(ROOT).as_posix()


def paths_in(text: str) -> set[str]:
    """The paths of this project in a text.

    Patterns, a run's output folders and the folder of secrets, which Git ignores, are left out.
    """
    found = {path.rstrip(".") for path in _PATH.findall(text)}
    # A run writes pipeline/<Node>/…, and our package has no capitals.
    return {
        path
        for path in found
        if not re.search(r"[<*]|^pipeline/[A-Z]|^deploy/serving/secrets\b", path)
    }


def modules_in(text: str) -> set[str]:
    return {name for name in _MODULE.findall(text) if not _FILE.search(name)}


def names_of(module: Path) -> set[str]:
    """What a module defines at its top level."""
    names: set[str] = set()
    for node in ast.parse(module.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


def is_there(name: str) -> bool:
    """Whether a dotted name is a module of ours, what one defines, or a setting of a cluster."""
    path = ROOT / name.replace(".", "/")
    if path.with_suffix(".py").is_file() or (path / "__init__.py").is_file():
        return True
    owner, _, leaf = name.rpartition(".")
    module = (ROOT / owner.replace(".", "/")).with_suffix(".py")
    if module.is_file():
        return leaf in names_of(module)
    # "cluster" is a package and a group of settings.
    settings = (ROOT / "pipeline" / "cluster_settings.py").read_text("utf-8")
    return owner == "cluster" and re.search(rf"\b{leaf}: ", settings) is not None


def anchors_of(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them, and those that are set by hand."""
    text = page.read_text("utf-8")
    headings = _HEADING.findall(_FENCED.sub("", text))
    slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return slugs | set(_ANCHOR.findall(text))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_the_paths_on_a_page_exist(page: Path) -> None:
    missing = {path for path in paths_in(page.read_text("utf-8")) if not (ROOT / path).exists()}
    assert missing <= GENERATED


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_the_modules_on_a_page_exist(page: Path) -> None:
    missing = {name for name in modules_in(page.read_text("utf-8")) if not is_there(name)}
    assert missing <= NO_MODULES


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=named)
def test_the_links_on_a_page_lead_somewhere(page: Path) -> None:
    for link in _LINK.findall(_FENCED.sub("", page.read_text("utf-8"))):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors_of(target), link


def test_the_index_lists_every_page_once() -> None:
    index = ROOT / "docs" / "README.md"
    links = [link.partition("#")[0] for link in _LINK.findall(index.read_text("utf-8"))]
    listed = [link for link in links if not link.startswith("../")]
    pages = [page for page in (ROOT / "docs").rglob("*.md") if page != index]
    pages += (ROOT / "docs").glob("*.ipynb")
    assert sorted(listed) == sorted(page.relative_to(index.parent).as_posix() for page in pages)


def test_decisions_are_numbered_without_a_gap() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        assert page.read_text("utf-8").startswith(f"# {int(page.name[:4])}. ")


@pytest.mark.parametrize(
    ("text", "paths", "modules"),
    [
        ("`models/trainer.py`.", {"models/trainer.py"}, set()),
        ("`pipeline/PetExampleGen/rejects/*/rejects.csv`, `build/run/models/x`", set(), set()),
        ("`components/<name>/component.py`, a://b/docs/x", set(), set()),
        ("(docs/serving.md) report.html", {"docs/serving.md"}, set()),
        ("`dataset.boxes.view_of`, beam.runner.x", set(), {"dataset.boxes.view_of"}),
    ],
)
def test_what_is_taken_for_a_path_and_for_a_module(
    text: str, paths: set[str], modules: set[str]
) -> None:
    assert (paths_in(text), modules_in(text)) == (paths, modules)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dataset.boxes", True),
        ("components.evaluator", True),
        ("dataset.boxes.view_of", True),
        ("cluster.gpu_type", True),
        ("dataset.boxes.nothing", False),
        ("dataset.nothing", False),
        ("cluster.nothing", False),
    ],
)
def test_a_name_is_looked_up_in_the_source(name: str, expected: bool) -> None:
    assert is_there(name) is expected
