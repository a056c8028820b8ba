"""Tests of TensorFlow Serving's configuration: its own messages parse it, and the files agree."""

import shutil
import subprocess
from typing import Any

import pytest
import yaml
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from google.protobuf import wrappers_pb2 as _  # noqa: F401 - the pool needs it

from client.backends.address import DEFAULT_MODEL_NAME
from components.pusher import warm_up
from testing.serving.manifests import (
    FOLDER,
    compose,
    deployment,
    load_yaml,
    server,
)

_INT, _BOOL, _LIST = "google.protobuf.Int64Value", "bool", "int64"
# tensorflow-serving-api lacks these messages. The fields are those of TensorFlow Serving's
# session_bundle_config.proto and monitoring_config.proto.
_BATCHING = {
    "max_batch_size": _INT,
    "batch_timeout_micros": _INT,
    "max_enqueued_batches": _INT,
    "num_batch_threads": _INT,
    "thread_pool_name": "google.protobuf.StringValue",
    "allowed_batch_sizes": _LIST,
    "pad_variable_length_inputs": _BOOL,
}
_PROMETHEUS = {"enable": _BOOL, "path": "string"}
_MONITORING = {"prometheus_config": "test.PrometheusConfig"}


def message_classes() -> dict[str, Any]:
    """Returns the classes of the messages above by name."""
    file = descriptor_pb2.FileDescriptorProto(
        name="test.proto",
        package="test",
        syntax="proto3",
        dependency=["google/protobuf/wrappers.proto"],
    )
    types = descriptor_pb2.FieldDescriptorProto
    scalars = {_BOOL: types.TYPE_BOOL, "string": types.TYPE_STRING, _LIST: types.TYPE_INT64}
    for name, fields in (
        ("BatchingParameters", _BATCHING),
        ("PrometheusConfig", _PROMETHEUS),
        ("MonitoringConfig", _MONITORING),
    ):
        message = file.message_type.add(name=name)
        for number, (field_name, kind) in enumerate(fields.items(), start=1):
            label = types.LABEL_REPEATED if kind == _LIST else types.LABEL_OPTIONAL
            field = message.field.add(name=field_name, number=number, label=label)
            if kind in scalars:
                field.type = scalars[kind]
            else:
                field.type, field.type_name = types.TYPE_MESSAGE, f".{kind}"
    wrappers = descriptor_pb2.FileDescriptorProto()
    descriptor_pool.Default().FindFileByName("google/protobuf/wrappers.proto").CopyToProto(wrappers)
    classes = message_factory.GetMessages([wrappers, file])
    return {message.name: classes[f"test.{message.name}"] for message in file.message_type}


MESSAGES = message_classes()


def parse_message(name: str, message: Any) -> Any:
    return text_format.Parse((FOLDER / name).read_text("utf-8"), message)


@pytest.mark.parametrize("name", ["batching.config", "batching-gpu.config"])
def test_a_batch_is_what_the_client_asks_at_a_time(name: str) -> None:
    from client.predict.predict_batches import BATCH_SIZE

    batching = parse_message(name, MESSAGES["BatchingParameters"]())
    assert batching.max_batch_size.value == BATCH_SIZE
    assert batching.num_batch_threads.value >= 1


def test_a_gpu_gets_the_sizes_that_warm_up_requests_have() -> None:
    batching = parse_message("batching-gpu.config", MESSAGES["BatchingParameters"]())
    assert tuple(batching.allowed_batch_sizes) == warm_up.BATCHES
    assert batching.allowed_batch_sizes[-1] == batching.max_batch_size.value
    assert not parse_message(
        "batching.config", MESSAGES["BatchingParameters"]()
    ).allowed_batch_sizes


def test_prometheus_is_told_where_the_figures_are() -> None:
    path = parse_message("monitoring.config", MESSAGES["MonitoringConfig"]()).prometheus_config.path
    (job,) = load_yaml("prometheus.yaml")["scrape_configs"]
    annotations = deployment()["spec"]["template"]["metadata"]["annotations"]
    assert job["metrics_path"] == annotations["prometheus.io/path"] == path
    (target,) = job["static_configs"][0]["targets"]
    assert target == "serving:8501"
    assert server("cpu")["networks"]["default"]["aliases"] == ["serving"]


def test_prometheus_reads_the_alert_rules_where_they_are_mounted() -> None:
    assert load_yaml("prometheus.yaml")["rule_files"] == ["alerts.yaml"]
    volumes = compose()["prometheus"]["volumes"]
    assert "./alerts.yaml:/etc/prometheus/alerts.yaml:ro" in volumes
    (job,) = load_yaml("prometheus.yaml")["scrape_configs"]
    (group,) = load_yaml("alerts.yaml")["groups"]
    down = next(rule for rule in group["rules"] if rule["alert"] == "PetMoodDown")
    assert f'job="{job["job_name"]}"' in down["expr"]
    tested = load_yaml("alerts-test.yaml")["tests"]
    raised = {
        check["alertname"] for each in tested for check in each["alert_rule_test"]
        if check["exp_alerts"]
    }  # fmt: skip
    assert raised == {rule["alert"] for rule in group["rules"]}


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool (Debian: prometheus) is absent")
@pytest.mark.parametrize("arguments", [("check", "alerts.yaml"), ("test", "alerts-test.yaml")])
def test_the_alert_rules_pass_their_own_test(arguments: tuple[str, str]) -> None:
    verb, name = arguments
    done = subprocess.run(
        ["promtool", verb, "rules", name], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_autoscaler_is_of_the_deployment_and_the_disruption_leaves_one() -> None:
    scaler = load_yaml("kubernetes/base/autoscaling.yaml")["spec"]
    target = scaler["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", deployment()["metadata"]["name"])
    assert "replicas" not in deployment()["spec"], "each apply would undo the autoscaler's number"
    disruption = load_yaml("kubernetes/base/disruption.yaml")["spec"]
    assert disruption["minAvailable"] < scaler["minReplicas"] <= scaler["maxReplicas"]


def test_the_job_writes_into_the_volume_that_the_servers_read() -> None:
    job, account = yaml.safe_load_all((FOLDER / "kubernetes/fetch/job.yaml").read_text("utf-8"))
    pod = job["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == account["metadata"]["name"]
    (models,) = (each for each in pod["volumes"] if each["name"] == "models")
    claim = load_yaml("kubernetes/base/storage.yaml")["metadata"]["name"]
    assert models["persistentVolumeClaim"] == {"claimName": claim}
    (container,) = pod["containers"]
    (mount,) = (each for each in container["volumeMounts"] if each["name"] == "models")
    served = deployment()["spec"]["template"]["spec"]["securityContext"]["runAsUser"]
    assert pod["securityContext"]["runAsUser"] == served
    python, script, command, source, flag, folder = container["command"]
    assert (python, script, command, flag) == ("python", "rollout.py", "fetch", "--models")
    assert folder == f"{mount['mountPath']}/{DEFAULT_MODEL_NAME}"
    assert source.startswith("gs://")


def test_a_misspelt_field_would_be_noticed() -> None:
    with pytest.raises(text_format.ParseError, match="max_batch"):
        text_format.Parse("max_batch { value: 1 }", MESSAGES["BatchingParameters"]())
