"""Every command on a page is run by a test, or taken by its program's parser, or said not to be.

Each line of every code block of every page must be in one of these:

* a command line of ours, which the program's own parser and settings take (``fault_of``);
* ``EXECUTED``, which names the test that runs it;
* ``NOT_RUN``, which says why it cannot be run here;
* ``NO_COMMANDS``, which says what else a block holds.

An entry of a table that no page needs any more is a fault, too.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from testing.pages.blocks import INDENTED, Block, blocks_of, commands_of, programs_of, spans_of
from testing.pages.programs import PROGRAMS, fault_of, setting_fault, unknown_flags
from testing.paths import ROOT

PAGES = [
    *(ROOT / name for name in ("README.md", "README.ko.md", "CONTRIBUTING.md", "SECURITY.md")),
    ROOT / "benchmarks" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]

_RUNS = "tests/runner"
_TRAIN = f"{_RUNS}/test_train_command.py::test_what_train_ends_with_can_be_asked"
EXECUTED = {
    "uv run python local_runner.py": f"{_RUNS}/test_whole_chain.py::"
    "test_a_run_ends_with_a_blessed_and_pushed_version",
    "uv run python local_runner.py --train-csv mypets/photos.csv": f"{_RUNS}/test_tutorial.py",
    "uv run python local_runner.py --output build/run --prune": f"{_RUNS}/test_prune.py",
    "uv run --extra export python local_runner.py": f"{_RUNS}/test_exports.py",
    "uv run python train.py": _TRAIN,
    "uv run python inference.py --weight_path build/run/best.keras": _TRAIN,
    "uv run python inference.py": "tests/unit/client/test_inference.py",
    "uv run --extra demo python demo.py": "tests/unit/webdemo/test_server.py",
    "uv run --extra gateway python serve.py": "tests/unit/gateway/test_program.py",
    "uv run python monitor.py drift": "tests/unit/monitoring/test_command.py",
    "uv run python rollout.py": "tests/unit/client/rollout/test_commands.py",
    "uv run python compare.py": "tests/unit/runner/comparing/test_command.py",
    "uv run python -m dataset.prepare": "tests/unit/dataset/aihub/test_command_line.py",
    "uv run python -m client.labelling": "tests/unit/client/labelling/test_round_trip.py",
    "python3 doctor.py": "tests/unit/runner/doctor/test_program.py",
    "uv run --extra kubeflow python kubeflow_runner.py": "tests/unit/cluster/test_command.py",
    "uv run python -m testing.pages.twenty_photos": f"{_RUNS}/test_tutorial.py",
    "uv run python -m testing.faults": "tests/unit/testing/faults/test_faults.py",
    "promtool test rules": "tests/unit/deploy/test_serving_config.py::"
    "test_the_alert_rules_pass_their_own_test",
    "openssl req -x509": "tests/unit/deploy/test_proxy.py::test_there_is_no_connection_without_tls",
}
"""Beginning of a command, and the test, or the file of tests, that runs it with other paths."""

GATE = "the gate runs it (.ci/run)"
ROOT_RIGHTS = "needs root rights"
NETWORK = "needs the network"
DOCKER = "needs Docker; the Dockerfile's steps are run by tests/unit/deploy/test_dockerfile.py"
KUBERNETES = "needs a cluster; the manifests are checked by tests/unit/deploy/"
CLOUD = "needs an account of Google Cloud"
CLIENT = "asks a server of the page; tests/unit/gateway asks the same addresses in the process"
FLINK = "needs Flink; tests/runner/test_real_engines.py runs it where Flink is"
SHELL = "a shell's own"
NOT_RUN = {
    "git clone": NETWORK,
    "cd": SHELL,
    "mkdir": SHELL,
    "printf": SHELL,
    "export": SHELL,
    "read": "asks at the keyboard",
    "curl": CLIENT,
    "openssl rand": SHELL,
    "docker": DOCKER,
    "kubectl": KUBERNETES,
    "gcloud": CLOUD,
    "npm": "tests/unit/deploy/test_browser_page.py opens what it builds; the gate installs it",
    "python -m http.server": "serves for ever",
    "python -m venv": NETWORK,
    "torchenv/bin/pip": NETWORK,
    "sudo": ROOT_RIGHTS,
    "./install.sh": "installs packages; it was run as docs/install.md says",
    "make sbom": "needs the network: uv asks the index",
    "uv export": "needs the network: uv asks the index",
    "uv run --with": "needs the network: a package that is not installed",
    "uv run pytest": GATE,
    "uv run ruff": GATE,
    "uv run mypy": GATE,
    "uv run lint-imports": GATE,
    "deploy/flink/flink.sh": FLINK,
    "uv run deploy/flink/flink.sh": FLINK,
    "nft": ROOT_RIGHTS,
}
"""Beginning of a command, and why no test runs it."""

NO_COMMANDS = {
    "docs/architecture.md": {"local_runner  train": "the layers"},
    "docs/engines.md": {
        "local_runner.py ──jobs──>": "a drawing",
        "--runner=PortableRunner": "Beam's options, which the settings make",
    },
    "docs/buckets.md": {"error: A task must": "output"},
    "docs/exports.md": {"build/sample/exports": "a folder"},
    "docs/kubeflow.md": {"FROM REGISTRY": "two lines of a Dockerfile"},
    "docs/metadata.md": {"CREATE DATABASE": "SQL, as testing/pipeline/mariadb.py sends it"},
    "docs/preprocessing.md": {"centre = (i": "a formula"},
    "docs/tutorial.md": {"mypets/photos/01.jpg": "files"},
    "CONTRIBUTING.md": {"code=code_version": "a line of pipeline/pipeline.py"},
    "README.md": {'{"mood": "행복/즐거움"': "an answer"},
    "README.ko.md": {'{"mood": "행복/즐거움"': "an answer"},
}
"""First words of blocks in pages, and what they are."""

DATA = {"json", "yaml", "text", "mermaid"}
"""Languages of blocks that nothing runs."""
_API, _SERVING = "tests/unit/client/test_api_page.py", "tests/unit/client/test_serving_page.py"
_NO_COMPILER = "not run: no compiler for it; the page says so"
PROGRAMS_ON_PAGES = {
    ("docs/api.md", "sh"): f"{_API}::test_an_example_prints_what_the_page_says",
    ("docs/api.md", "python"): f"{_API}::test_an_example_prints_what_the_page_says",
    ("docs/api.md", "js"): f"{_API}::test_an_example_prints_what_the_page_says",
    ("docs/api.md", "py"): f"{_API}::test_the_grpc_example_prints_the_same",
    ("docs/api.md", "kotlin"): _NO_COMPILER,
    ("docs/api.md", "swift"): _NO_COMPILER,
    ("docs/exports.md", "kotlin"): _NO_COMPILER,
    ("docs/exports.md", "swift"): _NO_COMPILER,
    ("docs/preprocessing.md", "kotlin"): _NO_COMPILER,
    ("docs/preprocessing.md", "swift"): _NO_COMPILER,
    ("docs/serving.md", "sh"): f"{_SERVING}::test_the_rest_example_returns_the_form_on_the_page",
    ("docs/serving.md", "python"): f"{_SERVING}::test_the_grpc_example_prints_what_the_page_says",
    ("CONTRIBUTING.md", "python"): "not run: lines of pages and settings, as they stand there",
}
"""Page and language of a fenced program, and its test, or why it has none."""


class Line(NamedTuple):
    """A command of a page."""

    block: Block
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.words)


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def about(block: Block) -> tuple[str, str] | None:
    """Returns the page and key of ``NO_COMMANDS`` that a block is under; None if it is not."""
    for page in (block.page, block.page.replace(".ko.md", ".md")):
        for key in NO_COMMANDS.get(page, {}):
            if block.first.startswith(key):
                return page, key
    return None


def lines_of(page: Path) -> Iterator[Line]:
    """Yields each program that an indented block of a page starts."""
    for block in blocks_of(page):
        if block.language != INDENTED or about(block):
            continue
        variables: dict[str, str] = {}
        for command in commands_of(block):
            for words in programs_of(command, variables):
                yield Line(block, tuple(words))


def key_of(table: dict[str, str], text: str) -> str | None:
    """Returns the longest beginning in a table that a command has; None if none."""
    found = [key for key in table if f"{text} ".startswith(f"{key} ")]
    return max(found, key=len, default=None)


def has_test(name: str) -> bool:
    """Returns whether a test, or a file of tests, exists."""
    path, _, function = name.partition("::")
    if not (ROOT / path).is_file():
        return False
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return not function or function in names


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_is_taken_by_its_program_or_is_in_a_table(page: Path) -> None:
    for line in lines_of(page):
        where = f"{line.block.page}:{line.block.line}: {line.text}"
        if key_of(NOT_RUN, line.text):
            continue
        try:
            fault = fault_of(line.words)
        except LookupError:
            assert key_of(EXECUTED, line.text), f"{where}: no table has it"
        else:
            assert fault is None, f"{where}: {fault}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_program_in_another_language_has_a_test_or_a_reason(page: Path) -> None:
    for block in blocks_of(page):
        key = (block.page.replace(".ko.md", ".md"), block.language)
        if block.language not in {INDENTED, *DATA}:
            assert key in PROGRAMS_ON_PAGES, f"{block.page}:{block.line}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_flags_and_settings_in_the_text_exist(page: Path) -> None:
    for span in spans_of(page):
        words = span.split()
        while words and words[0] in ("uv", "run", "python", "python3", "-m"):
            words = words[1:]
        if words and words[0] in PROGRAMS:
            assert unknown_flags(words) == [], span
        for text in [span, *words]:
            if re.fullmatch(r"[a-z]+\.[a-z_0-9]+=\S+", text):
                assert setting_fault(text) is None, span


def test_the_tables_have_no_entry_too_many() -> None:
    lines = [line.text for page in PAGES for line in lines_of(page)]
    used = {key_of(EXECUTED, line) for line in lines} | {key_of(NOT_RUN, line) for line in lines}
    assert {*EXECUTED, *NOT_RUN} - used == set()
    blocks = [block for page in PAGES for block in blocks_of(page)]
    told = {about(block) for block in blocks}
    assert {(page, key) for page in NO_COMMANDS for key in NO_COMMANDS[page]} - told == set()
    programs = {(block.page, block.language) for block in blocks}
    assert set(PROGRAMS_ON_PAGES) - programs == set()


def test_the_tests_that_the_tables_name_exist() -> None:
    names = [*EXECUTED.values(), *PROGRAMS_ON_PAGES.values()]
    assert [name for name in names if not name.startswith("not run") and not has_test(name)] == []
    gate = (ROOT / ".ci" / "run").read_text("utf-8")
    of_gate = [command for command, reason in NOT_RUN.items() if reason == GATE]
    assert [command for command in of_gate if command not in gate] == []
