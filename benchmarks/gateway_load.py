"""Latency through the gateway, beside the same server without it, under one steady load.

The server speaks TensorFlow Serving's REST form (``testing.serving.fake_serving``) around a network
that costs next to nothing, in a process of its own; TensorFlow Serving itself could not be had.
Requests of one photo leave at fixed times, whether those before are answered or not. Each round has
one to each side, in a drawn order, so that other work on the machine meets all of them:

- bare: straight to the server;
- predict: the same body through the gateway;
- mood: the photo to ``POST /v1/mood``;
- logged: the same through a second gateway, which logs every request.

Prints a line of JSON for each side: latencies in ms; what a side adds to the bare server's, the
median of the rounds' differences and the difference of the 99th percentiles, each with a 95 %
interval; and the processor time that the gateway took for a request, its log's process apart.

    uv run python -m benchmarks.gateway_load --rate 20 --requests 1000
"""

import asyncio
import base64
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import numpy.typing as npt
import psutil
import uvloop

from benchmarks import flags, pictures
from testing.paths import ROOT

BARE, PREDICT, MOOD, LOGGED = "bare", "predict", "mood", "logged"
SIDES = (BARE, PREDICT, MOOD, LOGGED)
_WARM_UP = 50
"""Requests to each side before the measurement: the first ones trace the network."""
_BLOCK, _DRAWS = 10, 1000
"""Rounds that are drawn together for the intervals, as other work lasts longer than a round; and
how often they are drawn."""
Array = npt.NDArray[np.float64]


def serve(folder: Path) -> None:
    """Runs the server until its input ends; prints its address."""
    from testing.serving.fake_serving import FakeServing, serve_rest

    with serve_rest(FakeServing("pet_mood", folder)) as address:
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()
        sys.stdin.read()


def write_servable(folder: Path) -> None:
    """Writes a version around the tests' network, in a process of its own."""
    from dataset.settings import DataSettings
    from models.servable import export
    from models.servable.signatures import ServingSpec
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
    requests: dict[str, tuple[str, bytes]], rate: float, rounds: int
) -> tuple[Array, list[str]]:
    """Returns the seconds of each request, float64[rounds, sides], and errors of some that failed.

    A request that failed has NaN.
    """
    seconds = np.full((rounds, len(requests)), np.nan)
    failures: list[str] = []
    # The gateway closes connections that are idle for five seconds.
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=2)
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as client:

        async def ask(side: str) -> float:
            url, body = requests[side]
            began = time.perf_counter()
            async with client.post(url, data=body) as response:
                await response.read()
                response.raise_for_status()
            return time.perf_counter() - began

        async def measure(number: int, place: int, side: str) -> None:
            try:
                seconds[number, place] = await ask(side)
            except (aiohttp.ClientError, asyncio.TimeoutError) as error:
                failures.append(f"{side}: {type(error).__name__}: {error}"[:100])

        for side in requests:
            for _ in range(_WARM_UP):
                await ask(side)
        drawn = random.Random(0)
        tasks = []
        began = time.perf_counter()
        for number in range(rounds):
            order = [*enumerate(requests)]
            drawn.shuffle(order)
            for turn, (place, side) in enumerate(order):
                at = began + (number * len(order) + turn) / rate
                await asyncio.sleep(max(0.0, at - time.perf_counter()))
                tasks.append(asyncio.create_task(measure(number, place, side)))
        await asyncio.gather(*tasks)
    return seconds, failures


def added(side: Array, bare: Array) -> dict[str, Any]:
    """Returns what a side adds to the bare server, in ms, with 95 % intervals.

    Args:
      side: seconds, float64[rounds].
      bare: the same of the bare server.
    """
    rng = np.random.default_rng(0)
    blocks = np.arange(len(side) // _BLOCK * _BLOCK).reshape(-1, _BLOCK)

    def figures(rows: Any) -> Array:
        ninety_ninth = [float(np.nanpercentile(each[rows], 99)) for each in (side, bare)]
        median = float(np.nanmedian(side[rows] - bare[rows]))
        return 1000 * np.array([median, ninety_ninth[0] - ninety_ninth[1]])

    found = figures(slice(None))
    draws = [figures(blocks[rng.integers(len(blocks), size=len(blocks))].ravel())
             for _ in range(_DRAWS)]  # fmt: skip
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    return {
        f"adds_{name}_ms": [round(float(each[place]), 2) for each in (found, low, high)]
        for place, name in enumerate(("p50", "p99"))
    }


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
        before = [_cpu(plain_process), _cpu(logging_process)]
        seconds, failures = uvloop.run(_latencies(requests, rate, count))
        plain_cpu = (_cpu(plain_process) - before[0]) / (2 * (count + _WARM_UP))
        logging_cpu = (_cpu(logging_process) - before[1]) / (count + _WARM_UP)
    by_side = dict(zip(SIDES, seconds.T, strict=True))
    for side, values in by_side.items():
        line: dict[str, Any] = {"side": side, "rounds": count, "rate": rate}
        line |= {
            "first": first,
            "photo_bytes": len(photo),
            "load": os.getloadavg()[0],
            "cpus": os.cpu_count(),
        }
        mine = [each for each in failures if each.startswith(f"{side}:")]
        line |= {"failed": len(mine), "first_failure": (mine or [""])[0]}
        for percentile in (50, 95, 99):
            line[f"p{percentile}_ms"] = round(1000 * float(np.nanpercentile(values, percentile)), 2)
        if side != BARE:
            line |= added(values, by_side[BARE])
            line["cpu_ms"] = round(1000 * (logging_cpu if side == LOGGED else plain_cpu), 2)
        yield line


def _cpu(one: psutil.Process) -> float:
    times = one.cpu_times()
    return times.user + times.system


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
