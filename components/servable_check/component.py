"""ServableCheck: loads the servable where only TensorFlow is, and gates the push.

TFX's InfraValidator does this with a Docker or Kubernetes engine; here a clean process
stands in for the server, and asks more: whether it says what the trained model said.
"""

import json
import os
import posixpath
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from schemas import artifacts, signatures
from system.storage import open_file

PROBE = Path(__file__).with_name("probe.py")
TIMEOUT = 900.0
"""Seconds; loading takes some 20, answering a few."""

_BLESSED_KEY = "blessed"  # What TFX's Pusher reads of an InfraBlessing.


class ProbeError(RuntimeError):
    """A clean process that ended without an answer."""


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
      model_run: the Trainer's; holds Examples and the trained model's answers to them.
      blessing: as TFX's Pusher reads it.
      code: version of our code; only there to be part of the cache key.
    """
    del code
    answer = probe(
        path_utils.serving_model_path(model.uri),
        posixpath.join(model_run.uri, artifacts.EXPECTED_RECORDS),
        posixpath.join(model_run.uri, artifacts.EXPECTED_PROBABILITIES),
    )
    passed = all(check["passed"] for check in answer["checks"])
    with open_file(posixpath.join(blessing.uri, artifacts.SERVABLE_JSON), "w") as file:
        file.write(json.dumps({"passed": passed, **answer}, ensure_ascii=False, indent=1))
    blessing.set_int_custom_property(_BLESSED_KEY, int(passed))


def probe(servable: str, records: str, expected: str) -> dict[str, Any]:
    """Runs the probe in a clean process and returns its answer.

    Args:
      servable: SavedModel folder.
      records: TFRecord file of Examples.
      expected: .npy file, float32[n, k], the trained model's answers.

    Returns:
      ``{"pictures": n, "checks": [...]}``.

    Raises:
      ProbeError: the process died. That may be the machine's fault (memory), and a node that
        raises is not remembered by TFX's cache as a failed check would be.
      subprocess.TimeoutExpired: it hung.
    """
    request = {
        "servable": servable,
        "records": records,
        "expected": expected,
        "signatures": [
            *(signatures.SERVE_IMAGE, signatures.SERVE_BOX),
            *(signatures.SERVE_EXAMPLE, signatures.SERVE_BULK),
        ],
        "signature": signatures.SERVE_EXAMPLE,
        "input": signatures.EXAMPLES,
        "status": signatures.STATUS,
        "ok": signatures.STATUS_OK,
        "mood": signatures.MOOD,
        "probabilities": signatures.PROBABILITIES,
    }
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder, "request.json"), Path(folder, "answer.json")
        asked.write_text(json.dumps(request), encoding="utf-8")
        done = subprocess.run(
            # -I keeps PYTHONPATH, the user's packages and our own folder out.
            [sys.executable, "-I", str(PROBE), str(asked), str(answered)],
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"},
            check=False,
        )
        if done.returncode != 0:
            raise ProbeError(
                f"The clean process ended with {done.returncode} and no answer. "
                f"{done.stderr[-2000:]}"
            )
        answer: dict[str, Any] = json.loads(answered.read_text(encoding="utf-8"))
        return answer
