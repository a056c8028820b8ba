"""The manifests keep Kubernetes' schemas and the Pod Security Standard "restricted".

The standard's list is that of https://kubernetes.io/docs/concepts/security/pod-security-standards/;
no cluster is there to ask.
"""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from testing.paths import ROOT
from testing.serving.manifests import gateway_manifests, gpu_deployment

DEPLOY = ROOT / "deploy"
_OWN = ("Kustomization",)
"""Kinds of programs on this machine, which Kubernetes does not know."""
_VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
            "projected", "secret"}  # fmt: skip
_SYSCTLS = {"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range",
            "net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_syncookies",
            "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
            "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout",
            "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes"}  # fmt: skip
_SELINUX = {None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}


def manifests() -> Iterator[tuple[str, Any]]:
    """Yields every object of a cluster below deploy/, with its file's name."""
    for path in sorted(DEPLOY.rglob("*.y*ml")):
        for document in yaml.safe_load_all(path.read_text("utf-8")):
            if document and "apiVersion" in document and document["kind"] not in _OWN:
                yield path.relative_to(DEPLOY).as_posix(), document
    yield "serving/kubernetes/gpu", gpu_deployment()
    for manifest in gateway_manifests().values():
        yield "serving/kubernetes/gateway", manifest


MANIFESTS = list(manifests())


def pod_of(manifest: Any) -> Any:
    """Returns the pod's spec in an object; None if it has none."""
    spec = manifest.get("spec", {})
    if manifest["kind"] == "Pod":
        return spec
    spec = spec.get("jobTemplate", {}).get("spec", spec)  # CronJob.
    return spec.get("template", {}).get("spec")


def violations(pod: Any) -> list[str]:
    """Returns what the standard "restricted" forbids in a pod."""
    found = []

    def check(is_allowed: bool, rule: str) -> None:
        if not is_allowed:
            found.append(rule)

    everywhere = [pod.get("securityContext", {})]
    each_container = [
        one
        for kind in ("containers", "initContainers", "ephemeralContainers")
        for one in pod.get(kind, ())
    ]
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        check(not pod.get(name), name)
    for volume in pod.get("volumes", ()):
        check(set(volume) - {"name"} <= _VOLUMES, "volume types")
    sysctls = {one["name"] for one in everywhere[0].get("sysctls", ())}
    check(sysctls <= _SYSCTLS, "sysctls")

    for one in each_container:
        context = one.get("securityContext", {})
        everywhere.append(context)
        capabilities = context.get("capabilities", {})
        check(not context.get("privileged"), "privileged")
        check(context.get("allowPrivilegeEscalation") is False, "allowPrivilegeEscalation")
        check("ALL" in capabilities.get("drop", ()), "capabilities.drop")
        check(set(capabilities.get("add", ())) <= {"NET_BIND_SERVICE"}, "capabilities.add")
        check(context.get("procMount", "Default") == "Default", "procMount")
        check(not any(port.get("hostPort") for port in one.get("ports", ())), "hostPort")
        hooks = [one.get(f"{name}Probe", {}) for name in ("startup", "readiness", "liveness")]
        hooks += one.get("lifecycle", {}).values()
        asked = [hook.get(kind, {}) for hook in hooks for kind in ("httpGet", "tcpSocket")]
        check(not any(request.get("host") for request in asked), "probe host")
        # What the container does not say, the pod says.
        merged = {**everywhere[0], **context}
        check(merged.get("runAsNonRoot") is True, "runAsNonRoot")
        check(
            merged.get("seccompProfile", {}).get("type") in ("RuntimeDefault", "Localhost"),
            "seccompProfile",
        )
    for context in everywhere:
        check(context.get("runAsUser") != 0, "runAsUser")
        check(not context.get("windowsOptions", {}).get("hostProcess"), "hostProcess")
        selinux = context.get("seLinuxOptions", {})
        check(
            selinux.get("type") in _SELINUX and not selinux.get("user") and not selinux.get("role"),
            "seLinuxOptions",
        )
        profile = context.get("appArmorProfile", {}).get("type", "RuntimeDefault")
        check(profile in ("RuntimeDefault", "Localhost"), "appArmorProfile")
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("name", "manifest"), MANIFESTS, ids=[name for name, _ in MANIFESTS])
def test_a_manifest_has_kubernetes_schema(name: str, manifest: Any) -> None:
    kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def test_a_misspelt_field_is_no_schema() -> None:
    manifest = copy.deepcopy(gpu_deployment())
    manifest["spec"]["template"]["spec"]["securityContext"]["runAsNonroot"] = True
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


