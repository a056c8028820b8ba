"""Old results are removed, and what is served or used again stays."""

import json
import shutil
from pathlib import Path

import pytest
from ml_metadata.proto import metadata_store_pb2

import local_runner
from client.backends.model_source import ModelFlags, find_model_source
from components.model_resolvers.last_pushed import highest_version
from pipeline import nodes
from runner import environment
from testing.models import quadrants
from testing.pipeline.served_runs import Served

State = metadata_store_pb2.Artifact


def test_the_newest_results_stay_and_everything_still_works(
    prunable: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    for data in ("1", "2", "3", "4"):
        assert prunable.run(data=data) == 0
    assert len(prunable.versions()) == 4
    newest = max(prunable.versions())
    examples = prunable.folders("Data/examples")

    # A dry run tells and removes nothing.
    before, states = prunable.files(), prunable.states()
    capfd.readouterr()
    assert prunable.prune(1, "--dry-run") == 0
    told = capfd.readouterr().out
    assert (prunable.files(), prunable.states()) == (before, states)
    assert "6.0 kB  Examples              3\n" in told
    assert "pushed version        3\n" in told
    assert "would be removed; this is a dry run" in told

    assert prunable.prune(1) == 0
    assert prunable.folders("Data/examples") == examples[-1:]
    # The newest, and the one that it was compared with.
    assert len(prunable.folders("Trainer/model")) == 2
    assert prunable.versions() == [newest]
    assert State.MARKED_FOR_DELETION not in prunable.states().values()
    removed = [path for path, state in prunable.states().items() if state == State.DELETED]
    assert removed and not any((prunable.output / path).exists() for path in removed)
    assert prunable.prune(1, "--dry-run") == 0
    assert "0 B  in all                0  would be" in capfd.readouterr().out

    # The same run is reused, and what it has pushed answers.
    assert prunable.run(data="4") == 0
    assert prunable.ran() == set()
    assert Path(prunable.record["pushed"]).name == str(newest)
    assert f"pet_mood/{newest}" in (prunable.output / "report.html").read_text("utf-8")
    assert highest_version(str(prunable.output / "serving" / "pet_mood")) == newest
    model = find_model_source(ModelFlags(prunable.output / "serving" / "pet_mood")).load()
    (response,) = model.predict([quadrants.encoded(quadrants.red_at(2))], None)
    assert response.mood == quadrants.MOODS[2]

    # Removed results are made again, and a new model is compared with the newest.
    assert prunable.run(data="1") == 0
    assert prunable.ran() == {"Data", nodes.TRAINER, nodes.EVALUATOR, nodes.PUSHER}
    assert max(prunable.versions()) > newest


def test_what_a_new_model_is_compared_with_stays_however_old(prunable: Served) -> None:
    assert prunable.run(data="1") == 0
    (version,) = prunable.versions()
    blessed = prunable.folders("Trainer/model")
    for data in ("2", "3"):
        assert prunable.run(data=data, blessed=0) == 4
    assert prunable.prune(1) == 0
    assert prunable.versions() == [version]
    assert set(blessed) < set(prunable.folders("Trainer/model"))
    assert len(prunable.folders("Trainer/model")) == 2
    assert len(prunable.folders("Data/examples")) == 1

    assert prunable.run(data="4") == 0
    newest = prunable.folders("Evaluator/evaluation")[-1]
    metrics = prunable.output / "pipeline" / "Evaluator" / "evaluation" / newest / "metrics.json"
    notes = json.loads(metrics.read_text("utf-8"))["verdict"]["notes"]
    assert [note.split() for note in notes] == [["1", "1"]]


def test_a_result_counts_by_its_latest_use(prunable: Served) -> None:
    for data in ("1", "2", "1"):
        assert prunable.run(data=data) == 0
    first, second = prunable.versions()
    assert prunable.prune(1) == 0
    # The last run has used the first data; its version is kept beside the highest.
    assert prunable.versions() == [first, second]
    assert prunable.run(data="1") == 0
    assert prunable.ran() == set()


def test_a_run_prunes_once_it_has_pushed(
    prunable: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    assert prunable.run("retain.results=1", data="1") == 0
    assert prunable.run("retain.results=1", data="2") == 0
    assert len(prunable.folders("Data/examples")) == 1
    assert len(prunable.versions()) == 1
    assert "removed" in capfd.readouterr().out
    # A run that has pushed nothing removes nothing.
    assert prunable.run("retain.results=1", data="3", blessed=0) == 4
    assert len(prunable.folders("Data/examples")) == 2


def test_a_version_that_a_server_is_told_to_serve_stays(
    prunable: Served, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for data in ("1", "2", "3"):
        assert prunable.run(data=data) == 0
    first, _, third = prunable.versions()
    by_hand = prunable.output / "serving" / "pet_mood" / "5"
    by_hand.mkdir()
    config = tmp_path / "models.config"
    config.write_text(
        "model_config_list { config { name: 'pet_mood' model_version_policy { specific { "
        f"versions: {third} }} }} version_labels {{ key: 'stable' value: {first} }} }} }}"
    )
    pins = ("--set", f"retain.models_config={config}")
    assert prunable.prune(1, *pins) == 0
    assert prunable.versions() == [5, first, third]

    before = prunable.files()
    config.write_text("model_config_list { config {")
    assert prunable.prune(1, *pins) == 2
    assert "models.config, which names the versions that must stay" in capfd.readouterr().err
    assert prunable.run(f"retain.models_config={config}", "retain.results=1", data="9") == 2
    assert prunable.files().keys() >= before.keys()


def test_while_a_run_works_in_the_folder_nothing_is_removed(
    prunable: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    for data in ("1", "2"):
        assert prunable.run(data=data) == 0
    before = prunable.files()
    with environment.locked(prunable.output):
        assert prunable.prune(1) == 2
    assert "Another run is working in" in capfd.readouterr().err
    assert prunable.files() == before


def test_what_lies_elsewhere_stays(
    prunable: Served, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for data in ("1", "2"):
        assert prunable.run(data=data) == 0
    old, _ = prunable.folders("Data/examples")
    # A disk was full, and the user has moved the first data.
    inside, outside = (
        prunable.output / "pipeline" / "Data" / "examples" / old,
        tmp_path / "elsewhere",
    )
    inside.rename(outside)
    inside.symlink_to(outside)
    assert prunable.prune(1) == 0
    assert f"behind a link: {inside}" in capfd.readouterr().out
    assert (outside / "Split-train" / "shard").is_file()

    # A copy of the whole folder: ML Metadata knows the original's files.
    copy = tmp_path / "copy"
    shutil.copytree(prunable.output, copy, symlinks=True)
    files = prunable.files()
    flags = ("--set", "retain.results=1", "--set", "retain.leftover_days=0")
    assert local_runner.main(["--output", str(copy), "--prune", *flags]) == 0
    assert prunable.files() == files
    assert (copy / "pipeline" / "Data" / "examples").is_dir()
    assert len(list((copy / "pipeline" / "Trainer" / "model").iterdir())) == 2
