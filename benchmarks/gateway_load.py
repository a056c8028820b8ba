"""Latency through the gateway, beside the same server without it, under one steady load.

The server speaks TensorFlow Serving's REST form (``testing.serving.fake_serving``) around a network
that costs next to nothing, in a process of its own; TensorFlow Serving itself could not be had.
Requests of one photo leave at fixed times, whether those before are answered or not. Each round has
one to each side, in a drawn order, so that other work on the machine meets all of them:

- bare: straight to the server;
- predict: the same body through the gateway;
- mood: the photo to ``POST /v1/mood``;
- logged: the same through a second gateway, which logs every request.

Then the same requests one at a time, each after a pause, so that the processor time of each can be
told.

Prints a line of JSON for each side: latencies in ms; what a side adds to the bare server's, the
median of the rounds' differences and the difference of the 99th percentiles, each with a 95 %
interval; the same of the requests one at a time ("alone"); and the processor time that the gateway
took for a request, its log's process apart: the mean under load, and of the others the median and
the 99th percentile. On a machine with other work that time says more than latencies do.

    uv run python -m benchmarks.gateway_load --rate 20 --requests 1000
"""

import base64
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import psutil
import uvloop

from benchmarks import flags, pictures
from benchmarks.request_rounds import Array, Client, Requests, added, run_seconds
from testing.paths import ROOT

BARE, PREDICT, MOOD, LOGGED = "bare", "predict", "mood", "logged"
SIDES = (BARE, PREDICT, MOOD, LOGGED)
_WARM_UP = 50
"""Requests to each side before the measurement: the first ones trace the network."""


def serve(folder: Path) -> None:
    """Runs the server until its input ends; prints its address."""
    from testing.serving.fake_rest import serve_rest
    from testing.serving.fake_serving import FakeServing

    with serve_rest(FakeServing("pet_mood", folder)) as address:
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()
        sys.stdin.read()


def write_servable(folder: Path) -> None:
    """Writes a version around the tests' network, in a process of its own."""
    from dataset.settings import DataSettings
    from models.servable import export
    from models.servable.serving_spec import ServingSpec
    from testing.models import quadrants

    spec = ServingSpec(quadrants.MOODS, quadrants.SIDE, DataSettings().box_margin)
    export.write_servable(quadrants.quadrant_network(), spec, "none", str(folder / "1"))


@contextlib.contextmanager
def process(command: Sequence[str]) -> Iterator[tuple[str, psutil.Process]]:
    """Runs a program that prints its address, and yields that and the process."""
    with subprocess.Popen(
        [sys.executable, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    ) as running:
        try:
            assert running.stdout is not None
            line = running.stdout.readline()
            yield line.rpartition(" ")[2].strip().rstrip("/"), psutil.Process(running.pid)
        finally:
            running.terminate()


async def _asked(
    requests: Requests, processes: Mapping[str, int], rate: float, rounds: int
) -> tuple[Array, Array, Array, float, list[str]]:
    # The gateway closes connections that are idle for five seconds.
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=2)
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        client = Client(session, requests)
        for side in requests:
            for _ in range(_WARM_UP):
                await client.ask(side)
        before = run_seconds(processes[MOOD])
        loaded = await client.at_rate(rate, rounds)
        mean = (run_seconds(processes[MOOD]) - before) / (2 * rounds)
        alone, cpu = await client.alone(processes, rounds)
    return loaded, alone, cpu, mean, client.failures


def go_first(processes: Sequence[psutil.Process]) -> None:
    """Lets processes, and this one, run before all others of this machine; the log's stays behind.

    Raises:
      PermissionError: it needs root rights.
    """
    for one in (psutil.Process(), *processes):
        for thread in one.threads():
            os.sched_setscheduler(thread.id, os.SCHED_RR, os.sched_param(1))


def measured(rate: float, count: int, work: Path, *, first: bool) -> Iterator[dict[str, Any]]:
    """Yields the figures of each side; see ``go_first``."""
    subprocess.run(
        [sys.executable, "-m", "benchmarks.gateway_load", "--write", str(work / "pet_mood")],
        check=True,
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    )
    photo = pictures.jpeg(pictures.photo(480, 640, 0), 90, "4:2:0")
    body = json.dumps({"instances": [{"b64": base64.b64encode(photo).decode()}]}).encode()
    me = ["-m", "benchmarks.gateway_load", "--serve", str(work / "pet_mood")]
    common = ["serve.py", "--port", "0", "--set", "limit.photos_per_second=0", "--server"]
    with contextlib.ExitStack() as stack:
        server, server_process = stack.enter_context(process(me))
        plain, plain_process = stack.enter_context(process([*common, server]))
        log = ["--set", f"log.folder={work / 'log'}"]
        logging, logging_process = stack.enter_context(process([*common, server, *log]))
        predict = "/v1/models/pet_mood:predict"
        requests = {
            BARE: (f"{server}{predict}", body),
            PREDICT: (f"{plain}{predict}", body),
            MOOD: (f"{plain}/v1/mood", photo),
            LOGGED: (f"{logging}/v1/mood", photo),
        }
        if first:
            go_first([server_process, plain_process, logging_process])
        ids = [one.pid for one in (server_process, plain_process, plain_process, logging_process)]
        processes = dict(zip(SIDES, ids, strict=True))
        loaded, alone, cpu, mean, failures = uvloop.run(_asked(requests, processes, rate, count))
    for place, side in enumerate(SIDES):
        line: dict[str, Any] = {"side": side, "rounds": count, "rate": rate, "first": first}
        line |= {"photo_bytes": len(photo), "load": os.getloadavg()[0], "cpus": os.cpu_count()}
        mine = [each for each in failures if each.startswith(f"{side}:")]
        line |= {"failed": len(mine), "first_failure": (mine or [""])[0]}
        for name, values in (("", loaded), ("alone_", alone)):
            line |= {f"{name}{key}": each for key, each in _percentiles(values[:, place]).items()}
            if side != BARE:
                adds = added(values[:, place], values[:, 0])
                line |= {f"{name}adds_{key}": each for key, each in adds.items()}
        if side != BARE:
            line |= {f"alone_cpu_{key}": each for key, each in _percentiles(cpu[:, place]).items()}
        if side in (PREDICT, MOOD):
            line["cpu_ms"] = round(1000 * mean, 2)
        yield line


def _percentiles(seconds: Array) -> dict[str, float]:
    return {f"p{q}_ms": round(1000 * float(np.nanpercentile(seconds, q)), 2) for q in (50, 95, 99)}


def main() -> None:
    """Runs the command line."""
    parser = flags.parser(__doc__ or "")
    flags.add_number(parser, "--rate", 20, "requests a second, of all sides together")
    flags.add_number(parser, "--requests", 1000, "requests to each side, a round each")
    parser.add_argument(
        "--first",
        action="store_true",
        help="runs before all other work of this machine, as root, so that it does not count",
    )
    parser.add_argument("--serve", type=Path, help="runs the server of a folder of versions")
    parser.add_argument("--write", type=Path, help="writes such a folder")
    args = parser.parse_args()
    if args.serve is not None:
        serve(args.serve)
    elif args.write is not None:
        args.write.mkdir()
        write_servable(args.write)
    else:
        with tempfile.TemporaryDirectory() as folder:
            for line in measured(args.rate, args.requests, Path(folder), first=args.first):
                print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
