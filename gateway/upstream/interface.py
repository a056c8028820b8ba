"""Interface of a model behind the gateway, and the ways in which it can fail."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from gateway.calls import Answer, Call, Target


class UpstreamError(RuntimeError):
    """The model gave no answer.

    Attributes:
      status: HTTP's, for the client.
      error: a word for programs.
      public: the message for clients; the error's own text is for whoever runs the gateway.
    """

    status, error = 502, "upstream_failed"

    def __init__(self, text: str, public: str = "the model gave no answer") -> None:
        super().__init__(text)
        self.public = public


class UnavailableError(UpstreamError):
    """Nobody listens, or has room: the same request may succeed in a moment."""

    status, error = 503, "upstream_unavailable"


class SlowError(UpstreamError):
    """No answer within the time limit."""

    status, error = 504, "upstream_slow"


class NoSuchModelError(UpstreamError):
    """There is no such version or label."""

    status, error = 404, "no_such_model"


class RejectedError(UpstreamError):
    """The server does not take this request; ``public`` has its words."""

    status, error = 400, "bad_request"


class VersionState(NamedTuple):
    """A version on the server, as ``GET /v1/models/NAME`` lists it."""

    version: int
    state: str


class Upstream(Protocol):
    """A model; its methods raise ``UpstreamError``."""

    async def predict(self, call: Call, target: Target) -> Answer:
        """Answers a call."""

    async def current_version(self, target: Target) -> int:
        """Returns the version that a call would be answered by now; asks the server."""

    async def states(self) -> Sequence[VersionState]:
        """Returns the versions that the server knows."""

    async def close(self) -> None:
        """Ends all connections."""
