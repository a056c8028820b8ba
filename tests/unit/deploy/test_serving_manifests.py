"""Docker's and Kubernetes' descriptions of the servers: they agree, and grant nothing."""

import re
from typing import Any

import pytest
from google.protobuf import wrappers_pb2 as _  # noqa: F401 - the pool needs it

import serve
from client.backends.address import DEFAULT_MODEL_NAME, parse_address
from client.rollout.models_config import STABLE
from gateway.settings import LimitSettings, LogSettings
from schemas.settings import settings_from
from testing.paths import ROOT
from testing.serving.manifests import (
    FOLDER,
    compose,
    containers,
    default_of,
    deployment,
    flags,
    gateway_manifests,
    gpu_deployment,
    load_yaml,
    server,
)


def test_docker_and_kubernetes_start_the_same_server_and_proxy() -> None:
    started = containers(deployment())
    assert started["serving"]["args"] == server("cpu")["command"]
    assert started["serving"]["image"] == default_of(server("cpu")["image"])
    assert started["proxy"]["command"] == server("proxy")["command"]
    assert started["proxy"]["image"] == default_of(server("proxy")["image"])
    cpu, gpu = flags(server("cpu")["command"]), flags(server("gpu")["command"])
    assert gpu == cpu | {"batching_parameters_file": "/config/batching-gpu.config"}
    assert default_of(server("gpu")["image"]) == f"{default_of(server('cpu')['image'])}-gpu"
    for profile in ("cpu", "gpu", "proxy"):
        assert server(profile)["profiles"] == [profile]


def test_the_kustomization_names_the_images_that_the_deployment_has() -> None:
    named = {
        f"{image['name']}:{image['newTag']}"
        for image in load_yaml("kubernetes/base/kustomization.yaml")["images"]
    }
    assert named == {each["image"] for each in containers(deployment()).values()}


def test_every_port_is_open_to_this_machine_alone() -> None:
    published = [port for each in compose().values() for port in each["ports"]]
    assert len(published) == 7
    assert all(
        port.startswith(
            ("127.0.0.1:", "${PROXY_ADDRESS:-127.0.0.1}:", "${GATEWAY_ADDRESS:-127.0.0.1}:")
        )
        for port in published
    )
    assert [port for port in published if "ADDRESS" in port] == [
        "${PROXY_ADDRESS:-127.0.0.1}:8443:8443",
        "${GATEWAY_ADDRESS:-127.0.0.1}:8444:8444",
    ]


def test_docker_and_kubernetes_start_the_same_gateway_with_flags_that_it_knows() -> None:
    args = next(c for c in gateway_containers() if c["name"] == "gateway")["args"]
    command = server("gateway")["command"]
    # The log has less room in a pod. The image itself names the address.
    assert args[:-1] == command
    request = vars(serve._parser().parse_args(args))
    assert settings_from((LimitSettings, LogSettings), request["overrides"])
    assert request["tokens"] and request["tls_cert"] and request["tls_key"]
    address = parse_address(request["server"])
    assert (address.model, address.label) == (DEFAULT_MODEL_NAME, STABLE)


@pytest.mark.parametrize("name", ["cpu", "gpu", "proxy", "gateway", "prometheus"])
def test_a_container_has_no_rights_and_limits_of_all_kinds(name: str) -> None:
    container = compose()[name]
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert re.fullmatch(r"[1-9][0-9]*:[1-9][0-9]*", container["user"])
    assert container["memswap_limit"] == container["mem_limit"], "no swap"
    assert container["pids_limit"] > 0 and container["cpus"] > 0
    assert container["logging"]["options"] == {"max-size": "10m", "max-file": "3"}
    assert "privileged" not in container and "cap_add" not in container
    writable = [volume for volume in container.get("volumes", ()) if not volume.endswith(":ro")]
    expected = {"prometheus": ["prometheus:/prometheus"], "gateway": ["requests:/log"]}
    assert writable == expected.get(name, [])


def test_every_file_that_a_flag_names_exists_where_it_is_mounted() -> None:
    for profile in ("cpu", "gpu"):
        values = flags(server(profile)["command"]).values()
        paths = [value for value in values if value.startswith("/config/")]
        assert len(paths) == 3
        names = {path.removeprefix("/config/") for path in paths}
        # rollout.py writes it before the first start.
        assert all((FOLDER / name).is_file() for name in names - {"models.config"})
        assert ".:/config:ro" in server(profile)["volumes"]
    commands = (ROOT / "docs" / "serving.md").read_text("utf-8")
    mounted = set(re.findall(r"--from-file=deploy/serving/(\S+)", commands))
    # The folder is the Secret's, the files are the ConfigMap's.
    delivered = {path.name for path in FOLDER.glob("*.conf*")}
    assert mounted == {"secrets", "models.config", *delivered}
    assert "./nginx.conf:/config/nginx.conf:ro" in server("proxy")["volumes"]


