"""Several machines that train together, as processes of this one."""

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_SCRIPT = str(Path(__file__).with_name("device_process.py"))


def addresses(counts: Mapping[str, int]) -> dict[str, list[str]]:
    """Returns a cluster as TF_CONFIG has it: free ports of this machine by job."""
    with contextlib.ExitStack() as stack:

        def free() -> str:
            port = stack.enter_context(socket.socket())
            port.bind(("localhost", 0))
            return f"localhost:{port.getsockname()[1]}"

        return {job: [free() for _ in range(count)] for job, count in counts.items()}


def tf_config(cluster: Mapping[str, Sequence[str]], job: str, index: int) -> str:
    """Returns what a machine is told of itself and the others."""
    return json.dumps({"cluster": cluster, "task": {"type": job, "index": index}})


def started(folder: Path, name: str, call: dict[str, Any], **environment: str) -> Any:
    """Starts ``device_process.py`` with a call."""
    path = folder / f"{name}.json"
    path.write_text(json.dumps(call), "utf-8")
    # A device that has nothing to evaluate gets an empty batch, of which oneDNN's fused
    # convolutions make a wrong shape (docs/decisions/0010-fast-step.md).
    environment |= {"PYTHONPATH": os.getcwd(), "TF_ENABLE_ONEDNN_OPTS": "0"}
    return subprocess.Popen(
        [sys.executable, _SCRIPT, str(path)],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def two_started(folder: Path, call: dict[str, Any]) -> list[Any]:
    """Starts two that are told of each other; the first is the one that writes."""
    cluster = addresses({"worker": 2})
    return [
        started(folder, f"worker {index}", call, TF_CONFIG=tf_config(cluster, "worker", index))
        for index in range(2)
    ]


def wait(processes: Sequence[Any]) -> list[str]:
    """Waits until all have ended well, and returns what they printed."""
    outputs = []
    try:
        for process in processes:
            output, _ = process.communicate(timeout=900)
            assert process.returncode == 0, output[-5000:]
            outputs.append(output)
    finally:
        for process in processes:
            process.kill()
    return outputs
