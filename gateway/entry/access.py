"""Who may use the gateway: clients by their tokens, each with a share of the photos a second."""

import hashlib
import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path

from gateway.settings import LimitSettings
from schemas.errors import ConfigError
from system.secrets import value_of
from system.web.refusals import RefusedError

TOKENS_VARIABLE = "PET_MOOD_GATEWAY_TOKENS"
"""Environment variable with the lines of the file, where ``--tokens`` names none."""
NOT_ALLOWED, TOO_MANY = "not_allowed", "too_many_requests"

_LINE = re.compile(r"([A-Za-z0-9_.-]{1,64})[ \t]+([!-~]{16,8192})")
_MAX_BYTES = 1 << 20
_MAX_BUCKETS = 10_000
"""Clients whose rate is remembered; the one that was seen longest ago is forgotten."""


class Tokens:
    """The clients' tokens; none lets everybody in."""

    def __init__(self, names: Mapping[bytes, str]) -> None:
        """Keeps the names of clients by SHA-256 of their tokens."""
        self._names = names

    def __bool__(self) -> bool:
        return bool(self._names)

    def client(self, authorization: str | None, address: str) -> str:
        """Returns who a request is from.

        Args:
          authorization: the header, such as "Bearer TOKEN".
          address: where the request comes from; the client's name where there are no tokens.

        Raises:
          RefusedError: 401.
        """
        if not self._names:
            return address
        scheme, _, token = (authorization or "").partition(" ")
        # What is compared are hashes: the time that it takes tells nothing about the token.
        name = self._names.get(_hashed(token.strip())) if scheme.lower() == "bearer" else None
        if name is None:
            raise RefusedError(
                401, NOT_ALLOWED, 'a request needs the header "Authorization: Bearer TOKEN"'
            )
        return name


def read_tokens(file: Path | None) -> Tokens:
    """Returns the tokens of a file, or else of the environment; none where there is neither.

    A line has a client's name and its token, of at least 16 characters. Empty lines, and lines
    that begin with "#", are passed over.

    Raises:
      ConfigError: the file cannot be read, or a line is of another form. No message has a token.
    """
    if file is None:
        source, text = f"the environment variable {TOKENS_VARIABLE}", value_of(TOKENS_VARIABLE)
        if text is None:
            return Tokens({})
    else:
        source = f"--tokens {file}"
        text = _read(file)
    names: dict[bytes, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise ConfigError(
                "A line of tokens must be NAME TOKEN, the token of at least 16 letters, digits and "
                f"signs of ASCII. Received: another form in line {number} of {source}. Make a "
                "token with: openssl rand -hex 32"
            )
        names[_hashed(match[2])] = match[1]
    if not names:
        raise ConfigError(
            f"There must be at least one token. Received: none in {source}. Leave it out to let "
            "everybody in"
        )
    return Tokens(names)


class Rates:
    """How many photos each client may still send: a bucket of tokens for each.

    https://en.wikipedia.org/wiki/Token_bucket
    """

    def __init__(self, limits: LimitSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst = limits.photos_per_second, float(limits.burst)
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str, photos: int) -> None:
        """Takes photos out of a client's bucket.

        Raises:
          RefusedError: 429, there are not so many in it.
        """
        if not self._rate:
            return
        now = self._clock()
        left, since = self._left.pop(client, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._rate)
        enough = left >= photos
        self._left[client] = (left - photos if enough else left, now)
        if len(self._left) > _MAX_BUCKETS:
            self._left.popitem(last=False)
        if not enough:
            raise RefusedError(
                429,
                TOO_MANY,
                f"a client may send {self._rate:g} photos a second",
                retry_seconds=math.ceil((photos - left) / self._rate),
            )


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _read(file: Path) -> str:
    try:
        if not file.is_file():
            raise FileNotFoundError(2, "there is no such file")
        with file.open("rb") as opened:
            return opened.read(_MAX_BYTES).decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not ASCII"
        raise ConfigError(
            "--tokens must name a text file with a line NAME TOKEN for each client. Received: "
            f"{file} ({reason})"
        ) from None  # The error of the decoding holds what was read.
