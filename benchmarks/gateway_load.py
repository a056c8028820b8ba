"""Latency through the gateway, beside the same server without it, under one steady load.

The server speaks TensorFlow Serving's REST form (``testing.serving.fake_serving``) around a network
that costs next to nothing, in a process of its own; TensorFlow Serving itself could not be had.
Requests of one photo leave at fixed times, whether those before are answered or not, and go to the
sides in turns:

- bare: straight to the server;
- predict: the same body through the gateway;
- mood: the photo to ``POST /v1/mood``;
- logged: the same through a second gateway, which logs every request.

Prints a line of JSON for each side: latencies in ms, what a side adds to the bare server's, and the
processor time that the gateway took for a request, its log's process apart.

    uv run python -m benchmarks.gateway_load --rate 20 --requests 1000
"""

import asyncio
import base64
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil

from benchmarks import flags, pictures
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


async def _latencies(
    requests: dict[str, tuple[str, bytes]], rate: float, count: int
) -> tuple[dict[str, list[float]], dict[str, list[str]]]:
    """Returns the seconds of each request by side, and the errors of those that failed."""
    found: dict[str, list[float]] = {side: [] for side in requests}
    failed: dict[str, list[str]] = {side: [] for side in requests}
    # The gateway closes connections that are idle for five seconds.
    limits = httpx.Limits(max_keepalive_connections=64, keepalive_expiry=2)
    async with httpx.AsyncClient(limits=limits, timeout=60, trust_env=False) as client:

        async def ask(side: str) -> None:
            url, body = requests[side]
            began = time.perf_counter()
            try:
                (await client.post(url, content=body)).raise_for_status()
            except httpx.HTTPError as error:
                failed[side].append(f"{type(error).__name__}: {error}"[:100])
            else:
                found[side].append(time.perf_counter() - began)

        for side in requests:
            for _ in range(_WARM_UP):
                await ask(side)
            found[side].clear()
            failed[side].clear()
        tasks = []
        began = time.perf_counter()
        for number in range(count):
            for place, side in enumerate(requests):
                at = began + (number * len(requests) + place) / rate
                await asyncio.sleep(max(0.0, at - time.perf_counter()))
                tasks.append(asyncio.create_task(ask(side)))
        await asyncio.gather(*tasks)
    return found, failed


def measured(rate: float, count: int, work: Path) -> Iterator[dict[str, Any]]:
    """Yields the figures of each side."""
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
        server, _ = stack.enter_context(process(me))
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
        before = [_cpu(plain_process), _cpu(logging_process)]
        found, failed = asyncio.run(_latencies(requests, rate, count))
        plain_cpu = (_cpu(plain_process) - before[0]) / (2 * (count + _WARM_UP))
        logging_cpu = (_cpu(logging_process) - before[1]) / (count + _WARM_UP)
    bare = _percentiles(found[BARE])
    for side in SIDES:
        figures = _percentiles(found[side])
        line = {"side": side, "requests": count, "rate": rate, "photo_bytes": len(photo)}
        line |= {"failed": len(failed[side]), "first_failure": (failed[side] or [""])[0]}
        line |= {f"{name}_ms": round(value, 2) for name, value in figures.items()}
        if side != BARE:
            line |= {f"adds_{n}_ms": round(v - bare[n], 2) for n, v in figures.items()}
            line["cpu_ms"] = round(1000 * (logging_cpu if side == LOGGED else plain_cpu), 2)
        yield line


def _percentiles(seconds: Sequence[float]) -> dict[str, float]:
    values = np.percentile(seconds, [50, 95, 99]) * 1000
    return dict(zip(("p50", "p95", "p99"), map(float, values), strict=True))


def _cpu(one: psutil.Process) -> float:
    times = one.cpu_times()
    return times.user + times.system


def main() -> None:
    """Runs the command line."""
    parser = flags.parser(__doc__ or "")
    flags.add_number(parser, "--rate", 20, "requests a second, of all sides together")
    flags.add_number(parser, "--requests", 1000, "requests to each side")
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
            for line in measured(args.rate, args.requests, Path(folder)):
                print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