def test_kubernetes_names_agree() -> None:
    spec = deployment()["spec"]
    pod = spec["template"]["spec"]
    claim = load_yaml("kubernetes/base/storage.yaml")
    labels = spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"] == labels
    for constraint in pod["topologySpreadConstraints"]:
        assert constraint["labelSelector"]["matchLabels"] == labels
    assert load_yaml("kubernetes/base/service.yaml")["spec"]["selector"] == labels
    for name in ("networkpolicy", "disruption"):
        rules = load_yaml(f"kubernetes/base/{name}.yaml")["spec"]
        assert (rules.get("podSelector") or rules["selector"])["matchLabels"] == labels
    assert ports_of("serving") == {"grpc": 8500, "rest": 8501}
    assert ports_of("proxy") == {"https": 8443}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    mounts = [mount for each in pod["containers"] for mount in each["volumeMounts"]]
    assert {mount["name"] for mount in mounts} == set(volumes)
    for mount in mounts:
        assert mount.get("readOnly", False) is ("emptyDir" not in volumes[mount["name"]])
    assert volumes["models"]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    page = (ROOT / "docs" / "serving.md").read_text("utf-8")
    assert f"create configmap {volumes['config']['configMap']['name']} " in page
    assert f"create secret generic {volumes['secrets']['secret']['secretName']} " in page
    base = FOLDER / "kubernetes" / "base"
    resources = load_yaml("kubernetes/base/kustomization.yaml")["resources"]
    assert {*resources, "kustomization.yaml"} == {path.name for path in base.iterdir()}


def gateway_containers() -> Any:
    """Returns the containers of a pod with the gateway."""
    return gateway_manifests()["Deployment"]["spec"]["template"]["spec"]["containers"]


def test_the_gateway_is_reached_at_its_own_port() -> None:
    found = gateway_manifests()
    ports = {port["name"]: port["targetPort"] for port in found["Service"]["spec"]["ports"]}
    assert ports == {"https": "https", "mood": "mood"}
    clients = found["NetworkPolicy"]["spec"]["ingress"][0]
    assert [port["port"] for port in clients["ports"]] == ["https", "mood"]
    (gateway,) = (each for each in gateway_containers() if each["name"] == "gateway")
    assert gateway["ports"] == [{"name": "mood", "containerPort": 8444}]
    volumes = found["Deployment"]["spec"]["template"]["spec"]["volumes"]
    assert {each["name"] for each in gateway["volumeMounts"]} < {each["name"] for each in volumes}


def ports_of(container: str) -> dict[str, int]:
    ports = containers(deployment())[container]["ports"]
    return {port["name"]: port["containerPort"] for port in ports}


def test_clients_reach_the_proxy_and_prometheus_the_figures_and_nobody_the_rest() -> None:
    (offered,) = load_yaml("kubernetes/base/service.yaml")["spec"]["ports"]
    assert offered["targetPort"] in ports_of("proxy")
    policy = load_yaml("kubernetes/base/networkpolicy.yaml")["spec"]
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"} and policy["egress"] == []
    clients, monitoring = policy["ingress"]
    assert [port["port"] for port in clients["ports"]] == [offered["targetPort"]]
    assert clients["from"] == [{"podSelector": {"matchLabels": {"pet-mood-client": "true"}}}]
    assert [port["port"] for port in monitoring["ports"]] == ["rest"]
    (reader,) = monitoring["from"]
    assert reader["namespaceSelector"]["matchLabels"] == {
        "kubernetes.io/metadata.name": "monitoring"
    }


def test_the_proxy_reaches_the_server_in_its_own_pod_by_the_name_that_docker_gives() -> None:
    (alias,) = deployment()["spec"]["template"]["spec"]["hostAliases"]
    assert alias == {
        "ip": "127.0.0.1",
        "hostnames": server("cpu")["networks"]["default"]["aliases"],
    }
    upstreams = re.findall(r"server (\S+);", (FOLDER / "nginx.conf").read_text("utf-8"))
    (name,) = alias["hostnames"]
    assert upstreams == [f"{name}:{port}" for port in ports_of("serving").values()]


def test_the_probes_ask_for_a_label_that_there_is() -> None:
    container = containers(deployment())["serving"]
    for probe in ("startupProbe", "readinessProbe"):
        path = container[probe]["httpGet"]["path"]
        match = re.fullmatch(r"/v1/models/(\w+)/labels/(\w+)/metadata", path)
        assert match is not None
        assert match[1] == DEFAULT_MODEL_NAME
        assert match[2] == STABLE, "the label that rollout.py never leaves out"


def test_the_gpu_variant_changes_what_it_means_to_change() -> None:
    container = containers(gpu_deployment())["serving"]
    assert container["args"] == server("gpu")["command"]
    assert container["image"] == default_of(server("gpu")["image"])
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 1
    cpu = containers(deployment())["serving"]["resources"]
    for kind in ("requests", "limits"):
        assert set(cpu[kind]) == set(container["resources"][kind]) - {"nvidia.com/gpu"}
