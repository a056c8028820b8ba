"""Limits that a server needs; each server has its own values of them."""

from typing import Protocol


class ConnectionLimits(Protocol):
    """Limits on connections, for ``system.web.server``."""

    @property
    def header_seconds(self) -> float:
        """From a connection, or the answer before, to the end of the next request's header."""

    @property
    def write_seconds(self) -> float:
        """How long a client may leave an answer unread."""

    @property
    def connections(self) -> int:
        """Open connections; one more closes the one that has waited longest for its client."""


class UploadLimits(Protocol):
    """Limits on the bodies of requests, for ``system.web.uploads``."""

    @property
    def upload_bytes(self) -> int:
        """Largest body; then 413."""

    @property
    def all_uploads_bytes(self) -> int:
        """Bodies that are in memory at the same time; then 503."""

    @property
    def stall_seconds(self) -> float:
        """Longest pause within a body; then 408."""

    @property
    def upload_seconds(self) -> float:
        """Longest time for a body; then 408."""

    @property
    def retry_seconds(self) -> int:
        """After which a refused client should try again."""
