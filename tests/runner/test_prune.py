"""Old results are removed, what is served or used again stays, and a kill does no harm."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2

import local_runner
from client.backends.model_source import ModelFlags, find_model_source
from components.model_resolvers.last_pushed import highest_version
from dataset.settings import DataSettings
from pipeline import nodes
from runner import environment, local
from runner.run_request import RunRequest
from system import pushed_versions
from testing.models import quadrants
from testing.models.servables import quadrant_servable
from testing.paths import ROOT
from testing.pipeline import served_pipeline

State = metadata_store_pb2.Artifact


class Served:
    """A folder with a CSV, the toy's orders, a servable and an output."""

    def __init__(self, folder: Path, servable: Path) -> None:
        self.output = folder / "out"
        self.csv = folder / "train.csv"
        self.csv.write_text("image_path,bbox,labels\n", encoding="utf-8")
        self.servable = servable

    def run(self, *overrides: str, **told: Any) -> int:
        orders = {"servable": str(self.servable), **told}
        (self.csv.parent / "served.json").write_text(json.dumps(orders))
        return local.run(
            RunRequest(self.csv, output=self.output, preset="sample", overrides=overrides)
        )

    def prune(self, results: int, *flags: str) -> int:
        settings = ["--set", f"retain.results={results}"]
        return local_runner.main(["--output", str(self.output), "--prune", *settings, *flags])

    @property
    def record(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.output / "run.json").read_text("utf-8"))
        return document

    def ran(self) -> set[str]:
        """Returns the nodes that were not reused, but the resolver, which always looks."""
        nodes_run = {name for name, node in self.record["nodes"].items() if not node["cached"]}
        return nodes_run - {nodes.LAST_BLESSED}

    def folders(self, output: str) -> list[str]:
        """Returns the numbers of an output's folders, such as "Trainer/model"."""
        found = (self.output / "pipeline" / output).glob("*")
        return sorted((path.name for path in found), key=int)

    def versions(self) -> list[int]:
        return pushed_versions.version_numbers(self.output / "serving" / "pet_mood")

    def files(self) -> dict[str, int]:
        """Returns the size of every file, but of what each command writes anew."""
        return {
            str(path.relative_to(self.output)): path.stat().st_size
            for path in self.output.rglob("*")
            if path.is_file() and path.name not in (".lock", ".pet_mood.lock", "metadata.sqlite")
        }

    def states(self) -> dict[str, int]:
        """Returns the state of each artifact by its path."""
        config = metadata_store_pb2.ConnectionConfig()
        config.sqlite.filename_uri = str(self.output / "metadata.sqlite")
        return {
            str(Path(one.uri).relative_to(self.output)): one.state
            for one in MetadataStore(config).get_artifacts()
        }


@pytest.fixture(scope="module")
def servable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return quadrant_servable(tmp_path_factory, DataSettings().box_margin)


@pytest.fixture
def served(tmp_path: Path, servable: Path, monkeypatch: pytest.MonkeyPatch) -> Served:
    # What the Pusher tries on a version is tested elsewhere, and takes seconds.
    monkeypatch.setattr("components.pusher.warm_up.add", lambda version, name: None)
    monkeypatch.setattr("pipeline.pipeline.create_pipeline", served_pipeline.create_pipeline)
    return Served(tmp_path, servable)


