"""The way of every call: rate, photos' limits, a turn, the model, figures and the log."""

import contextlib
import secrets
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from dataset.photos.parsed import PhotoError
from gateway.answers import checked_answer
from gateway.calls import Answer, Call, Target
from gateway.entry.access import Rates, Tokens
from gateway.entry.turns import Turns
from gateway.figures import Figures
from gateway.log.entries import Entry
from gateway.log.feed import LogFeed
from gateway.photos import Photos
from gateway.settings import LimitSettings
from gateway.upstream.interface import Upstream
from schemas import signatures
from schemas.reasons import RejectReason
from system.web.outcomes import OutcomeCounts
from system.web.refusals import RefusedError


class Received(NamedTuple):
    """When and how a request came.

    Attributes:
      route: "mood", "predict" or "grpc".
      began: ``time.perf_counter()``.
      time: seconds since 1970.
      request_id: a random number, hexadecimal.
    """

    route: str
    began: float
    time: float
    request_id: str


def received(route: str) -> Received:
    """Returns the beginning of a request."""
    return Received(route, time.perf_counter(), time.time(), secrets.token_hex(8))


class Service:
    """What both of the gateway's fronts, HTTP and gRPC, call.

    Attributes:
      model: the model's name.
      target: the version that is meant where a request names none.
      upstream: the model.
      tokens: who may call.
      limits: what clients may ask.
      figures: counts and times.
      outcomes: counts for the summary, and texts for whoever runs the gateway.
    """

    def __init__(
        self,
        model: str,
        target: Target,
        upstream: Upstream,
        tokens: Tokens,
        limits: LimitSettings,
        log: LogFeed,
        figures: Figures,
        outcomes: OutcomeCounts,
    ) -> None:
        self.model, self.target, self.upstream = model, target, upstream
        self.tokens, self.limits, self.figures, self.outcomes = tokens, limits, figures, outcomes
        self.log = log
        self._rates, self._turns, self._photos = Rates(limits), Turns(limits), Photos(limits)

    async def answer_photo(
        self, photo: bytes, box: Sequence[int] | None, client: str, begin: Received
    ) -> Answer:
        """Answers one photo, of any format that this project opens.

        Raises:
          RefusedError: 413, 415 or 422 for the photo; 429 or 503.
          UpstreamError: the model gave no answer.
        """
        self._rates.take(client, 1)
        try:
            checked = await self._photos.prepare(photo)
        except PhotoError as error:
            self._log_refused(begin, error, box)
            raise refused_photo(error) from error
        call = _photo_call(checked.encoded, box)
        answer = await self._ask(call, self.target)
        if answer.rows[0][signatures.STATUS] == signatures.STATUS_IMAGE_UNREADABLE:
            # TensorFlow does not read some kinds that Pillow does, such as JPEGs of many scans.
            # Of a photo that is damaged the first answer stands.
            with contextlib.suppress(PhotoError):
                again = await self._photos.encode_again(photo)
                call = _photo_call(again.encoded, box)
                answer = await self._ask(call, self.target)
        self._record(call, answer, begin)
        return answer

    async def answer_call(self, call: Call, target: Target, client: str, begin: Received) -> Answer:
        """Answers a call of TensorFlow Serving's form.

        A photo that is none goes to the model, whose answer says so; one that is too large is
        refused here, with all others of its request.

        Raises:
          RefusedError: 413, 429 or 503.
          UpstreamError: the model gave no answer.
        """
        self._rates.take(client, call.rows)
        for photo in call.inputs.get(signatures.IMAGE_BYTES, ()):
            try:
                await self._photos.check(photo)
            except PhotoError as error:
                if error.reason is RejectReason.IMAGE_TOO_LARGE:
                    raise refused_photo(error) from error
        answer = await self._ask(call, target if any(target) else self.target)
        self._record(call, answer, begin)
        return answer

    async def _ask(self, call: Call, target: Target) -> Answer:
        async with self._turns.turn():
            asked = time.perf_counter()
            answer = checked_answer(await self.upstream.predict(call, target), call)
            self.figures.upstream_seconds.observe(time.perf_counter() - asked)
        return answer

    def _record(self, call: Call, answer: Answer, begin: Received) -> None:
        for row in answer.rows:
            self.figures.count_answer(answer.version, row)
        if self.log.wants_next():
            self._log_answer(call, answer, begin)

    def _log_answer(self, call: Call, answer: Answer, begin: Received) -> None:
        photos = call.inputs.get(signatures.IMAGE_BYTES)
        entry = self._entry(begin, answer.rows)
        entry["version"], entry["signature"] = answer.version, call.signature
        entry["boxes"] = call.inputs.get(signatures.BOX) or [None] * call.rows
        entry["photo_bytes"] = [None] * call.rows if photos is None else list(map(len, photos))
        self.log.add(entry, photos or ())

    def _log_refused(self, begin: Received, error: PhotoError, box: Sequence[int] | None) -> None:
        if self.log.wants_next():
            entry = self._entry(begin, [{signatures.STATUS: error.reason.value}])
            entry["boxes"], entry["photo_bytes"] = [box], [None]
            self.log.add(entry, ())

    def _entry(self, begin: Received, rows: Sequence[Any]) -> Entry:
        return {
            "time": begin.time,
            "request_id": begin.request_id,
            "route": begin.route,
            "model": self.model,
            "version": None,
            "signature": "",
            "seconds": time.perf_counter() - begin.began,
            "rows": rows,
            "boxes": (),
            "photo_bytes": (),
        }


def _photo_call(photo: bytes, box: Sequence[int] | None) -> Call:
    inputs: dict[str, list[Any]] = {signatures.IMAGE_BYTES: [photo]}
    if box is None:
        return Call(signatures.SERVE_IMAGE, inputs)
    return Call(signatures.SERVE_BOX, {**inputs, signatures.BOX: [list(box)]})


def refused_photo(error: PhotoError) -> RefusedError:
    """Returns the refusal of a photo."""
    status = {RejectReason.IMAGE_TOO_LARGE: 413, RejectReason.NOT_AN_IMAGE: 415}
    return RefusedError(status.get(error.reason, 422), error.reason.value, str(error))
