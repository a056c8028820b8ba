"""What a MySQL or MariaDB server says before anyone logs in: whether it is one, and knows TLS.

MLMD's client speaks in plain text to a server without TLS, whatever it was asked for, and does not
say so. Packets: https://mariadb.com/kb/en/connection/#initial-handshake-packet
"""

import socket
from typing import BinaryIO, NamedTuple

_PROTOCOL = 10
_ERROR = 0xFF
_TLS = 0x0800


class GreetingError(OSError):
    """Whoever listens there has not greeted as a MySQL server does."""


class Greeting(NamedTuple):
    """``version`` as the server writes it."""

    version: str
    has_tls: bool


def greeting(host: str, port: int, timeout: float) -> Greeting:
    """Returns a server's greeting.

    Args:
      host: where it listens.
      port: at which.
      timeout: seconds, for the connection and for each answer.

    Raises:
      GreetingError: it sent something else, such as "Too many connections".
      OSError: nobody answers.
    """
    with (
        socket.create_connection((host, port), timeout) as connection,
        connection.makefile("rb") as stream,
    ):
        return _parsed(_packet(stream))


def _packet(stream: BinaryIO) -> bytes:
    header = stream.read(4)  # Three bytes of length, one that counts packets.
    return stream.read(int.from_bytes(header[:3], "little"))


def _parsed(packet: bytes) -> Greeting:
    if packet[:1] == bytes([_ERROR]):
        raise GreetingError(packet[3:].decode("utf-8", "replace"))
    version, end, rest = packet[1:].partition(b"\0")
    # Four bytes of thread number and nine of nonce lie before the lower half of what it can do.
    if packet[:1] != bytes([_PROTOCOL]) or not end or len(rest) < 15:
        raise GreetingError("it is no MySQL server")
    return Greeting(
        version.decode("utf-8", "replace"), bool(int.from_bytes(rest[13:15], "little") & _TLS)
    )
