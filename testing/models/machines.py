"""Several machines that train together, as processes of this one."""

import contextlib
import json
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from testing.processes.forked import Forked

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


def started(folder: Path, name: str, call: dict[str, Any], **environment: str) -> Forked:
    """Starts ``device_process.py`` with a call."""
    path = folder / f"{name}.json"
    path.write_text(json.dumps(call), "utf-8")
    return Forked([_SCRIPT, str(path)], environment=environment)


def two_started(folder: Path, call: dict[str, Any]) -> list[Forked]:
    """Starts two that are told of each other; the first is the one that writes."""
    cluster = addresses({"worker": 2})
    return [
        started(folder, f"worker {index}", call, TF_CONFIG=tf_config(cluster, "worker", index))
        for index in range(2)
    ]


def wait(processes: Sequence[Forked]) -> list[str]:
    """Waits until all have ended well, and returns what they printed."""
    try:
        for process in processes:
            assert process.wait() == 0, process.output()[-5000:]
    finally:
        for process in processes:
            process.kill()
    return [process.output() for process in processes]
