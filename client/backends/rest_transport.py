"""Asks TensorFlow Serving over REST, its predict API in row format; TensorFlow is not needed.

The form is https://www.tensorflow.org/tfx/serving/api_rest.
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
"""502 and 503 also come from a load balancer whose servers are just being replaced."""
_BATCH_TOO_LARGE = (
    "larger than maximum input batch size"  # TensorFlow Serving's batching, with 400.
)


class RestTransport:
    """A ``client.backends.tf_serving.Transport`` over kept-alive HTTP connections."""

    def __init__(self, address: Address, timeout: float) -> None:
        """Opens nothing yet."""
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
        count = len(pictures)
        try:
            response = self._client.post(self._url, json=body_of(pictures, boxes))
        except httpx.ConnectTimeout as error:
            raise self._busy(f"no connection within {self._timeout:g} s") from error
        except httpx.TimeoutException as error:
            raise self._slow(count) from error
        except httpx.TransportError as error:
            raise self._busy(str(error) or type(error).__name__) from error
        if response.status_code != HTTPStatus.OK:
            raise self._failure(response, count)
        try:
            return [_reply(row) for row in response.json()["predictions"]]
        except (KeyError, TypeError, ValueError) as error:
            raise ServerError(
                f"{self._address.url} answers as another model or another server does: "
                f"{type(error).__name__}: {error}. Name this project's model with /v1/models/NAME"
            ) from error

    def _failure(self, response: httpx.Response, count: int) -> ServerError:
        status, url = response.status_code, self._address.url
        told = f"{status} {response.reason_phrase}: {_said(response)}"
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or _BATCH_TOO_LARGE in told:
            return TooLargeError(f"{url} does not take a request of {count} pictures: {told}")
        if status in _BUSY:
            return self._busy(told)
        if status == HTTPStatus.GATEWAY_TIMEOUT:
            return self._slow(count)
        if status == HTTPStatus.NOT_FOUND:
            return ServerError(
                f"{url}: there is no such model, version or label: {told}. Name what is served "
                "with /v1/models/NAME"
            )
        return ServerError(f"{url} has refused a request of {count} pictures: {told}")

    def _busy(self, told: str) -> BusyError:
        return BusyError(
            f"{self._address.url} does not take requests: {told}. See that TensorFlow Serving runs "
            "there and has room, or name another address"
        )

    def _slow(self, count: int) -> SlowError:
        return SlowError(
            f"{self._address.url} has not answered {count} pictures within {self._timeout:g} s. "
            "Raise --timeout, or ask for fewer at a time with --batch"
        )


def body_of(pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None) -> dict[str, Any]:
    """Returns the request about pictures, encoded, with a box each or none at all."""
    rows: list[dict[str, Any]] = [
        {signatures.IMAGE_BYTES: {"b64": base64.b64encode(picture).decode()}}
        for picture in pictures
    ]
    for row, box in zip(rows, boxes or (), strict=boxes is not None):
        row[signatures.BOX] = list(box)
    signature = signatures.SERVE_IMAGE if boxes is None else signatures.SERVE_BOX
    return {"signature_name": signature, "instances": rows}


def _reply(row: Any) -> Response:
    probabilities = map(float, row[signatures.PROBABILITIES])
    return Response(
        row[signatures.STATUS],
        row[signatures.MOOD],
        dict(zip(row[signatures.MOODS], probabilities, strict=True)),
    )


def _said(response: httpx.Response) -> str:
    """Returns TensorFlow Serving's own words, or the beginning of what another server says."""
    try:
        return str(response.json()["error"])
    except (KeyError, TypeError, ValueError):
        return response.text[:200]
