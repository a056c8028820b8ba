"""A server's versions over REST, without TensorFlow.

The model status and metadata of https://www.tensorflow.org/tfx/serving/api_rest.
"""

import json
import ssl
from typing import Any

import httpx

from client.backends.address import Address
from client.backends.connection import Connection
from client.backends.failures import Failures
from client.backends.rest_transport import httpx_proxy
from client.rollout.server import VersionState
from system.pushed_versions import version_number

_MAX_BYTES = 4 << 20
"""Of an answer: the metadata hold the signatures."""
_NO_SUCH = (400, 404)
"""No such label; no such model or version."""


class RestServer:
    """A ``client.rollout.server.Server``; no configuration can be sent to it."""

    def __init__(self, address: Address, timeout: float, connection: Connection) -> None:
        """Prepares the client; it connects with the first request."""
        self.url = address.url
        self._model_url = f"{address.host}/v1/models/{address.model}"
        self._failures = Failures(address, timeout, connection)
        token = connection.token
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {token}"} if token else {},
            # An empty context trusts nobody: where nothing is encrypted, none need be read.
            verify=connection.tls.context()
            if connection.tls
            else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            proxy=httpx_proxy(connection.proxy),
            trust_env=False,
            timeout=timeout,
        )

    def states(self) -> dict[int, VersionState]:
        """See ``Server``."""
        document = self._get("")
        states = {}
        try:
            for each in document["model_version_status"] if document else ():
                error = each.get("status", {}).get("error_message", "")
                states[_number(each["version"])] = VersionState(str(each["state"]), str(error))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise self._failures.nonsense(f"no list of versions: {error!r}") from error
        return states

    def version_of(self, label: str) -> int | None:
        """See ``Server``."""
        document = self._get(f"/labels/{label}/metadata")
        try:
            return _number(document["model_spec"]["version"]) if document else None
        except (KeyError, TypeError, ValueError) as error:
            raise self._failures.nonsense(f"no version: {error!r}") from error

    def reload(self, config: Any) -> bool:
        """Returns False: REST has no such call."""
        return False

    def _get(self, path: str) -> Any:
        """Returns the document; None where there is no such model or label."""
        try:
            with self._client.stream("GET", self._model_url + path) as reply:
                content = bytearray()
                for chunk in reply.iter_raw():
                    content += chunk
                    if len(content) > _MAX_BYTES:
                        raise self._failures.nonsense(f"more than {_MAX_BYTES:,} bytes")
            if reply.status_code in _NO_SUCH:
                return None
            if reply.status_code in (401, 403):
                raise self._failures.not_allowed(f"{reply.status_code} {reply.reason_phrase}")
            if reply.status_code != 200:
                raise self._failures.busy(f"{reply.status_code} {reply.reason_phrase}")
            return json.loads(content)
        except (httpx.RequestError, httpx.InvalidURL, OSError) as error:
            raise self._failures.busy(str(error) or type(error).__name__) from error
        except (ValueError, RecursionError) as error:
            raise self._failures.nonsense("no JSON") from error


def _number(value: object) -> int:
    number = version_number(str(value))
    if number is None:
        raise ValueError(value)
    return number
