"""What can go wrong between this machine and a server.

The transports (``client.backends.grpc_transport``, ``client.backends.rest_transport``) turn
whatever their library raises into one of these; ``client.backends.tf_serving`` decides what is
sent again.
"""


class ServerError(RuntimeError):
    """A server that cannot be asked, or has refused: the run ends. The message says what to do."""


class BusyError(ServerError):
    """Nobody listens, or whoever does has no room now: the same request may succeed later."""


class TooLargeError(ServerError):
    """A request that is larger than the server, or something before it, lets through."""


class SlowError(ServerError):
    """No answer within the time limit. Asked again, a server that is behind would only get more."""
