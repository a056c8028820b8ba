"""A model on TensorFlow Serving: repeats requests while it is busy, and halves too large ones."""

import io
from collections.abc import Sequence
from typing import Protocol

import tenacity
from PIL import Image

from client.backends.address import Address
from client.backends.answer import AnswerError, check_moods
from client.backends.connection import Connection
from client.backends.errors import BusyError, ServerError, TooLargeError
from client.backends.expected_model import ExpectedModel, check_expected
from client.backends.failures import Failures
from client.backends.model import REQUEST_TOO_LARGE, ModelInfo, Response
from dataset.boxes import PixelBox
from schemas import signatures
from schemas.errors import ConfigError

MAX_REQUEST_BYTES = 64 << 20
"""Bytes of the pictures in one request. A Protobuf message must stay under 2 GiB, and a batch of
32 photos of 12 megapixels should be answered within the time limit."""
ENDPOINT_BYTES = 1 << 20
"""The same for a Vertex AI endpoint, which takes requests of 1.5 MB, pictures in base64."""

ATTEMPTS = 6
WAIT = tenacity.wait_random_exponential(multiplier=0.5, max=5)
"""Seconds between attempts: random, up to 0.5, 1, 2, 4 and 5. Clients that were refused at the
same moment thus do not all return at the same moment."""


class Transport(Protocol):
    """A protocol that requests are sent with."""

    def predict(
        self,
        pictures: Sequence[bytes],
        boxes: Sequence[PixelBox] | None,
        mood_names: Sequence[str] | None,
    ) -> list[Response]:
        """Sends one request and returns its responses, whose form is checked.

        Args:
          pictures: encoded and upright, at least one.
          boxes: one per picture, or None.
          mood_names: of the model, which limit the answer's size; None before its first answer.

        Raises:
          ServerError: or the subclass that tells whether to repeat or to halve the request.
        """


class ServingModel:
    """A model on a server; a ``client.backends.model.Model``."""

    def __init__(
        self,
        address: Address,
        expected: ExpectedModel,
        timeout: float,
        connection: Connection | None = None,
    ) -> None:
        """Sends a small grey picture, to check the server and to get the mood names.

        Args:
          address: of the model.
          expected: the flags about the model.
          timeout: time limit of a request from its start to the end of its answer, seconds; each
            attempt has its own.
          connection: token, TLS and proxy; None is neither.

        Raises:
          ServerError: the server cannot be reached or refuses the request.
          ConfigError: a flag contradicts the model, or cannot be checked against a server.
        """
        if expected.input_size is not None:
            raise ConfigError(
                "--input_size must be left out with --server: a server does not report the "
                f"resolution of its model. Received: --input_size {expected.input_size}"
            )
        connection = connection or Connection()
        self._failures = Failures(address, timeout, connection)
        self._is_endpoint = bool(address.endpoint)
        self._transport = _open_transport(address, timeout, connection)
        self._mood_names: tuple[str, ...] | None = None
        (response,) = self._predict_with_retries([_grey_png()], None)
        # A model with a locator finds no animal in it.
        if response.status not in (signatures.STATUS_OK, signatures.STATUS_NO_ANIMAL):
            raise ServerError(
                f"{address.url} must accept a valid picture. Received: the status "
                f"{response.status!r}. Another model may be served under this name"
            )
        self._mood_names = tuple(response.probabilities)
        self.info = ModelInfo(address.url, self._mood_names, None)
        check_expected(expected, self.info)

    def predict(
        self, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
    ) -> list[Response]:
        """See ``client.backends.model.Model``.

        Raises:
          ServerError: the server cannot be reached any more or refuses the request.
        """
        half = len(pictures) // 2
        limit = ENDPOINT_BYTES if self._is_endpoint else MAX_REQUEST_BYTES
        if half == 0 or sum(map(len, pictures)) <= limit:
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
        responses = retrying(self._transport.predict, pictures, boxes, self._mood_names)
        if len(responses) != len(pictures):
            raise ServerError(
                "A server must return one prediction per picture. Received: "
                f"{len(responses)} predictions for {len(pictures)} pictures. Another model may be "
                "served under this name"
            )
        if self._mood_names is not None:
            try:
                check_moods(responses, self._mood_names)
            except AnswerError as error:
                raise self._failures.nonsense(str(error)) from error
        return responses


def _open_transport(address: Address, timeout: float, connection: Connection) -> Transport:
    if address.is_grpc:
        # Here and not above: it loads TensorFlow, which REST does not need.
        from client.backends.grpc_transport import GrpcTransport

        return GrpcTransport(address, timeout, connection)
    from client.backends.rest_transport import RestTransport

    return RestTransport(address, timeout, connection)


def _grey_png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (32, 32), "grey").save(file, "PNG")
    return file.getvalue()
