"""A model for tests of the gateway that need no TensorFlow, and a service around it."""

import asyncio
import io
from collections.abc import Sequence
from typing import Any

from PIL import Image

from gateway.calls import Answer, Call, Target
from gateway.entry.access import Tokens
from gateway.figures import Figures
from gateway.log.feed import LogFeed
from gateway.service import Service
from gateway.settings import LimitSettings, LogSettings
from gateway.upstream.interface import NoSuchModelError, VersionState
from system.web.outcomes import OutcomeCounts


def encoded(kind: str, size: tuple[int, int] = (60, 40), **options: Any) -> bytes:
    """Returns a photo that is red on its left half; ``size`` is (width, height)."""
    image = Image.new("RGB", size, "black")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


PHOTO = encoded("PNG")
MOODS = ["공포", "멍멍", "행복/즐거움"]
ROW = {
    "mood": "행복/즐거움",
    "mood_index": 2,
    "probabilities": [0.25, 0.125, 0.625],
    "moods": MOODS,
    "status": "ok",
}
NEW_OUTPUTS = {
    "mood_id": "happy",
    "unsure": True,
    "box": [1, 2, 30, 40],
    "box_source": "found",
    "found": 0.5,
}
"""Outputs of newer servables, beside those above."""


class FakeUpstream:
    """Answers every row alike, and records the calls."""

    def __init__(self, row: dict[str, Any] | None = None, version: int = 7) -> None:
        self.row, self.version = row or ROW, version
        self.error: Exception | None = None
        self.seconds = 0.0
        self.calls: list[tuple[Call, Target]] = []
        self.cancelled = 0

    async def predict(self, call: Call, target: Target) -> Answer:
        self.calls.append((call, target))
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        version = await self.current_version(target)
        return Answer(version, [dict(self.row) for _ in range(call.rows)])

    async def current_version(self, target: Target) -> int:
        if self.error is not None:
            raise self.error
        if target.version not in (None, self.version) or target.label not in (None, "stable"):
            raise NoSuchModelError("no such version", "Servable not found for request")
        return self.version

    async def states(self) -> Sequence[VersionState]:
        return [VersionState(self.version, "AVAILABLE")]

    async def close(self) -> None:
        pass


def service(
    upstream: Any,
    limits: LimitSettings | None = None,
    tokens: Tokens | None = None,
    log: LogSettings | None = None,
    target: Target | None = None,
) -> Service:
    """Returns the gateway's service around a model."""
    figures, outcomes = Figures(), OutcomeCounts()
    feed = LogFeed(log or LogSettings(), figures, outcomes)
    return Service(
        *("pet_mood", target or Target(), upstream, tokens or Tokens({})),
        *(limits or LimitSettings(), feed, figures, outcomes),
    )
