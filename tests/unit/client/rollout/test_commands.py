"""The roll-out by commands, against servers with TensorFlow Serving's rules."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import rollout
from client.backends.address import parse_address
from client.backends.expected_model import ExpectedModel
from client.backends.tf_serving import ServingModel
from client.rollout import commands, models_config, rolling
from client.rollout.models_config import Served
from client.rollout.versions import FolderSource
from schemas.exit_codes import RolloutExit
from system import manifest
from testing.client.rollout_site import Site, load_version
from testing.serving import fake_grpc, fake_rest
from testing.serving.fake_serving import FakeServing
from testing.serving.model_manager import ModelManager, polling


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    def quickly(*arguments: Any) -> rolling.Rolling:
        return rolling.Rolling(*arguments, pause=0.01)

    monkeypatch.setattr(commands, "Rolling", quickly)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site(tmp_path)
    for number in (1, 2, 3):
        made.add_version(number)
    return made


@pytest.fixture(params=["http", "grpc"])
def polled(request: pytest.FixtureRequest, site: Site) -> Iterator[Site]:
    """Two servers that look at the file by themselves, one of them slow to load."""
    serve = {"grpc": fake_grpc.serve_grpc, "http": fake_rest.serve_rest}[request.param]
    with contextlib.ExitStack() as stack:
        for load_seconds in (0.0, 0.1):
            serving = site.new_server(load_seconds)
            stack.enter_context(polling(serving.manager, site.config))
            site.addresses.append(stack.enter_context(serve(serving)))
        yield site


def test_first_version_canary_promotion_rollback_and_retirement(polled: Site) -> None:
    assert polled.run("first", "1") == 0
    assert polled.answers() == [{"stable": 1}] * 2

    assert polled.run("canary", "2") == 0
    assert polled.served() == Served((1, 2), {"stable": 1, "canary": 2})
    assert polled.answers() == [{"stable": 1, "canary": 2}] * 2

    assert polled.run("promote") == 0
    assert polled.answers() == [{"stable": 2, "canary": 2}] * 2
    assert polled.served().versions == (1, 2), "a rollback needs no loading"

    assert polled.run("rollback") == 0
    assert polled.answers() == [{"stable": 1, "canary": 2}] * 2
    assert polled.run("status") == 0

    assert polled.run("retire", "2") == 0
    assert polled.served() == Served((1,), {"stable": 1})
    assert polled.run("retire", "1") == RolloutExit.CONFIG


def test_the_second_canary_comes_before_the_label_moves(polled: Site) -> None:
    for command in (("first", "1"), ("canary", "2"), ("promote",)):
        assert polled.run(*command) == 0
    logs = [serving.manager for serving in polled.servers]
    assert polled.run("canary", "3") == 0
    assert polled.answers() == [{"stable": 2, "canary": 3}] * 2
    assert all(not manager.poll(polled.config) for manager in logs)


def test_no_server_ever_refuses_a_file_on_the_way(site: Site) -> None:
    serving = site.new_server(load_seconds=0.05)
    with (
        polling(serving.manager, site.config, seconds=0.005) as log,
        fake_rest.serve_rest(serving) as address,
    ):
        site.addresses.append(address)
        for command in (("first", "1"), ("canary", "2"), ("promote",), ("canary", "3"),
                        ("promote",), ("rollback",), ("rollback",), ("retire", "3")):  # fmt: skip
            assert site.run(*command) == 0
    assert log == [""]
    # The last command needs no answer of a server, which may not have read its file yet.
    assert serving.manager.poll(site.config) == ""
    assert site.answers() == [{"stable": 1}]


def test_each_file_on_the_way_is_one_that_a_new_server_starts_with(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, seen = models_config.ModelsConfig.write, []

    def write_and_start(config: models_config.ModelsConfig) -> None:
        write(config)
        started = FakeServing(
            "pet_mood", ModelManager(load_version, {"/models/pet_mood": site.models})
        )
        assert not started.manager.poll(config.path)
        assert set(config.served.labels.values()) <= set(started.versions)
        seen.append(config.served)

    monkeypatch.setattr(models_config.ModelsConfig, "write", write_and_start)
    serving = site.new_server()
    with polling(serving.manager, site.config), fake_rest.serve_rest(serving) as address:
        site.addresses.append(address)
        for command in (("first", "1"), ("canary", "2"), ("promote",)):
            assert site.run(*command) == 0
    assert [each.labels for each in seen] == [
        {"stable": 1},
        {"stable": 1},
        {"stable": 1, "canary": 2},
        {"stable": 2, "canary": 2},
    ]


@pytest.mark.parametrize("by_code", [True, False])
def test_a_server_is_told_over_grpc_and_its_refusal_restores_the_file(
    site: Site, by_code: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    serving = site.new_server()
    serving.refuses_by_code = by_code
    with fake_grpc.serve_grpc(serving) as address:
        site.addresses.append(address)
        assert site.run("first", "1", "--reload") == 0
        assert site.answers() == [{"stable": 1}]
        # A change by hand that no server takes.
        text = site.config.read_text().replace('"tensorflow"', '"other"')
        site.config.write_text(text)
        assert site.run("canary", "2", "--reload") == RolloutExit.SERVER
    assert "does not take the configuration: Illegal to change" in capsys.readouterr().err
    assert site.served() == Served((1,), {"stable": 1})


def test_a_version_that_does_not_load_leaves_the_file_as_it_was(
    polled: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert polled.run("first", "1") == 0
    polled.add_version(4, fails=True)
    assert polled.run("promote", "4") == RolloutExit.SERVER
    assert "cannot load version 4: no such op. No label was moved" in capsys.readouterr().err
    assert polled.served() == Served((1,), {"stable": 1})
    assert polled.run("canary", "2") == polled.run("promote") == polled.run("rollback") == 0
    assert polled.answers() == [{"stable": 1, "canary": 2}] * 2


def test_a_label_waits_for_every_server(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    quick, slow = site.new_server(), site.new_server()
    with (
        polling(quick.manager, site.config),
        polling(slow.manager, site.config),
        fake_rest.serve_rest(quick) as first,
        fake_rest.serve_rest(slow) as second,
    ):
        site.addresses = [first, second]
        assert site.run("first", "1") == 0
        slow.manager.load_seconds = 3600
        assert site.run("promote", "2", wait="1") == RolloutExit.NOT_YET
        assert f"{second} has version 2 LOADING" in capsys.readouterr().err
        assert site.served() == Served((1, 2), {"stable": 1})
        slow.manager.clock = lambda: float("inf")
        assert site.run("promote", "2") == 0
    assert site.served() == Served((1, 2), {"stable": 2})


def test_a_label_does_not_move_unseen(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert site.run("first", "1") == 0, "nothing runs yet that could be asked"
    assert site.run("canary", "2") == RolloutExit.CONFIG
    assert "no --server to ask" in capsys.readouterr().err
    site.addresses = ["http://127.0.0.1:1"]
    assert site.run("canary", "2", wait="0") == RolloutExit.NOT_YET
    assert site.served() == Served((1, 2), {"stable": 1})
    assert site.run("status") == RolloutExit.SERVER


def test_a_version_that_differs_from_its_manifest_is_not_named(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    (site.models / "1" / "saved_model.pb").write_text("altered")
    assert site.run("first", "1") == RolloutExit.CONFIG
    assert "saved_model.pb changed" in capsys.readouterr().err
    assert not site.config.exists()
    assert site.run("first", "17") == RolloutExit.CONFIG
    assert "Received: 17; there are 1, 2, 3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["first"], "first needs the number"),
        (["canary"], "canary needs the number"),
        (["canary", "2"], "rollout.py first VERSION"),
        (["canary", "-1"], "unrecognized|whole number|no flag"),
        (["first", "latest"], "whole number"),
        (["fetch"], "fetch needs the folder"),
    ],
)
def test_wrong_arguments_are_told(
    site: Site, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = site.run(*arguments)
    except SystemExit as error:
        code = int(str(error.code))
    assert code == RolloutExit.CONFIG
    assert re.search(said, capsys.readouterr().err)


def test_there_must_be_something_to_go_back_to(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert site.run("first", "1") == 0
    assert site.run("first", "2") == site.run("rollback") == site.run("promote") == 2
    errors = capsys.readouterr().err
    assert "must not exist before the first version" in errors
    assert "no version that was stable before" in errors
    assert "promote takes the canary's version" in errors


def test_a_version_is_copied_whole_and_once(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "volume" / "pet_mood"
    arguments = ["fetch", str(site.models), "--models", str(target)]
    assert rollout.main(arguments) == rollout.main(arguments) == 0
    assert [path.name for path in target.iterdir()] == ["3"]
    assert manifest.check(target / "3") == manifest.check(site.models / "3")
    assert rollout.main([*arguments, "--number", "1"]) == 0
    assert sorted(path.name for path in target.iterdir()) == ["1", "3"]

    (site.models / "2" / "saved_model.pb").write_text("altered")
    assert rollout.main([*arguments, "--number", "2"]) == RolloutExit.CONFIG
    (site.models / "3" / "saved_model.pb").write_text("another")
    manifest.write(site.models / "3")
    assert rollout.main(arguments) == RolloutExit.CONFIG
    assert "must stand for one model" in capsys.readouterr().err
    assert rollout.main([*arguments, "--number", "9"]) == RolloutExit.CONFIG
    assert sorted(path.name for path in target.iterdir()) == ["1", "3"]


def test_a_bucket_is_opened_by_its_address(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    def open_bucket(name: str) -> FolderSource:
        opened.append(name)
        return FolderSource(site.models)

    monkeypatch.setattr(rollout, "_bucket", open_bucket)
    target = site.models.with_name("volume")
    arguments = ["fetch", "gs://b/serving/pet_mood/", "--models", str(target), "--number", "2"]
    assert rollout.main(arguments) == 0
    assert opened == ["gs://b/serving/pet_mood"]
    assert manifest.check(target / "2")


@pytest.mark.slow
def test_requests_by_a_label_are_answered_by_its_version_at_each_step(
    versions: Path, tmp_path: Path
) -> None:
    config = tmp_path / "models.config"
    manager = ModelManager(
        lambda path: tf.saved_model.load(str(path)), {"/models/pet_mood": versions}
    )
    serving = FakeServing("pet_mood", manager)

    def answering(label: str) -> int:
        url = f"{address}/v1/models/pet_mood/labels/{label}"
        ServingModel(parse_address(url), ExpectedModel(), 60.0)
        return serving.handled[-1].version

    with polling(manager, config), fake_rest.serve_rest(serving) as address:
        flags = ["--config", str(config), "--models", str(versions), "--server", address]
        assert rollout.main(["first", "9", *flags]) == 0
        assert answering("stable") == 9
        assert rollout.main(["canary", "10", *flags]) == 0
        assert (answering("stable"), answering("canary")) == (9, 10)
        assert rollout.main(["promote", *flags]) == 0
        assert answering("stable") == 10
        assert rollout.main(["rollback", *flags]) == 0
        assert (answering("stable"), answering("canary")) == (9, 10)
