"""What a server says of its versions, and that it reads a configuration now."""

from typing import Any, NamedTuple, Protocol

from client.backends.address import Address
from client.backends.connection import Connection
from client.backends.errors import ServerError

AVAILABLE, END = "AVAILABLE", "END"
"""States of a version (tensorflow_serving/apis/get_model_status.proto): it answers; it is unloaded,
or has failed to load."""


class VersionState(NamedTuple):
    """A version on a server.

    Attributes:
      state: ``AVAILABLE``, ``END`` or one on the way, such as ``LOADING``.
      error: why it has failed; "" otherwise.
    """

    state: str
    error: str = ""


class RefusedError(ServerError):
    """A configuration that the server does not take; it goes on with the one before."""


class Server(Protocol):
    """One server; several serve the same configuration behind one address of clients."""

    url: str

    def states(self) -> dict[int, VersionState]:
        """Returns the state of each version that the server knows; {} without the model.

        Raises:
          ServerError: it cannot be reached.
        """

    def version_of(self, label: str) -> int | None:
        """Returns the version that answers to a label; None where none does.

        Raises:
          ServerError: it cannot be reached.
        """

    def reload(self, config: Any) -> bool:
        """Makes the server take a ``ModelServerConfig`` now; returns False where it cannot.

        Raises:
          RefusedError: it breaks a rule of the server's.
          ServerError: it cannot be reached.
        """


def connect(address: Address, timeout: float, connection: Connection) -> Server:
    """Returns a server; it is asked with the first call.

    Args:
      address: of the model on it; a version or a label in it does not count.
      timeout: of a request, seconds.
      connection: token, TLS and proxy.
    """
    if address.is_grpc:
        # Here and not above: it loads TensorFlow, which REST does not need.
        from client.rollout.grpc_server import GrpcServer

        return GrpcServer(address, timeout, connection)
    from client.rollout.rest_server import RestServer

    return RestServer(address, timeout, connection)
