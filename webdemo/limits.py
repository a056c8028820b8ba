"""Limits of the demo: bytes, seconds, connections, and work of the model at the same time."""

from typing import NamedTuple


class Limits(NamedTuple):
    """What one visitor, or all of them together, may ask of the demo.

    Attributes:
      upload_bytes: largest photo file.
      all_uploads_bytes: photo files that are in memory at the same time, being read, waiting or
        predicted; one more is refused (503).
      stall_seconds: longest pause within an upload; then 408.
      upload_seconds: longest upload; then 408.
      header_seconds: from a connection, or the answer before, to the end of the next request's
        header; then the connection is closed.
      write_seconds: how long a client may leave an answer unread.
      connections: open connections. One more closes the one that has waited longest for its
        client; where none waits, the new one is closed.
      at_work: requests that use the model at the same time.
      waiting: requests that may wait for the model; one more is refused (503).
      waiting_seconds: longest wait for the model; then 503.
      retry_seconds: after which a refused client should try again (``Retry-After``).
    """

    upload_bytes: int = 64 << 20
    all_uploads_bytes: int = 256 << 20
    stall_seconds: float = 10.0
    upload_seconds: float = 60.0
    header_seconds: float = 10.0
    write_seconds: float = 10.0
    connections: int = 128
    at_work: int = 2
    waiting: int = 8
    waiting_seconds: float = 30.0
    retry_seconds: int = 2
