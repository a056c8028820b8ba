"""Errors between this machine and a server.

The transports (``client.backends.grpc_transport``, ``client.backends.rest_transport``) turn
their library's errors into these; ``client.backends.tf_serving`` decides which requests are
repeated.
"""


class ServerError(RuntimeError):
    """The server cannot be reached, or has refused a request. It ends the command.

    Its message contains the remedy.
    """


class BusyError(ServerError):
    """No server listens, or it has no room at the moment: the same request may succeed later."""


class TooLargeError(ServerError):
    """A request exceeds the size limit of the server or of a proxy in front of it."""


class SlowError(ServerError):
    """No response within the time limit.

    It is not repeated: more requests would only put a slow server further behind.
    """
