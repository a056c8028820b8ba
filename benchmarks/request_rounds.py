"""Requests to several servers in turns, and what one adds to another."""

import asyncio
import random
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import numpy.typing as npt

_BLOCK, _DRAWS = 10, 1000
"""Rounds that are drawn together for the intervals, as other work lasts longer than a round; and
how often they are drawn."""
_PAUSE = 0.003
"""Seconds after a request's answer, in which a server ends its work."""
Array = npt.NDArray[np.float64]
Requests = Mapping[str, tuple[str, bytes]]
"""Addresses and bodies by side."""


class Client:
    """Asks the sides, whose addresses and bodies it has."""

    def __init__(self, session: aiohttp.ClientSession, requests: Requests) -> None:
        self._session, self._requests = session, requests
        self._drawn = random.Random(0)
        self.failures: list[str] = []

    async def ask(self, side: str) -> float:
        """Returns the seconds of a request; NaN if it failed."""
        url, body = self._requests[side]
        began = time.perf_counter()
        try:
            async with self._session.post(url, data=body) as response:
                await response.read()
                response.raise_for_status()
        except (aiohttp.ClientError, asyncio.TimeoutError) as error:
            self.failures.append(f"{side}: {type(error).__name__}: {error}"[:100])
            return float("nan")
        return time.perf_counter() - began

    def order(self) -> list[tuple[int, str]]:
        """Returns the sides with their places, in a drawn order."""
        order = [*enumerate(self._requests)]
        self._drawn.shuffle(order)
        return order

    async def at_rate(self, rate: float, rounds: int) -> Array:
        """Returns the seconds of requests that leave at fixed times, float64[rounds, sides]."""
        seconds = np.full((rounds, len(self._requests)), np.nan)

        async def measure(number: int, place: int, side: str) -> None:
            seconds[number, place] = await self.ask(side)

        tasks = []
        began = time.perf_counter()
        for number in range(rounds):
            for turn, (place, side) in enumerate(self.order()):
                at = began + (number * len(self._requests) + turn) / rate
                await asyncio.sleep(max(0.0, at - time.perf_counter()))
                tasks.append(asyncio.create_task(measure(number, place, side)))
        await asyncio.gather(*tasks)
        return seconds

    async def alone(self, processes: Mapping[str, int], rounds: int) -> tuple[Array, Array]:
        """Returns the seconds of requests one at a time, and of the processors, float64[n, sides].

        Args:
          processes: ids of the sides' processes.
          rounds: requests to each side.
        """
        seconds, cpu = (np.full((rounds, len(self._requests)), np.nan) for _ in range(2))
        for number in range(rounds):
            for place, side in self.order():
                before = run_seconds(processes[side])
                seconds[number, place] = await self.ask(side)
                await asyncio.sleep(_PAUSE)
                cpu[number, place] = run_seconds(processes[side]) - before
        return seconds, cpu


def run_seconds(process: int) -> float:
    """Returns the processor time of a process since its start, to the nanosecond."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


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
        return np.array([1000 * median, 1000 * (ninety_ninth[0] - ninety_ninth[1])])

    found = figures(slice(None))
    draws = [figures(blocks[rng.integers(len(blocks), size=len(blocks))].ravel())
             for _ in range(_DRAWS)]  # fmt: skip
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    return {
        f"{name}_ms": [round(float(each[place]), 2) for each in (found, low, high)]
        for place, name in enumerate(("p50", "p99"))
    }
