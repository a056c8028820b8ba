"""The gateway's side of the request log: it tells the log's process, and never waits for it."""

import asyncio
import contextlib
import os
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import orjson

from gateway.figures import Figures
from gateway.log.entries import Entry, encoded
from gateway.log.writer import FAILED
from gateway.settings import LogSettings
from schemas.errors import ConfigError
from system.secrets import without_secrets
from system.web.outcomes import OutcomeCounts

_ROOT = Path(__file__).resolve().parents[2]
_RESTART_SECONDS = 1.0
_END_SECONDS = 20.0
"""For the last rows to be measured and written when the gateway ends."""
LEFT_OUT, LOG_FAILED = "left_out", "log_failed"


class LogFeed:
    """Sends requests to the log's process, which is started again if it dies."""

    def __init__(self, settings: LogSettings, figures: Figures, outcomes: OutcomeCounts) -> None:
        self._settings, self._figures, self._outcomes = settings, figures, outcomes
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._is_ending = False

    def wants_next(self) -> bool:
        """Returns whether the next request is one of those that are logged."""
        share = self._settings.share
        return bool(self._settings.folder) and (share >= 1 or random.random() < share)

    def add(self, entry: Entry, photos: Sequence[bytes]) -> None:
        """Sends a request, or leaves it out if too much waits; returns at once."""
        pipe = self._process.stdin if self._process else None
        rows = len(entry["rows"])
        size = sum(map(len, photos))
        if (
            pipe is None
            or pipe.is_closing()
            or pipe.transport.get_write_buffer_size() + size > self._settings.queue_bytes
        ):
            self._figures.log_rows.labels(LEFT_OUT).inc(rows)
            return
        pipe.write(encoded(entry, photos))

    async def start(self) -> None:
        """Starts the process, if there is a log."""
        if self._settings.folder:
            await self._spawn()
            self._keeping = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Waits for the last rows."""
        self._is_ending = True
        if self._process is None or self._keeping is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(asyncio.shield(self._keeping), _END_SECONDS)
        except (TimeoutError, asyncio.TimeoutError):
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._keeping

    async def _spawn(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway.log.writer", self._settings.to_json()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=_ROOT,
            env=without_secrets(os.environ),
        )

    async def _keep(self) -> None:
        """Reads what the process tells, and starts another when it has died."""
        while True:
            assert self._process is not None and self._process.stdout is not None
            async for line in self._process.stdout:
                self._told(line)
            await self._process.wait()
            if self._is_ending:
                return
            self._outcomes.record(
                LOG_FAILED,
                f"The log's process has ended ({self._process.returncode}); its rows "
                "that were not written are lost. Another one is started",
            )
            await asyncio.sleep(_RESTART_SECONDS)
            await self._spawn()

    def _told(self, line: bytes) -> None:
        told = orjson.loads(line)
        self._figures.log_rows.labels(told["outcome"]).inc(told["rows"])
        if told["outcome"] == FAILED:
            self._outcomes.record(
                LOG_FAILED, f"{told['rows']} rows of the request log are lost: {told['reason']}"
            )


def check_folder(settings: LogSettings) -> LogSettings:
    """Returns the settings with an absolute folder, which exists and can be written.

    Raises:
      ConfigError: it cannot.
    """
    if not settings.folder:
        return settings
    folder = Path(settings.folder).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / f".trial-{os.getpid()}"
        trial.write_bytes(b"")
        trial.unlink()
    except OSError as error:
        raise ConfigError(
            f"log.folder must be a folder that can be written. Received: {folder} "
            f"({error.strerror}). Name another one, or leave it out to keep no log"
        ) from error
    return settings.replace(folder=str(folder))
