"""ML Metadata on a real MariaDB: the data steps are reused from it, and refusals are told."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.compiler import compiler

from pipeline import config, nodes
from pipeline.metadata import store
from pipeline.metadata.settings import MetadataSettings
from pipeline.pipeline import create_pipeline
from pipeline.run_inputs import RunInputs
from report.node_run import NodeRun, NodeState
from runner import local
from runner.display.log_capture import captured
from runner.nodes.dag import DagRunner
from runner.run_request import RunRequest
from schemas.errors import ConfigError
from schemas.exit_codes import RunExit
from schemas.labels import DEFAULT_MOODS
from testing.paths import ROOT
from testing.pipeline import mariadb
from testing.pipeline import runs as chain
from testing.pipeline.mariadb import PASSWORD, Server

VARIABLE = MetadataSettings().password_env
Artifact = metadata_store_pb2.Artifact
Execution = metadata_store_pb2.Execution
DATA_NODES = (
    nodes.EXAMPLE_GEN,
    nodes.STATISTICS_GEN,
    nodes.SCHEMA_GEN,
    nodes.EXAMPLE_VALIDATOR,
    nodes.BOX_VALIDATOR,
    nodes.LEAK_CHECK,
    nodes.DATA_GATE,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with mariadb.serving(tmp_path_factory.mktemp("mariadb"), "--skip-ssl") as started:
        yield started


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, PASSWORD)


class States(dict[str, NodeState]):
    """How each node ended."""

    def before_run(self, names: list[str], reusable: frozenset[str]) -> None:
        assert set(names) == set(DATA_NODES)

    def before_node_run(self, node: str) -> None:
        assert node not in self

    def after_node_run(self, run: NodeRun) -> None:
        self[run.node] = run.state


def inputs_of(data: Path, output: Path) -> RunInputs:
    return RunInputs(data / "train.csv", data / "val.csv", None, DEFAULT_MOODS, output)


def run_data_steps(server: Server, inputs: RunInputs) -> States:
    """Runs our pipeline's steps up to the DataGate as ``runner.local`` runs all of them."""
    changes = [chain.ALIKE, "model.resolution=32", *server.texts()]
    whole = create_pipeline(config.load("quick", None, changes), inputs)
    compiled = compiler.Compiler().compile(whole)
    kept = [one for one in compiled.nodes if one.pipeline_node.node_info.id in DATA_NODES]
    del compiled.nodes[:]
    compiled.nodes.extend(kept)
    states = States()
    with captured(inputs.output / "logs" / "run.log"):
        DagRunner(states).run_with_ir(compiled)
    return states


def opened(server: Server, inputs: RunInputs) -> MetadataStore:
    return MetadataStore(store.connection(server.settings(), inputs))


def context_of(mlmd: MetadataStore, inputs: RunInputs, server: Server) -> int:
    name = store.pipeline_name(server.settings(), inputs)
    number: int = mlmd.get_context_by_type_and_name("pipeline", name).id
    return number


def executions(mlmd: MetadataStore, inputs: RunInputs, server: Server) -> list[Execution]:
    found = mlmd.get_executions_by_context(context_of(mlmd, inputs, server))
    return sorted(found, key=lambda one: one.id)


def pushed_elsewhere(mlmd: MetadataStore, inputs: RunInputs, server: Server) -> int:
    kind = mlmd.put_artifact_type(metadata_store_pb2.ArtifactType(name="PushedModel"))
    pushed = Artifact(type_id=kind, state=Artifact.LIVE)
    pushed.custom_properties["pushed_destination"].string_value = "/another/machine/7"
    (number,) = mlmd.put_artifacts([pushed])
    context = context_of(mlmd, inputs, server)
    mlmd.put_attributions_and_associations(
        [metadata_store_pb2.Attribution(artifact_id=number, context_id=context)], []
    )
    return int(number)


def holding(folder: Path, secret: str) -> list[Path]:
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and secret.encode("utf-8") in path.read_bytes()
    ]


def test_the_data_steps_are_reused_by_their_own_output_folder_and_by_no_other(
    server: Server, tmp_path: Path
) -> None:
    data = tmp_path / "사진"
    for name in ("train", "val"):
        chain.write_colours(data, name, clips=1)
    one, other = inputs_of(data, tmp_path / "결과 1"), inputs_of(data, tmp_path / "결과 2")

    assert run_data_steps(server, one) == dict.fromkeys(DATA_NODES, NodeState.DONE)
    assert run_data_steps(server, one) == dict.fromkeys(DATA_NODES, NodeState.REUSED)
    assert not one.metadata.exists()
    mlmd = opened(server, one)
    uris = {artifact.uri for artifact in mlmd.get_artifacts() if artifact.uri}
    assert any(uri.startswith(str(one.output)) for uri in uris)

    # As if the first folder's last execution were under way while the other folder's runs start,
    # and its pushed version lay on a machine of its own.
    running = executions(mlmd, one, server)[-1]
    running.last_known_state = Execution.RUNNING
    mlmd.put_executions([running])
    version = pushed_elsewhere(mlmd, one, server)
    assert run_data_steps(server, other) == dict.fromkeys(DATA_NODES, NodeState.DONE)
    assert run_data_steps(server, other) == dict.fromkeys(DATA_NODES, NodeState.REUSED)
    assert executions(mlmd, one, server)[-1].last_known_state == Execution.RUNNING
    assert mlmd.get_artifacts_by_id([version])[0].state == Artifact.LIVE
    # The folder's own next run finds both dead.
    run_data_steps(server, one)
    assert mlmd.get_executions_by_id([running.id])[0].last_known_state == Execution.FAILED
    assert mlmd.get_artifacts_by_id([version])[0].state == Artifact.DELETED

    assert "BoxValidator" in (one.output / "logs" / "run.log").read_text("utf-8")
    assert holding(tmp_path, PASSWORD) == []


