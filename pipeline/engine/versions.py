"""What a process that runs our code must have in common with the one that sends it the work."""

import hashlib
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("schemas", "system", "dataset", "models", "components", "pipeline")
"""Those that the pipeline's image holds (deploy/Dockerfile, code-steps)."""
PROJECT = "project"
_LIBRARIES = (
    *("apache-beam", "tfx", "tfx-bsl", "tensorflow", "tensorflow-data-validation"),
    *("tensorflow-model-analysis", "numpy", "pyarrow", "pillow"),
)
"""Beam pickles the graph with one version and reads it with another; the others change results."""


def own_versions() -> dict[str, str]:
    """Returns the versions of Python, of the libraries and of this project's code, by name."""
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    versions = {PROJECT: project_hash(ROOT), "python": python}
    for name in _LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def project_hash(root: Path) -> str:
    """Returns a hash of the sources that workers run, below the project's root."""
    digest = hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def differences(here: dict[str, str], there: dict[str, str]) -> list[str]:
    """Returns a text for each version that is another one there."""
    return [
        f"{name} {there.get(name, 'unknown')}, here {version}"
        for name, version in here.items()
        if there.get(name) != version
    ]
