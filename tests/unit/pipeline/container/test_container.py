"""A container's beginning and end: what its buckets must allow, and copies of what is in S3."""

import json
import runpy
import shutil
import sys
import time
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tfx.dsl.io import fileio

from pipeline.container import __main__ as entry
from pipeline.container import s3_filesystem, staging, start_check
from pipeline.container.task import Task, task_of
from schemas.artifacts import UNFINISHED
from schemas.errors import ConfigError
from system import storage
from system.buckets import folders, stores

if TYPE_CHECKING:
    from testing.buckets.google_process import GoogleCloudProcess

pytestmark = pytest.mark.slow
NODE = "components.leak_check.component.LeakCheck_Executor"


def task_at(root: str, executor: str = NODE, **parameters: Any) -> Task:
    executor_input = {
        "inputs": {
            "artifacts": {"frames": {"artifacts": [{"name": "f", "uri": f"{root}/in/frames"}]}},
            "parameterValues": parameters,
        },
        "outputs": {
            "artifacts": {"report": {"artifacts": [{"name": "r", "uri": f"{root}/out/report"}]}},
            "outputFile": f"{root}/out/executor_output.json",
        },
    }
    command = ["module", "--executor_class_path", executor, "--json_serialized_invocation_args"]
    return task_of([*command, json.dumps(executor_input)])


def test_buckets_that_can_be_used_pass_and_keep_nothing(bucket: str) -> None:
    s3_filesystem.register()
    storage.write_whole(f"{bucket}/data/train.csv", "image_path\n")
    push = json.dumps({"filesystem": {"base_directory": f"{bucket}/serving"}})
    start_check.check(task_at(bucket, input_base=f"{bucket}/data", push_destination=push))
    assert [path for path, _ in folders.objects(bucket)] == [f"{bucket}/data/train.csv"]


def test_all_libraries_mean_the_same_object_by_an_odd_name(bucket: str) -> None:
    s3_filesystem.register()
    ours, *others = start_check.clients_for(bucket)
    assert len(others) == (3 if bucket.startswith("gs") else 1)
    for number, client in enumerate(others):
        path = f"{bucket}/a b/100%/%20#&+=(é)/{unicodedata.normalize('NFD', '가')}가-{number}"
        client.write(path, b"theirs")
        assert ours.read(path) == b"theirs"
        ours.write(path, b"ours")
        assert client.read(path) == b"ours"
        assert [each for each, _ in folders.objects(bucket) if each.endswith(str(number))] == [path]


def test_each_library_is_named_that_cannot_use_a_bucket(bucket: str) -> None:
    s3_filesystem.register()
    gone = bucket.replace("/pet/", "/nobody/")
    began = time.monotonic()
    with pytest.raises(ConfigError) as caught:
        start_check.check(task_at(gone))
    assert time.monotonic() - began < 10
    told = str(caught.value)
    libraries = ["this project", "TFX"]
    libraries += ["TensorFlow", "Beam"] if bucket.startswith("gs") else []
    for library in libraries:
        assert f"{gone}/out cannot be written by {library}: " in told


