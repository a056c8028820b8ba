"""Requests to TensorFlow Serving over REST, without TensorFlow.

They use the row format of the predict API: https://www.tensorflow.org/tfx/serving/api_rest.
"""

import base64
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import httpx

from client.backends.address import Address
from client.backends.errors import BusyError, ServerError, SlowError, TooLargeError
from client.backends.model import Response
from dataset.boxes import PixelBox
from schemas import signatures

_BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE)
"""502 and 503 also come from a load balancer while its servers are being replaced."""

_BATCH_TOO_LARGE = "larger than maximum input batch size"
"""Part of the message of TensorFlow Serving's batching, which comes with the general code 400."""


class RestTransport:
    """A ``client.backends.tf_serving.Transport`` over kept-alive HTTP connections."""

    def __init__(self, address: Address, timeout: float) -> None:
        """Prepares the client; it connects with the first request."""
        self._address = address
        self._timeout = timeout
        version = "" if address.version is None else f"/versions/{address.version}"
        label = "" if address.label is None else f"/labels/{address.label}"
        self._url = f"{address.host}/v1/models/{address.model}{version}{label}:predict"
        self._client = httpx.Client(timeout=timeout)

    def predict(
        self, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
    ) -> list[Response]:
        """See ``client.backends.tf_serving.Transport``."""
        num_pictures = len(pictures)
        try:
            reply = self._client.post(self._url, json=request_body(pictures, boxes))
        except httpx.ConnectTimeout as error:
            raise self._busy(f"no connection within {self._timeout:g} s") from error
        except httpx.TimeoutException as error:
            raise self._slow(num_pictures) from error
        except httpx.TransportError as error:
            raise self._busy(str(error) or type(error).__name__) from error

        if reply.status_code != HTTPStatus.OK:
            raise self._server_error(reply, num_pictures)
        try:
            return [_response(row) for row in reply.json()["predictions"]]
        except (KeyError, TypeError, ValueError) as error:
            raise ServerError(
                f"{self._address.url} does not return the outputs of this project's models. "
                f"Received: {type(error).__name__}: {error}. Name one with /v1/models/NAME"
            ) from error

    def _server_error(self, reply: httpx.Response, num_pictures: int) -> ServerError:
        status, url = reply.status_code, self._address.url
        cause = f"{status} {reply.reason_phrase}: {_error_text(reply)}"
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or _BATCH_TOO_LARGE in cause:
            return TooLargeError(
                f"{url} does not take a request of {num_pictures} pictures: {cause}"
            )
        if status in _BUSY:
            return self._busy(cause)
        if status == HTTPStatus.GATEWAY_TIMEOUT:
            return self._slow(num_pictures)
        if status == HTTPStatus.NOT_FOUND:
            return ServerError(
                f"{url}: there is no such model, version or label: {cause}. Name a model that is "
                "served with /v1/models/NAME"
            )
        return ServerError(f"{url} has refused a request of {num_pictures} pictures: {cause}")

    def _busy(self, cause: str) -> BusyError:
        return BusyError(
            f"{self._address.url} does not take requests: {cause}. Check that TensorFlow Serving "
            "runs there and is not overloaded, or name another address"
        )

    def _slow(self, num_pictures: int) -> SlowError:
        return SlowError(
            f"{self._address.url} has not answered {num_pictures} pictures within "
            f"{self._timeout:g} s. Raise --timeout, or send fewer pictures at a time with --batch"
        )


def request_body(pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None) -> dict[str, Any]:
    """Returns the request for encoded pictures, each with a box or all without."""
    rows: list[dict[str, Any]] = [
        {signatures.IMAGE_BYTES: {"b64": base64.b64encode(picture).decode()}}
        for picture in pictures
    ]
    for row, box in zip(rows, boxes or (), strict=boxes is not None):
        row[signatures.BOX] = list(box)
    signature = signatures.SERVE_IMAGE if boxes is None else signatures.SERVE_BOX
    return {"signature_name": signature, "instances": rows}


def _response(row: Any) -> Response:
    probabilities = map(float, row[signatures.PROBABILITIES])
    return Response(
        row[signatures.STATUS],
        row[signatures.MOOD],
        dict(zip(row[signatures.MOODS], probabilities, strict=True)),
    )


def _error_text(reply: httpx.Response) -> str:
    """Returns TensorFlow Serving's message, or the beginning of another server's page."""
    try:
        return str(reply.json()["error"])
    except (KeyError, TypeError, ValueError):
        return reply.text[:200]
