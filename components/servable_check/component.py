"""ServableCheck: loads the servable in a process with TensorFlow alone, and gates the push.

TFX's InfraValidator does this with a Docker or Kubernetes engine. Here a clean process stands in
for the server. It also checks that the servable's probabilities equal the trained model's.
"""

import json
import os
import posixpath
import subprocess
import sys
import tempfile
from pathlib import Path

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.blessing_reasons import reasons_text
from schemas import artifacts, features, signatures
from schemas.documents.servable import ProbeRequest, ProbeResult, Servable
from system import secrets
from system.storage import exists, open_file

PROBE = Path(__file__).with_name("probe.py")
TIMEOUT = 900.0
"""Seconds; loading takes some 20, predicting a few."""

_BLESSED_KEY = "blessed"  # The property of an InfraBlessing that TFX's Pusher reads.


class ProbeError(RuntimeError):
    """A clean process that ended without a result."""


@component
def ServableCheck(
    model: InputArtifact[standard_artifacts.Model],
    model_run: InputArtifact[standard_artifacts.ModelRun],
    blessing: OutputArtifact[standard_artifacts.InfraBlessing],
    code: Parameter[str],
) -> None:
    """Checks a servable and writes ``schemas.artifacts.SERVABLE_JSON``.

    A servable that fails is no error: it is not blessed, and not pushed.

    Args:
      model: the Trainer's export.
      model_run: the Trainer's output with Examples and the trained model's probabilities of them.
      blessing: in the form that TFX's Pusher reads.
      code: version of our code; used in the cache key alone.
    """
    del code
    scenes = posixpath.join(model_run.uri, artifacts.EXPECTED_SCENES)
    result = probe(
        path_utils.serving_model_path(model.uri),
        posixpath.join(model_run.uri, artifacts.EXPECTED_RECORDS),
        posixpath.join(model_run.uri, artifacts.EXPECTED_JSON),
        scenes if exists(scenes) else "",
    )
    passed = all(check["passed"] for check in result["checks"])
    document: Servable = {"passed": passed, **result}
    with open_file(posixpath.join(blessing.uri, artifacts.SERVABLE_JSON), "w") as file:
        file.write(json.dumps(document, ensure_ascii=False, indent=1))
    blessing.set_int_custom_property(_BLESSED_KEY, int(passed))
    failed = [check["message"] for check in result["checks"] if not check["passed"]]
    reasons = reasons_text(failed, len(result["checks"]))
    blessing.set_string_custom_property(artifacts.REASONS, reasons)


def probe(servable: str, records: str, expected: str, scenes: str = "") -> ProbeResult:
    """Runs the probe in a clean process and returns its result.

    Args:
      servable: SavedModel folder.
      records: TFRecord file of Examples.
      expected: file with ``schemas.documents.servable.Expected``.
      scenes: TFRecord file of Examples with scenes; "" where the servable has no locator.

    Raises:
      ProbeError: the process died. The cause may be the machine (memory), so this is no failed
        check: TFX's cache would reuse a failed check, but not a node that raised.
      subprocess.TimeoutExpired: it hung.
    """
    request = probe_request(servable, records, expected, scenes)
    with tempfile.TemporaryDirectory() as folder:
        request_file, result_file = Path(folder, "request.json"), Path(folder, "result.json")
        request_file.write_text(json.dumps(request), encoding="utf-8")
        completed = subprocess.run(
            # -I keeps PYTHONPATH, the user's packages and our own folder out.
            [sys.executable, "-I", str(PROBE), str(request_file), str(result_file)],
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            env={**_environment(servable), "TF_CPP_MIN_LOG_LEVEL": "2"},
            check=False,
        )
        if completed.returncode != 0:
            raise ProbeError(
                "The clean process must end with exit code 0. Received: "
                f"{completed.returncode}, and on stderr: {completed.stderr[-2000:]}"
            )
        result: ProbeResult = json.loads(result_file.read_text(encoding="utf-8"))
        return result


def probe_request(servable: str, records: str, expected: str, scenes: str = "") -> ProbeRequest:
    """Returns what the clean process is given; the arguments are those of ``probe``."""
    return {
        "servable": servable,
        "records": records,
        "expected": expected,
        "scenes": scenes,
        "scene_feature": features.SCENE,
        "by_photo": signatures.SERVE_IMAGE,
        "found": signatures.FOUND,
        "no_animal": signatures.STATUS_NO_ANIMAL,
        "image_feature": features.IMAGE,
        "signatures": [
            *(signatures.SERVE_IMAGE, signatures.SERVE_BOX),
            *(signatures.SERVE_EXAMPLE, signatures.SERVE_BULK),
        ],
        "by_example": signatures.SERVE_EXAMPLE,
        "examples": signatures.EXAMPLES,
        "by_box": signatures.SERVE_BOX,
        "image": signatures.IMAGE_BYTES,
        "box": signatures.BOX,
        "status": signatures.STATUS,
        "ok": signatures.STATUS_OK,
        "mood": signatures.MOOD,
        "moods": signatures.MOODS,
        "probabilities": signatures.PROBABILITIES,
    }


def _environment(servable: str) -> dict[str, str]:
    """Returns the environment of the clean process: a servable is a program, maybe of others."""
    if "://" in servable:  # The object store may know this machine by a key in the environment.
        return {
            name: value for name, value in os.environ.items() if not name.startswith(secrets.OURS)
        }
    return secrets.without_secrets(os.environ)