PODS = [(name, pod_of(manifest)) for name, manifest in MANIFESTS if pod_of(manifest)]


def test_there_are_pods() -> None:
    assert [name for name, _ in PODS] == [
        "flink/kubernetes/jobmanager.yaml",
        "flink/kubernetes/taskmanager.yaml",
        "serving/kubernetes/base/deployment.yaml",
        "serving/kubernetes/fetch/job.yaml",
        "serving/kubernetes/gpu",
        "serving/kubernetes/gateway",
    ]


@pytest.mark.parametrize(("name", "pod"), PODS, ids=[name for name, _ in PODS])
def test_a_pod_keeps_the_standard_and_more(name: str, pod: Any) -> None:
    assert violations(pod) == []
    assert pod["automountServiceAccountToken"] is False
    for container in pod["containers"]:
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        resources = container["resources"]
        assert {"cpu", "memory", "ephemeral-storage"} <= set(resources["requests"])
        assert {"memory", "ephemeral-storage"} <= set(resources["limits"])
        assert {mount["mountPath"] for mount in container["volumeMounts"]} >= {"/tmp"}
        tag = container["image"].partition(":")[2]
        assert tag and tag != "latest"
    for volume in pod["volumes"]:
        assert "sizeLimit" in volume.get("emptyDir", {"sizeLimit": ""})


@pytest.mark.parametrize(
    "name", ["serving/kubernetes/base/deployment.yaml", "serving/kubernetes/gpu"]
)
def test_servers_are_on_several_nodes(name: str) -> None:
    constraints = dict(PODS)[name]["topologySpreadConstraints"]
    hosts = [each for each in constraints if "hostname" in each["topologyKey"]]
    assert [one["whenUnsatisfiable"] for one in hosts] == ["DoNotSchedule"]


def _set(value: Any, *path: Any) -> Callable[[Any], None]:
    def change(pod: Any) -> None:
        node = pod
        for part in path[:-1]:
            node = node[part] if isinstance(node, list) else node.setdefault(part, {})
        if value is None:
            del node[path[-1]]
        else:
            node[path[-1]] = value

    return change


_CONTEXT = ("containers", 0, "securityContext")
_FAULTS = {
    "hostNetwork": _set(True, "hostNetwork"),
    "hostPID": _set(True, "hostPID"),
    "hostIPC": _set(True, "hostIPC"),
    "volume types": _set([{"name": "x", "hostPath": {"path": "/"}}], "volumes"),
    "sysctls": _set([{"name": "kernel.msgmax"}], "securityContext", "sysctls"),
    "privileged": _set(True, *_CONTEXT, "privileged"),
    "allowPrivilegeEscalation": _set(None, *_CONTEXT, "allowPrivilegeEscalation"),
    "capabilities.drop": _set(["NET_RAW"], *_CONTEXT, "capabilities", "drop"),
    "capabilities.add": _set(["SYS_ADMIN"], *_CONTEXT, "capabilities", "add"),
    "procMount": _set("Unmasked", *_CONTEXT, "procMount"),
    "hostPort": _set([{"hostPort": 80}], "containers", 0, "ports"),
    "probe host": _set("169.254.169.254", "containers", 0, "livenessProbe", "tcpSocket", "host"),
    "runAsNonRoot": _set(None, "securityContext", "runAsNonRoot"),
    "seccompProfile": _set("Unconfined", "securityContext", "seccompProfile", "type"),
    "runAsUser": _set(0, *_CONTEXT, "runAsUser"),
    "hostProcess": _set(True, "securityContext", "windowsOptions", "hostProcess"),
    "seLinuxOptions": _set("spc_t", *_CONTEXT, "seLinuxOptions", "type"),
    "appArmorProfile": _set("Unconfined", *_CONTEXT, "appArmorProfile", "type"),
}


@pytest.mark.parametrize("rule", _FAULTS)
def test_a_planted_fault_breaks_its_rule(rule: str) -> None:
    pod = copy.deepcopy(PODS[0][1])
    _FAULTS[rule](pod)
    assert set(violations(pod)) == {rule}


def test_no_manifest_is_overlooked() -> None:
    found = {path.name for path in DEPLOY.rglob("*") if path.suffix in (".yaml", ".yml", ".json")}
    plain = {"flink-conf.yaml", "docker-compose.yaml", "prometheus.yaml", "kustomization.yaml"}
    plain |= {"alerts.yaml", "alerts-test.yaml"}
    assert found - plain == {Path(name).name for name, _ in MANIFESTS} - {"gpu", "gateway"}
