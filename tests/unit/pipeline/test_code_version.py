"""The cache key of our own code follows the imports."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grimp
import pytest

from pipeline import code_version, config, nodes, pipeline
from pipeline.run_inputs import RunInputs
from pipeline.stages import data, delivery, judging, learning
from schemas.labels import DEFAULT_MOODS

ROOT = code_version.ROOT
OURS = ("schemas", "system", "dataset", "components", "models")
"""What nodes run: the packages from ``components`` down."""
FUNCTIONS = ("run_fn", "tuner_fn", "preprocessing_fn")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> RunInputs:
    folder = tmp_path_factory.mktemp("data")
    (folder / "a.jpg").write_bytes(b"")
    for name, columns, row in (
        ("train.csv", "image_path,bbox,labels", 'a.jpg,"1,2,30,40",공포'),
        ("new.csv", "image_path,bbox", 'a.jpg,"1,2,30,40"'),
    ):
        (folder / name).write_text(f"{columns}\n{row}\n", "utf-8")
    return RunInputs(
        folder / "train.csv", None, None, DEFAULT_MOODS, folder / "out", folder / "new.csv"
    )


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of our source, which the versions are of."""
    for package in OURS:
        shutil.copytree(ROOT / package, tmp_path / package)
    monkeypatch.setattr(code_version, "ROOT", tmp_path)
    yield tmp_path


def graph_nodes(inputs: RunInputs) -> dict[str, Any]:
    settings = config.load(
        "default", None, ["tune.trials=2", "export.formats=onnx", "locate.enabled=true"]
    )
    return {node.id: node for node in pipeline.create_pipeline(settings, inputs).components}


def entry_points(inputs: RunInputs, monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """Returns the modules that each node's version is made of; none where it has no version."""
    for stage in (data, learning, judging, delivery):
        monkeypatch.setattr(stage, "code_version", lambda *modules: f"<<{' '.join(modules)}>>")
    found = {}
    for name, node in graph_nodes(inputs).items():
        text = json.dumps({k: str(v) for k, v in node.exec_properties.items()})
        _, _, rest = text.partition("<<")
        found[name] = set(rest.partition(">>")[0].split())
    return found


def versions(inputs: RunInputs) -> dict[str, str]:
    return {
        name: json.dumps({k: str(v) for k, v in node.exec_properties.items()}, sort_keys=True)
        for name, node in graph_nodes(inputs).items()
    }


def test_every_node_that_runs_our_code_has_its_version_in_the_cache_key(
    inputs: RunInputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = entry_points(inputs, monkeypatch)
    for name, node in graph_nodes(inputs).items():
        runs = {
            str(node.exec_properties[key]).rpartition(".")[0]
            for key in FUNCTIONS
            if node.exec_properties.get(key)
        }
        executor = getattr(node.executor_spec, "executor_class", None)
        if executor is not None and executor.__module__.partition(".")[0] in OURS:
            runs.add(executor.__module__)
        assert runs <= known[name], name


def test_the_version_is_of_every_module_that_is_imported_and_of_no_other(
    inputs: RunInputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = grimp.build_graph(*OURS, cache_dir=None)
    for name, modules in entry_points(inputs, monkeypatch).items():
        wanted = set(modules).union(*(graph.find_upstream_modules(one) for one in modules))
        hashed = {
            ".".join(path.relative_to(ROOT).with_suffix("").parts)
            for path in code_version.sources(*modules)
            if path.name != "__init__.py"
        }
        assert hashed == {one for one in wanted if not (ROOT / one.replace(".", "/")).is_dir()}, (
            name
        )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "run_again"),
    [
        (
            "system/parquet.py",
            {
                *(nodes.EXAMPLE_GEN, nodes.UNLABELLED_GEN, nodes.LEAK_CHECK, nodes.EVALUATOR),
                nodes.EXPORTER,  # It asks a locator about scenes that it finds there.
                # Both find their records in the frames tables.
                *(nodes.TUNER, nodes.TRAINER, nodes.LOCATOR),
            },
        ),
        ("components/findings.py", {nodes.LEAK_CHECK, nodes.BOX_VALIDATOR, nodes.DATA_GATE}),
        ("components/servable_check/probe.py", {nodes.SERVABLE_CHECK}),
        ("components/pusher/versions.py", {nodes.PUSHER}),
        (
            "models/network/classifier.py",
            {nodes.TUNER, nodes.TRAINER, nodes.LOCATOR, nodes.EXPORTER},
        ),
        ("models/exporting/gate.py", {nodes.EXPORTER}),
        ("models/tuning/random_search.py", {nodes.TUNER}),
        ("dataset/sample/writer.py", set()),
    ],
)
def test_a_change_runs_the_nodes_that_use_it_again_and_no_others(
    changed: str, run_again: set[str], inputs: RunInputs, tree: Path
) -> None:
    before = versions(inputs)
    with (tree / changed).open("a") as file:
        file.write("# A change.\n")
    after = versions(inputs)
    assert {name for name in before if after[name] != before[name]} == run_again


def test_a_module_in_a_sub_folder_and_an_import_inside_a_function_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name, text in (
        ("a/__init__.py", ""),
        ("a/b/__init__.py", ""),
        (
            "a/entry.py",
            "import json\n\ndef f():\n    from a.b import deep\n    return deep, json\n",
        ),
        ("a/b/deep.py", "x = 1\n"),
        ("a/other.py", "x = 1\n"),
    ):
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(code_version, "ROOT", tmp_path)
    first = code_version.code_version("a.entry")
    (tmp_path / "a/other.py").write_text("x = 2\n")
    assert code_version.code_version("a.entry") == first
    (tmp_path / "a/b/deep.py").write_text("x = 2\n")
    assert code_version.code_version("a.entry") != first


def test_an_entry_point_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ImportError):
        code_version.code_version("models.nothing")


def test_a_changed_schema_has_another_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    schema = tmp_path / "schema.pbtxt"
    schema.write_text("one")
    monkeypatch.setattr(code_version, "SCHEMA_FILE", schema)
    first = code_version.versioned_schema(tmp_path / "out")
    assert first.read_text() == "one"
    assert code_version.versioned_schema(tmp_path / "out") == first
    schema.write_text("two")
    assert code_version.versioned_schema(tmp_path / "out") != first