@pytest.mark.parametrize(
    ("database", "secret", "down", "said"),
    [
        ("mlmd", "no-such-word", False, "answers, and has refused user 'pet'"),
        ("none", PASSWORD, False, "has no database 'none'"),
        ("mlmd", PASSWORD, True, "does not answer as it should: Connection refused"),
    ],
)
def test_a_server_that_cannot_be_used_ends_the_run_in_2_before_it_starts(
    server: Server,
    tmp_path: Path,
    database: str,
    secret: str,
    down: bool,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(VARIABLE, secret)
    where = [*server.texts(database)]
    if down:
        where[2] = f"metadata.port={mariadb.free_port()}"
    output = tmp_path / "out"
    assert local.run(RunRequest(output=output, overrides=tuple(where))) == RunExit.CONFIG
    screen = capfd.readouterr()
    assert said in screen.err
    assert "Traceback" not in screen.err
    assert not (output / "run.json").exists()
    assert not (output / "sample_data").exists() and not (output / "pipeline").exists()
    assert holding(output, secret) == []
    assert secret not in screen.out + screen.err


def test_a_user_who_may_not_make_the_tables_is_told(server: Server, tmp_path: Path) -> None:
    server.sql("CREATE DATABASE bare; GRANT SELECT ON bare.* TO pet@'%'")
    with pytest.raises(ConfigError, match=r"not let ML Metadata work in 'bare'.* command denied"):
        store.check(server.settings("bare"), inputs_of(tmp_path, tmp_path / "out"))


def test_a_password_of_a_file_is_taken(server: Server, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(PASSWORD + "\n", "utf-8")
    settings = server.settings(password_file=str(tmp_path / "secret"), password_env="NOWHERE")
    store.check(settings, inputs_of(tmp_path, tmp_path / "out"))


def test_two_runs_may_make_the_tables_of_a_database_at_once(server: Server, tmp_path: Path) -> None:
    server.create("fresh")
    program = (
        "import sys; from pathlib import Path; from pipeline.metadata import store;"
        "from pipeline.run_inputs import RunInputs;"
        "from pipeline.metadata.settings import MetadataSettings;"
        f"store.check({server.settings('fresh')!r},"
        "RunInputs(Path('a'), None, None, (), Path('out')))"
    )
    command = [sys.executable, "-c", program]
    both = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
    assert [process.wait(120) for process in both] == [0, 0]
    assert "Execution" in server.sql("SHOW TABLES IN fresh").split()


def test_names_that_differ_in_case_or_are_korean_stay_apart(server: Server, tmp_path: Path) -> None:
    server.create("names")
    config = store.connection(server.settings("names"), inputs_of(tmp_path, tmp_path / "out"))
    mlmd = MetadataStore(config)
    kind = mlmd.put_artifact_type(metadata_store_pb2.ArtifactType(name="T"))
    names = ["photo", "Photo", "가", "배", "🐶"]
    made = [metadata_store_pb2.Artifact(type_id=kind, name=name, uri=name) for name in names]
    mlmd.put_artifacts(made)
    assert sorted(one.name for one in mlmd.get_artifacts()) == sorted(names)
    assert [one.name for one in mlmd.get_artifacts_by_uri("가")] == ["가"]


def test_with_a_certificate_authority_the_connection_is_encrypted_or_refused(
    server: Server, tmp_path: Path
) -> None:
    ca, key = str(tmp_path / "ca.pem"), str(tmp_path / "key.pem")
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    make += ["-subj", "/CN=127.0.0.1", "-keyout", key, "-out", ca]
    subprocess.run(make, check=True, capture_output=True)
    inputs = inputs_of(tmp_path, tmp_path / "out")
    with pytest.raises(ConfigError, match=r"has no TLS, which metadata.ssl_ca asks for"):
        store.check(server.settings(ssl_ca=ca), inputs)
    flags = (f"--ssl-ca={ca}", f"--ssl-cert={ca}", f"--ssl-key={key}")
    with mariadb.serving(tmp_path / "tls", *flags) as safe:
        safe.sql("ALTER USER pet@'%' REQUIRE SSL")
        store.check(safe.settings(ssl_ca=ca), inputs)
        with pytest.raises(ConfigError, match=r"refused user 'pet' .* without TLS"):
            store.check(safe.settings(), inputs)
        safe.sql("ALTER USER pet@'%' REQUIRE X509")
        with pytest.raises(ConfigError, match=r"refused user 'pet' .* with TLS"):
            store.check(safe.settings(ssl_ca=ca), inputs)
        store.check(safe.settings(ssl_ca=ca, ssl_cert=ca, ssl_key=key), inputs)
