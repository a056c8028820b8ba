"""A model on TensorFlow Serving: batched, asked again where that may help, halved if too large."""

import io
from collections.abc import Sequence
from typing import Protocol

import tenacity
from PIL import Image

from client.backends.address import Address
from client.backends.errors import BusyError, ServerError, TooLargeError
from client.backends.expected_model import ExpectedModel, check_expected
from client.backends.model import REQUEST_TOO_LARGE, ModelInfo, Response
from dataset.boxes import PixelBox
from schemas import signatures
from schemas.errors import ConfigError

MAX_REQUEST_BYTES = 64 << 20
"""Pictures' bytes in one request. A Protobuf message must stay under 2 GiB, and whoever asks for
32 photos of 12 megapixels should get an answer before the time is over."""

ATTEMPTS = 6
WAIT = tenacity.wait_random_exponential(multiplier=0.5, max=5)
"""Seconds between attempts: at random up to 0.5, 1, 2, 4, 5, so that clients that were turned away
together do not come back together."""


class Transport(Protocol):
    """A way of asking a server."""

    def predict(
        self, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
    ) -> list[Response]:
        """Sends one request and returns a reply a picture.

        Raises:
          ServerError: or the kind of it that says what may be done.
        """


class ServingModel:
    """A model on a server; a ``client.backends.model.Model``."""

    def __init__(self, address: Address, expected: ExpectedModel, timeout: float) -> None:
        """Asks it about a picture of its own, to see that it answers and what moods it knows.

        Args:
          address: of the model.
          expected: what the flags say of it.
          timeout: seconds that a request may take; each attempt has its own.

        Raises:
          ServerError: it cannot be asked.
          ConfigError: a wish contradicts what it says, or cannot be held against it.
        """
        if expected.input_size is not None:
            raise ConfigError(
                "--input_size must be left out with --server: a server does not say what "
                f"resolution its model sees. Received: --input_size {expected.input_size}"
            )
        self._transport = _transport(address, timeout)
        (response,) = self._predict_with_retries([_grey()], None)
        if response.status != signatures.STATUS_OK:
            raise ServerError(
                f"{address.url} must answer a sound picture. It says {response.status!r}: "
                "another model may be served under this name"
            )
        self.info = ModelInfo(address.url, tuple(response.probabilities), None)
        check_expected(expected, self.info)

    def predict(
        self, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
    ) -> list[Response]:
        """See ``client.backends.model.Model``.

        Raises:
          ServerError: it cannot be asked any more.
        """
        half = len(pictures) // 2
        if half == 0 or sum(map(len, pictures)) <= MAX_REQUEST_BYTES:
            try:
                return self._predict_with_retries(pictures, boxes)
            except TooLargeError:
                if half == 0:
                    return [Response(REQUEST_TOO_LARGE, "", {})]
        first, second = (None, None) if boxes is None else (boxes[:half], boxes[half:])
        return self.predict(pictures[:half], first) + self.predict(pictures[half:], second)

    def _predict_with_retries(
        self, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
    ) -> list[Response]:
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(BusyError),
            wait=WAIT,
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            reraise=True,
        )
        responses = retrying(self._transport.predict, pictures, boxes)
        if len(responses) != len(pictures):
            raise ServerError(
                f"A server must answer each picture once. Received: {len(responses)} answers to "
                f"{len(pictures)} pictures. Another model may be served under this name"
            )
        return responses


def _transport(address: Address, timeout: float) -> Transport:
    if address.is_grpc:
        from client.backends.grpc_transport import (
            GrpcTransport,  # Loads TensorFlow, which REST need not wait for.
        )

        return GrpcTransport(address, timeout)
    from client.backends.rest_transport import RestTransport

    return RestTransport(address, timeout)


def _grey() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (32, 32), "grey").save(file, "PNG")
    return file.getvalue()
