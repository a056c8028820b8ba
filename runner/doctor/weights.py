"""The backbone's first weights: on this machine, in Keras' store, or in a file that is named."""

import hashlib
import urllib.error
import urllib.request
from pathlib import Path

from runner.doctor.finding import Finding, fault, ok, skipped
from runner.doctor.machine import Machine
from runner.doctor.variables import keras_home

FILE = "efficientnetb0_notop.h5"
MD5 = "50bc09e76180e00e4465e1a485ddc09d"
"""Of ``FILE``, by keras.applications.efficientnet."""
URL = f"https://storage.googleapis.com/keras-applications/{FILE}"
_SUFFIXES = (".keras", ".h5", ".hdf5")
_CHECK = "weights"


def check(machine: Machine, source: str, *, network: bool) -> Finding:
    """Returns whether a training can start from its weights.

    Args:
      machine: whose home folder has the downloaded weights.
      source: as ``model.weights``: "imagenet", "none" or a file.
      network: whether Keras' store may be asked.
    """
    if source == "none":
        return ok(_CHECK, "random ones, which need nothing")
    if source == "imagenet":
        return _check_imagenet(machine, network=network)
    if "://" in source:
        return skipped(_CHECK, f"{source} is in a bucket, which the run asks")
    path = Path(source)
    if not path.is_file():
        return fault(
            _CHECK,
            f"There is no weights file {source}",
            "Correct model.weights=FILE, or set it to imagenet or none",
        )
    if path.suffix not in _SUFFIXES:
        return fault(
            _CHECK,
            f"A weights file ends in one of {', '.join(_SUFFIXES)}. Received: {source}",
            f"Rename it, or give Keras' {FILE}",
        )
    if not path.stat().st_size:
        return fault(_CHECK, f"The weights file {source} is empty", "Copy it again")
    return ok(_CHECK, f"{source} is there; the run checks what is in it")


def _check_imagenet(machine: Machine, *, network: bool) -> Finding:
    folder = keras_home(machine)
    path = folder / "models" / FILE if folder else None
    if path is not None and path.is_file():
        if hashlib.md5(path.read_bytes()).hexdigest() == MD5:
            return ok(_CHECK, f"ImageNet's are in {path}")
        return fault(
            _CHECK,
            f"{path} is not the file that Keras offers; a download was broken off, perhaps",
            f"rm {path}, and it is downloaded again",
        )
    remedy = (
        f"Without the internet: copy {URL} from another machine to {path or 'a file'}, or name it "
        "with --set model.weights=FILE, or start from random weights (--set model.weights=none)"
    )
    if not network:
        return skipped(
            _CHECK,
            "ImageNet's are not on this machine yet; a training on own data downloads 16 MB (the "
            "sample needs none). --network asks whether it can",
            remedy,
        )
    try:
        request = urllib.request.Request(URL, method="HEAD")
        with urllib.request.urlopen(request, timeout=10):
            return ok(_CHECK, f"ImageNet's can be downloaded from {URL}")
    except (urllib.error.URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        return fault(_CHECK, f"Keras' store cannot be reached: {reason}", remedy)