def test_the_newest_results_stay_and_everything_still_works(
    served: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    for data in ("1", "2", "3", "4"):
        assert served.run(data=data) == 0
    assert len(served.versions()) == 4
    newest = max(served.versions())
    examples = served.folders("Data/examples")

    # A dry run tells and removes nothing.
    before, states = served.files(), served.states()
    capfd.readouterr()
    assert served.prune(1, "--dry-run") == 0
    told = capfd.readouterr().out
    assert (served.files(), served.states()) == (before, states)
    assert "6.0 kB  Examples              3\n" in told
    assert "pushed version        3\n" in told
    assert "would be removed; this is a dry run" in told

    assert served.prune(1) == 0
    assert served.folders("Data/examples") == examples[-1:]
    # The newest, and the one that it was compared with.
    assert len(served.folders("Trainer/model")) == 2
    assert served.versions() == [newest]
    assert State.MARKED_FOR_DELETION not in served.states().values()
    removed = [path for path, state in served.states().items() if state == State.DELETED]
    assert removed and not any((served.output / path).exists() for path in removed)
    assert served.prune(1, "--dry-run") == 0
    assert "0 B  in all                0  would be" in capfd.readouterr().out

    # The same run is reused, and what it has pushed answers.
    assert served.run(data="4") == 0
    assert served.ran() == set()
    assert Path(served.record["pushed"]).name == str(newest)
    assert f"pet_mood/{newest}" in (served.output / "report.html").read_text("utf-8")
    assert highest_version(str(served.output / "serving" / "pet_mood")) == newest
    model = find_model_source(ModelFlags(served.output / "serving" / "pet_mood")).load()
    (response,) = model.predict([quadrants.encoded(quadrants.red_at(2))], None)
    assert response.mood == quadrants.MOODS[2]

    # Removed results are made again, and a new model is compared with the newest.
    assert served.run(data="1") == 0
    assert served.ran() == {"Data", nodes.TRAINER, nodes.EVALUATOR, nodes.PUSHER}
    assert max(served.versions()) > newest


def test_what_a_new_model_is_compared_with_stays_however_old(served: Served) -> None:
    assert served.run(data="1") == 0
    (version,) = served.versions()
    blessed = served.folders("Trainer/model")
    for data in ("2", "3"):
        assert served.run(data=data, blessed=0) == 4
    assert served.prune(1) == 0
    assert served.versions() == [version]
    assert set(blessed) < set(served.folders("Trainer/model"))
    assert len(served.folders("Trainer/model")) == 2
    assert len(served.folders("Data/examples")) == 1

    assert served.run(data="4") == 0
    newest = served.folders("Evaluator/evaluation")[-1]
    metrics = served.output / "pipeline" / "Evaluator" / "evaluation" / newest / "metrics.json"
    notes = json.loads(metrics.read_text("utf-8"))["verdict"]["notes"]
    assert [note.split() for note in notes] == [["1", "1"]]


def test_a_result_counts_by_its_latest_use(served: Served) -> None:
    for data in ("1", "2", "1"):
        assert served.run(data=data) == 0
    first, second = served.versions()
    assert served.prune(1) == 0
    # The last run has used the first data; its version is kept beside the highest.
    assert served.versions() == [first, second]
    assert served.run(data="1") == 0
    assert served.ran() == set()


def test_a_run_prunes_once_it_has_pushed(served: Served, capfd: pytest.CaptureFixture[str]) -> None:
    assert served.run("retain.results=1", data="1") == 0
    assert served.run("retain.results=1", data="2") == 0
    assert len(served.folders("Data/examples")) == 1
    assert len(served.versions()) == 1
    assert "removed" in capfd.readouterr().out
    # A run that has pushed nothing removes nothing.
    assert served.run("retain.results=1", data="3", blessed=0) == 4
    assert len(served.folders("Data/examples")) == 2


def test_a_version_that_a_server_is_told_to_serve_stays(
    served: Served, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for data in ("1", "2", "3"):
        assert served.run(data=data) == 0
    first, _, third = served.versions()
    by_hand = served.output / "serving" / "pet_mood" / "5"
    by_hand.mkdir()
    config = tmp_path / "models.config"
    config.write_text(
        "model_config_list { config { name: 'pet_mood' model_version_policy { specific { "
        f"versions: {third} }} }} version_labels {{ key: 'stable' value: {first} }} }} }}"
    )
    pins = ("--set", f"retain.models_config={config}")
    assert served.prune(1, *pins) == 0
    assert served.versions() == [5, first, third]

    before = served.files()
    config.write_text("model_config_list { config {")
    assert served.prune(1, *pins) == 2
    assert "models.config, which names the versions that must stay" in capfd.readouterr().err
    assert served.run(f"retain.models_config={config}", "retain.results=1", data="9") == 2
    assert served.files().keys() >= before.keys()


def test_while_a_run_works_in_the_folder_nothing_is_removed(
    served: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    for data in ("1", "2"):
        assert served.run(data=data) == 0
    before = served.files()
    with environment.locked(served.output):
        assert served.prune(1) == 2
    assert "Another run is working in" in capfd.readouterr().err
    assert served.files() == before


def test_what_lies_elsewhere_stays(
    served: Served, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for data in ("1", "2"):
        assert served.run(data=data) == 0
    old, _ = served.folders("Data/examples")
    # A disk was full, and the user has moved the first data.
    inside, outside = served.output / "pipeline" / "Data" / "examples" / old, tmp_path / "elsewhere"
    inside.rename(outside)
    inside.symlink_to(outside)
    assert served.prune(1) == 0
    assert f"behind a link: {inside}" in capfd.readouterr().out
    assert (outside / "Split-train" / "shard").is_file()

    # A copy of the whole folder: ML Metadata knows the original's files.
    copy = tmp_path / "copy"
    shutil.copytree(served.output, copy, symlinks=True)
    files = served.files()
    flags = ("--set", "retain.results=1", "--set", "retain.leftover_days=0")
    assert local_runner.main(["--output", str(copy), "--prune", *flags]) == 0
    assert served.files() == files
    assert (copy / "pipeline" / "Data" / "examples").is_dir()
    assert len(list((copy / "pipeline" / "Trainer" / "model").iterdir())) == 2


KILLED = """
import os, signal, sys
from pathlib import Path
from runner.prune import lineage, removal
from system import files

number = int(sys.argv.pop(1))
real_remove, real_mark = files.remove, lineage.mark_removed

def tick():
    global number
    number -= 1
    if number == 0:
        os.kill(os.getpid(), signal.SIGKILL)

def remove(path):
    tick()
    for one in sorted(Path(path).rglob("*")):
        if one.is_file():
            one.unlink()
            break
    tick()
    real_remove(path)

def mark_removed(store, artifacts):
    tick()
    real_mark(store, artifacts)

removal.files.remove, removal.lineage.mark_removed = remove, mark_removed
import local_runner
sys.exit(local_runner.main(sys.argv[1:]))
"""


def test_a_killed_prune_is_finished_by_the_next(served: Served, tmp_path: Path) -> None:
    for data in ("1", "2", "3"):
        assert served.run(data=data) == 0
    backup = tmp_path / "backup"
    shutil.copytree(served.output, backup)

    def restored() -> None:
        shutil.rmtree(served.output)
        shutil.copytree(backup, served.output)

    assert served.prune(1) == 0
    pruned, states = served.files(), served.states()
    command = ["--output", str(served.output), "--prune", "--set", "retain.results=1"]
    # In the middle of the versions, of the results, and before the end is recorded.
    for number in (1, 4, 6, 21):
        restored()
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(number), *command],
            cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == -9, done.stderr
        if number == 6:  # What is half removed is used by nobody.
            assert served.run(data="3") == 0
            assert served.ran() == set()
            assert served.run(data="1", blessed=0) == 4
            assert "Data" in served.ran()
            continue
        assert served.prune(1) == 0
        assert served.files().keys() == pruned.keys()
        assert served.states() == states
