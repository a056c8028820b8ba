"""Tests of TensorFlow Serving's configuration: its own messages parse it, and the files agree."""

import re
from typing import Any

import pytest
import yaml
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from google.protobuf import wrappers_pb2 as _  # noqa: F401 - the pool needs it
from tensorflow_serving.config import model_server_config_pb2

from components.pusher import warm_up
from testing.paths import ROOT

FOLDER = ROOT / "deploy" / "serving"

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


def load_yaml(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text("utf-8"))


def flags(arguments: list[str]) -> dict[str, str]:
    return dict(argument.removeprefix("--").split("=", 1) for argument in arguments)


def deployment() -> Any:
    return load_yaml("kubernetes/base/deployment.yaml")


def server(profile: str) -> Any:
    return load_yaml("docker-compose.yaml")["services"][profile]


def test_every_label_is_of_a_version_that_is_served() -> None:
    config = parse_message("models.config", model_server_config_pb2.ModelServerConfig())
    (model,) = config.model_config_list.config
    assert (model.name, model.model_platform) == ("pet_mood", "tensorflow")
    assert set(model.version_labels) == {"stable", "canary"}
    versions = list(model.model_version_policy.specific.versions)
    assert set(model.version_labels.values()) == set(versions)
    assert model.version_labels["stable"] < model.version_labels["canary"]


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


def test_a_misspelt_field_would_be_noticed() -> None:
    with pytest.raises(text_format.ParseError, match="max_batch"):
        text_format.Parse("max_batch { value: 1 }", MESSAGES["BatchingParameters"]())


def test_docker_and_kubernetes_start_the_same_server() -> None:
    (container,) = deployment()["spec"]["template"]["spec"]["containers"]
    assert container["args"] == server("cpu")["command"]
    assert container["image"] == server("cpu")["image"]
    cpu, gpu = flags(server("cpu")["command"]), flags(server("gpu")["command"])
    assert gpu == cpu | {"batching_parameters_file": "/config/batching-gpu.config"}
    assert server("gpu")["image"] == f"{server('cpu')['image']}-gpu"
    for profile in ("cpu", "gpu"):
        assert server(profile)["profiles"] == [profile]


def test_every_file_that_a_flag_names_exists_where_it_is_mounted() -> None:
    for profile in ("cpu", "gpu"):
        values = flags(server(profile)["command"]).values()
        paths = [value for value in values if value.startswith("/config/")]
        assert len(paths) == 3
        assert all((FOLDER / path.removeprefix("/config/")).is_file() for path in paths)
        assert ".:/config:ro" in server(profile)["volumes"]
    commands = (ROOT / "docs" / "serving.md").read_text("utf-8")
    mounted = set(re.findall(r"--from-file=deploy/serving/(\S+)", commands))
    assert mounted == {path.name for path in FOLDER.glob("*.config")}


def test_kubernetes_names_agree() -> None:
    spec = deployment()["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    service = load_yaml("kubernetes/base/service.yaml")
    claim = load_yaml("kubernetes/base/storage.yaml")
    labels = spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"] == labels == service["spec"]["selector"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"grpc": 8500, "rest": 8501}
    assert {p["targetPort"]: p["port"] for p in service["spec"]["ports"]} == ports
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
    assert volumes["models"]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    config = volumes["config"]["configMap"]["name"]
    assert f"create configmap {config} " in (ROOT / "docs" / "serving.md").read_text("utf-8")
    resources = load_yaml("kubernetes/base/kustomization.yaml")["resources"]
    assert all((FOLDER / "kubernetes" / "base" / name).is_file() for name in resources)


def test_the_probes_ask_for_a_label_that_there_is() -> None:
    (container,) = deployment()["spec"]["template"]["spec"]["containers"]
    config = parse_message("models.config", model_server_config_pb2.ModelServerConfig())
    (model,) = config.model_config_list.config
    for probe in ("startupProbe", "readinessProbe"):
        path = container[probe]["httpGet"]["path"]
        match = re.fullmatch(r"/v1/models/(\w+)/labels/(\w+)/metadata", path)
        assert match is not None
        assert match[1] == model.name
        assert match[2] in model.version_labels


def test_the_gpu_variant_changes_what_it_means_to_change() -> None:
    (patch,) = load_yaml("kubernetes/gpu/kustomization.yaml")["patches"]
    assert patch["target"]["name"] == deployment()["metadata"]["name"]
    patched = deployment()
    for operation in yaml.safe_load(patch["patch"]):
        *parents, last = operation["path"].strip("/").split("/")
        node: Any = patched
        for part in parents:
            node = node[int(part) if part.isdigit() else part]
        assert node[int(last) if last.isdigit() else last]
        node[int(last) if last.isdigit() else last] = operation["value"]
    (container,) = patched["spec"]["template"]["spec"]["containers"]
    assert container["args"] == server("gpu")["command"]
    assert container["image"] == server("gpu")["image"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 1
