"""Messages of the errors between this machine and a server, alike for gRPC and REST.

A server's own words are cut short and shown with escapes: a terminal would obey its control
characters.
"""

from client.backends.address import Address
from client.backends.connection import Connection
from client.backends.errors import BusyError, ServerError, SlowError, TooLargeError
from system.printable import printable

_MAX_WORDS = 300
"""Characters of what a server says."""


class Failures:
    """The errors of requests to one server."""

    def __init__(self, address: Address, timeout: float, connection: Connection) -> None:
        """Keeps what the messages name; ``timeout`` is in seconds."""
        through = f" through {connection.proxy}" if connection.proxy else ""
        self._server = f"{address.url}{through}"
        self._timeout = timeout
        self._remedy = (
            f"Check that proxy, or add {address.hostname} to NO_PROXY to go without it"
            if connection.proxy
            else "Check that TensorFlow Serving runs there and is not overloaded, or name another "
            "address"
        )

    def busy(self, cause: str) -> BusyError:
        """Nobody listens, or has room."""
        return BusyError(f"{self._server} does not take requests: {_words(cause)}. {self._remedy}")

    def slow(self, num_pictures: int) -> SlowError:
        """The answer is not complete within the time limit."""
        return SlowError(
            f"{self._server} has not answered {num_pictures} pictures within {self._timeout:g} s. "
            "Raise --timeout, or send fewer pictures at a time with --batch"
        )

    def too_large(self, num_pictures: int, cause: str) -> TooLargeError:
        """The request exceeds the server's limit."""
        return TooLargeError(
            f"{self._server} does not take a request of {num_pictures} pictures: {_words(cause)}"
        )

    def not_found(self, cause: str) -> ServerError:
        """The server has no such model."""
        return ServerError(
            f"{self._server}: there is no such model, version or label: {_words(cause)}. Name a "
            "model that is served with /v1/models/NAME"
        )

    def not_allowed(self, cause: str) -> ServerError:
        """The server asks who is there."""
        return ServerError(
            f"{self._server} does not let this client in: {_words(cause)}. It may need a token "
            "(--token-file, PET_MOOD_TOKEN) or a certificate (--cert, --key)"
        )

    def refused(self, num_pictures: int, cause: str) -> ServerError:
        """Any other error of the server."""
        return ServerError(
            f"{self._server} has refused a request of {num_pictures} pictures: {_words(cause)}"
        )

    def untrusted(self, cause: str) -> ServerError:
        """The server's certificate does not hold, or it wants one of this machine."""
        return ServerError(
            f"{self._server} cannot be reached by TLS: {_words(cause)}. Name the authority of its "
            "certificate with --ca, and where it asks for one this machine's with --cert and --key"
        )

    def nonsense(self, cause: str) -> ServerError:
        """The answer is not that of one of this project's models."""
        return ServerError(
            f"{self._server} does not return the outputs of this project's models. Received: "
            f"{_words(cause)}. Name one with /v1/models/NAME"
        )


def _words(text: str) -> str:
    shown = printable(text[: 2 * _MAX_WORDS])
    return shown if len(shown) <= _MAX_WORDS else shown[:_MAX_WORDS] + "…"