def test_data_that_cannot_be_read_is_told(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    s3_filesystem.register()
    gone = bucket.replace("/pet/", "/nobody/")
    with pytest.raises(
        ConfigError, match=f"{gone}/data cannot be read by this project: .*there is"
    ):
        start_check.check(task_at(bucket, input_base=f"{gone}/data"))


def test_a_server_that_does_not_answer_is_told_in_time(
    google_cloud: "GoogleCloudProcess", monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in google_cloud.environment().items():
        monkeypatch.setenv(variable, value)
    began = time.monotonic()
    with google_cloud.delayed(2.0), pytest.raises(ConfigError, match="no answer in time"):
        start_check.check(task_at("gs://pet/slow"), seconds=0.5)
    assert time.monotonic() - began < 6


def test_folders_of_this_machine_are_not_asked(tmp_path: Path) -> None:
    assert start_check.folders_of(task_at(str(tmp_path), input_base="/data")) == {}


def test_a_task_in_s3_works_on_copies(
    amazon: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable, value in amazon.environment().items():
        monkeypatch.setenv(variable, value)
    root = "s3://pet/staged"
    storage.write_whole(f"{root}/in/frames/Split-train/한글.parquet", "frames")
    before = task_at(root)
    with staging.staged(before) as task:
        (frames,), (report,) = task.uris("inputs"), task.uris("outputs")
        assert json.loads(task.command[-1]) == task.executor_input
        assert (Path(frames) / "Split-train/한글.parquet").read_text() == "frames"
        (Path(report) / "below").mkdir()
        (Path(report) / "below/leaks.json").write_text("{}")
        Path(task.output_file).write_text(json.dumps({"uri": report, "other": "s3://x"}))
    assert storage.read_bytes(f"{root}/out/report/below/leaks.json") == b"{}"
    told = json.loads(storage.read_bytes(before.output_file))
    assert told == {"uri": f"{root}/out/report", "other": "s3://x"}
    assert not Path(frames).exists()


def test_a_failed_attempt_in_s3_leaves_the_next_one_what_it_kept(
    amazon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in amazon.environment().items():
        monkeypatch.setenv(variable, value)
    root = "s3://pet/kept"
    kept = f"{root}/out/{UNFINISHED}"
    with pytest.raises(RuntimeError), staging.staged(task_at(root)) as task:
        folder = Path(task.uris("outputs")[0]).parent / UNFINISHED
        (folder / "1").mkdir(parents=True)
        (folder / "1" / "state.json").write_text("{}")
        raise RuntimeError
    assert [address for address, _ in folders.objects(root)] == [f"{kept}/1/state.json"]
    with staging.staged(task_at(root)) as task:
        folder = Path(task.uris("outputs")[0]).parent / UNFINISHED
        assert (folder / "1" / "state.json").read_text() == "{}"
        shutil.rmtree(folder)
        Path(task.output_file).write_text("{}")
    assert not storage.exists(kept)


def test_a_task_that_fails_sends_nothing(amazon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in amazon.environment().items():
        monkeypatch.setenv(variable, value)
    root = "s3://pet/failed"
    with pytest.raises(RuntimeError), staging.staged(task_at(root)) as task:
        (Path(task.uris("outputs")[0]) / "half").write_text("half")
        raise RuntimeError
    assert not storage.exists(root)


def test_inputs_that_do_not_fit_are_refused(amazon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in amazon.environment().items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(staging, "_SPARE", 1 << 60)
    with (
        pytest.raises(ConfigError, match="more ephemeral storage"),
        staging.staged(task_at("s3://pet/large")),
    ):
        pass


@pytest.mark.parametrize("root", ["gs://pet/x", "/tmp/x"])
def test_what_tensorflow_reads_is_not_copied(root: str) -> None:
    task = task_at(root)
    with staging.staged(task) as same:
        assert same is task


def test_the_ingest_reads_s3_itself() -> None:
    task = task_at("s3://pet/x", "components.pet_example_gen.executor.Executor")
    with staging.staged(task) as same:
        assert same is task


def test_the_command_runs_tfxs_module_and_its_errors_are_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", sys.argv)
    task = task_at(str(tmp_path))
    ran: list[list[str]] = []
    codes = iter([0, 1])

    def run_module(name: str, **_: Any) -> None:
        ran.append([name, *sys.argv])
        raise SystemExit(next(codes))

    monkeypatch.setattr(runpy, "run_module", run_module)
    entry.main(task.command)
    assert ran == [["module", *task.command]]
    with pytest.raises(SystemExit):
        entry.main(task.command)


def test_tfx_uses_s3_as_it_uses_other_places(amazon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in amazon.environment().items():
        monkeypatch.setenv(variable, value)
    s3_filesystem.register()
    root = "s3://pet/tfx"
    fileio.makedirs(root)
    for name in ("a.txt", "below/b.txt"):
        with fileio.open(f"{root}/{name}", "wb") as file:
            file.write("행복")
    with fileio.open(f"{root}/a.txt") as file:
        assert file.read() == "행복"
    assert fileio.exists(root) and fileio.isdir(f"{root}/below")
    assert not fileio.exists(f"{root}/none")
    assert fileio.listdir(root) == ["below", "a.txt"]
    assert fileio.glob(f"{root}/*.txt") == [f"{root}/a.txt"]
    assert fileio.stat(f"{root}/a.txt").length == 6
    assert abs(fileio.stat(f"{root}/a.txt").mtime_nsec / 1e9 - time.time()) < 600
    assert list(fileio.walk(root)) == [
        (root, ["below"], ["a.txt"]),
        (f"{root}/below", [], ["b.txt"]),
    ]
    with pytest.raises(OSError, match="not to be overwritten"):
        fileio.copy(f"{root}/a.txt", f"{root}/below/b.txt")
    fileio.rename(f"{root}/a.txt", f"{root}/c.txt")
    fileio.remove(f"{root}/c.txt")
    fileio.rmtree(f"{root}/below")
    assert not fileio.exists(root)
    with pytest.raises(fileio.NotFoundError):
        fileio.stat(f"{root}/a.txt")
    with pytest.raises(fileio.NotFoundError):
        fileio.copy(f"{root}/a.txt", f"{root}/d.txt")
    assert stores.SCHEMES
