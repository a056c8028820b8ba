"""The files of deploy/serving, as the tests read them."""

import re
from typing import Any

import yaml

from testing.paths import ROOT

FOLDER = ROOT / "deploy" / "serving"


def load_yaml(name: str) -> Any:
    """Returns a file of ``FOLDER``."""
    return yaml.safe_load((FOLDER / name).read_text("utf-8"))


def deployment() -> Any:
    """Returns the deployment for CPUs."""
    return load_yaml("kubernetes/base/deployment.yaml")


def containers(manifest: Any) -> dict[str, Any]:
    """Returns a deployment's containers by name."""
    return {each["name"]: each for each in manifest["spec"]["template"]["spec"]["containers"]}


def gateway_manifests() -> dict[str, Any]:
    """Returns the objects that kubernetes/gateway changes, by kind."""
    found = {}
    overlay = load_yaml("kubernetes/gateway/kustomization.yaml")
    for patch in overlay["patches"]:
        kind = patch["target"]["kind"]
        manifest = load_yaml(f"kubernetes/base/{kind.lower()}.yaml")
        assert manifest["metadata"]["name"] == patch["target"]["name"]
        for operation in yaml.safe_load(patch["patch"]):
            *parents, last = operation["path"].strip("/").split("/")
            assert (operation["op"], last) == ("add", "-")
            node: Any = manifest
            for part in parents:
                node = node[int(part) if part.isdigit() else part]
            node.append(operation["value"])
        found[kind] = manifest
    (image,) = overlay["images"]
    gateway = containers(found["Deployment"])["gateway"]
    assert gateway["image"] == image["name"]
    gateway["image"] = f"{image['newName']}:{image['newTag']}"
    return found


def gpu_deployment() -> Any:
    """Returns the deployment as kubernetes/gpu changes it."""
    overlay = load_yaml("kubernetes/gpu/kustomization.yaml")
    (patch,) = overlay["patches"]
    patched = deployment()
    assert patch["target"] == {"kind": patched["kind"], "name": patched["metadata"]["name"]}
    for operation in yaml.safe_load(patch["patch"]):
        assert operation["op"] == "replace"
        *parents, last = operation["path"].strip("/").split("/")
        node: Any = patched
        for part in parents:
            node = node[int(part) if part.isdigit() else part]
        assert node[int(last) if last.isdigit() else last]
        node[int(last) if last.isdigit() else last] = operation["value"]
    for image in overlay["images"]:
        changed = [
            each
            for each in containers(patched).values()
            if each["image"].partition(":")[0] == image["name"]
        ]
        assert changed
        for each in changed:
            each["image"] = f"{image['name']}:{image['newTag']}"
    return patched


def flags(arguments: list[str]) -> dict[str, str]:
    return dict(argument.removeprefix("--").split("=", 1) for argument in arguments)


def compose() -> Any:
    return load_yaml("docker-compose.yaml")["services"]


def server(profile: str) -> Any:
    return compose()[profile]


def default_of(image: str) -> str:
    """Returns the image where its variable is not set."""
    match = re.fullmatch(r"\$\{[A-Z_]+_IMAGE:-(\S+)\}", image)
    assert match is not None, image
    return match[1]
