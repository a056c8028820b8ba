"""Environment variables and files of the home folder that change how the libraries work."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from runner.doctor.finding import Finding, fault, ok, warning
from runner.doctor.machine import Machine

_OUR_PACKAGES = ("schemas", "system", "dataset", "models", "components", "pipeline", "runner")
_PROJECT = Path(__file__).parents[2]


def check(machine: Machine) -> Iterator[Finding]:
    """Yields what the environment and the home folder get in the way of."""
    yield from _check_encoding(machine)
    yield _check_home(machine)
    yield _check_keras(machine)
    yield _check_tf_config(machine)
    yield _check_shadows(machine)
    if machine.environment.get("PYTHONDONTWRITEBYTECODE"):
        yield warning(
            "bytecode",
            "PYTHONDONTWRITEBYTECODE is set: every process compiles TensorFlow and TFX again",
            "Unset it",
        )


def _check_encoding(machine: Machine) -> Iterator[Finding]:
    named = next(
        (
            machine.environment[name]
            for name in ("LC_ALL", "LC_CTYPE", "LANG")
            if name in machine.environment
        ),
        "none",
    )
    if sys.getfilesystemencoding().lower() != "utf-8":
        yield fault(
            "locale",
            "Names of files must be UTF-8, or Hangul in paths cannot be used. "
            f"Received: {sys.getfilesystemencoding()}, of the locale {named}",
            "export LC_ALL=C.UTF-8, and unset PYTHONUTF8 and PYTHONCOERCECLOCALE",
        )
    else:
        yield ok("locale", f"file names are UTF-8 ({named})")
    encoding = (sys.stdout.encoding or "").lower().replace("_", "-")
    if encoding != "utf-8":
        yield warning(
            "output encoding",
            f"The standard output is {encoding or 'unknown'}: moods are printed as escapes",
            "export LC_ALL=C.UTF-8, and unset PYTHONIOENCODING",
        )


def _check_home(machine: Machine) -> Finding:
    home = machine.home
    if home is None or not os.access(home, os.W_OK | os.X_OK):
        return warning(
            "home folder",
            f"There is no home folder that can be written. Received: {home or 'no HOME'}. "
            "Downloaded weights are lost at the end of a command",
            "Set HOME, or KERAS_HOME, to a lasting folder",
        )
    return ok("home folder", str(home))


def keras_home(machine: Machine) -> Path | None:
    """Returns the folder of Keras' settings and weights; None without a home folder."""
    if named := machine.environment.get("KERAS_HOME"):
        return Path(named)
    return machine.home / ".keras" if machine.home else None


def _check_keras(machine: Machine) -> Finding:
    backend, source = machine.environment.get("KERAS_BACKEND"), "KERAS_BACKEND"
    folder = keras_home(machine)
    path = folder / "keras.json" if folder else None
    stored = {}
    if path is not None and path.is_file():
        try:
            stored = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            return fault("Keras", f"{path} must be JSON. Received: {error}", f"rm {path}")
    if not isinstance(stored, dict):
        return fault("Keras", f"{path} must be a JSON object", f"rm {path}")
    if not backend:
        backend, source = stored.get("backend", "tensorflow"), str(path)
    if backend != "tensorflow":
        return fault(
            "Keras",
            f"Keras must compute with TensorFlow. Received: {backend} of {source}",
            "unset KERAS_BACKEND"
            if source == "KERAS_BACKEND"
            else f'Write "backend": "tensorflow" into {path}',
        )
    order = stored.get("image_data_format", "channels_last")
    if order != "channels_last":
        return fault(
            "Keras",
            f"Pictures have their channels last. Received: {order} of {path}",
            f'Write "image_data_format": "channels_last" into {path}',
        )
    if machine.environment.get("TF_USE_LEGACY_KERAS", "0").lower() in ("1", "true"):
        return fault(
            "Keras",
            "TF_USE_LEGACY_KERAS is set: TensorFlow then takes Keras 2, which cannot read this "
            "project's checkpoints",
            "unset TF_USE_LEGACY_KERAS",
        )
    return ok("Keras", "computes with TensorFlow")


def _check_tf_config(machine: Machine) -> Finding:
    text = machine.environment.get("TF_CONFIG")
    if not text:
        return ok("TF_CONFIG", "not set: this machine trains alone")
    try:
        document = json.loads(text)
        cluster, task = document["cluster"], document["task"]
        workers = [name for job in ("chief", "worker") for name in cluster.get(job, ())]
        cluster[task["type"]][task["index"]]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        return fault(
            "TF_CONFIG",
            "TF_CONFIG must be JSON with a cluster and this machine's task in it. "
            f"Received: {type(error).__name__} ({error})",
            "unset TF_CONFIG to train on this machine alone",
        )
    return warning(
        "TF_CONFIG",
        f"The training will wait for {len(workers)} machines",
        "unset TF_CONFIG to train on this machine alone",
    )


def _check_shadows(machine: Machine) -> Finding:
    for folder in filter(None, machine.environment.get("PYTHONPATH", "").split(os.pathsep)):
        if Path(folder).resolve() == _PROJECT:
            continue
        for name in _OUR_PACKAGES:
            found = (Path(folder, name), Path(folder, f"{name}.py"))
            if there := [path for path in found if path.exists()]:
                return fault(
                    "PYTHONPATH",
                    f"PYTHONPATH has another module of this project's name {name}: {there[0]}",
                    "unset PYTHONPATH",
                )
    return ok("PYTHONPATH", "hides nothing")
