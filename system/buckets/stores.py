"""Connections to buckets: one for each bucket and process, and one set of errors for all.

A store has a pool of connections, which all threads share. Where the credentials come from, and
which variables of the environment name another endpoint, is in docs/buckets.md.
"""

import contextlib
import errno
import functools
import os
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from schemas.errors import ConfigError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

GOOGLE, AMAZON, MINIO = "gs://", "s3://", "minio://"
SCHEMES = (GOOGLE, AMAZON, MINIO)
"""``minio://`` is Kubeflow's name for an S3 server of the cluster's own."""
GOOGLE_ENDPOINT = "STORAGE_EMULATOR_HOST"
"""Another address of Google Cloud Storage; Google's own clients heed it too."""
S3_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
"""Address of another server that speaks S3; Amazon's own clients heed them too."""

_STATUS = re.compile(r"status code: (\d{3})")
_NUMBERS = {"404": errno.ENOENT, "401": errno.EACCES, "403": errno.EACCES}
_TIMEOUT = timedelta(seconds=30)
_RETRIES: Any = {"max_retries": 10, "retry_timeout": timedelta(seconds=60)}
"""Of answers as 503 and 429, of connections that are refused or cut, and of bodies that are cut."""
_HINTS = (
    (
        r"incorrectly configured region|AuthorizationHeaderMalformed|PermanentRedirect|the region",
        "Set AWS_REGION to the bucket's region",
    ),
    (
        r"169\.254\.169\.254|metadata\.google\.internal",
        "No credentials were found but a machine's own, and it has none: give some, in the "
        "variables that docs/buckets.md lists",
    ),
)
"""What to do about texts of obstore and Amazon."""


def is_remote(path: str) -> bool:
    """Returns whether a path is the address of an object or folder in a bucket."""
    return "://" in path


def address_parts(address: str) -> tuple[str, str, str]:
    """Returns scheme, bucket and name of an address.

    Raises:
      ConfigError: it is none of a kind that can be read.
    """
    scheme = address[: address.index("://") + 3] if "://" in address else ""
    bucket, _, name = address[len(scheme) :].partition("/")
    if scheme not in SCHEMES or not bucket:
        raise ConfigError(
            f"An address in a bucket must begin with one of {', '.join(SCHEMES)} and a bucket's "
            f"name. Received: {address}"
        )
    return scheme, bucket, name.strip("/")


def store_of(address: str) -> "tuple[ObjectStore, str]":
    """Returns the store of an address's bucket, and the object's name in it.

    Raises:
      ConfigError: as ``address_parts``, or a ``minio://`` whose server is not named.
    """
    scheme, bucket, name = address_parts(address)
    google = os.environ.get(GOOGLE_ENDPOINT, "")
    amazon = next(filter(None, map(os.environ.get, S3_ENDPOINTS)), "")
    if scheme == MINIO and not amazon:
        raise ConfigError(
            f"minio:// needs the server's address in the environment, as "
            f"{S3_ENDPOINTS[-1]}=http://HOST:PORT. Received: {address}"
        )
    # A child of a fork must not use its parent's connections.
    store = _store(scheme, bucket, google if scheme == GOOGLE else amazon, os.getpid())
    return store, name


@functools.lru_cache(maxsize=64)
def _store(scheme: str, bucket: str, endpoint: str, process: int) -> "ObjectStore":
    del process
    # Processes that read no bucket need not load it.
    from obstore.store import GCSStore, S3Store

    client: Any = {
        "timeout": _TIMEOUT,
        "connect_timeout": timedelta(seconds=5),
        "pool_idle_timeout": timedelta(seconds=60),
        "allow_http": endpoint.startswith("http://"),
    }
    if scheme == GOOGLE:
        # An emulator asks for no token; without one, obstore would look for credentials.
        options: Any = {"base_url": endpoint, "bearer_token": "none"} if endpoint else {}
        return GCSStore(bucket, client_options=client, retry_config=_RETRIES, **options)
    options = {"endpoint": endpoint} if endpoint else {}
    if not any(os.environ.get(name) for name in ("AWS_REGION", "AWS_DEFAULT_REGION")):
        options["region"] = "us-east-1"
    return S3Store(bucket, client_options=client, retry_config=_RETRIES, **options)


@contextlib.contextmanager
def errors(address: str) -> Iterator[None]:
    """Turns what a store raises into the errors of files on a disk.

    Raises:
      FileNotFoundError: there is no such object, or no such bucket.
      PermissionError: the credentials are missing, or not enough.
      OSError: whatever else.
    """
    from obstore import exceptions

    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, "No such object", address) from error
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as error:
        raise PermissionError(errno.EACCES, _told(error), address) from error
    except exceptions.BaseError as error:
        # Of a request for a whole bucket, obstore tells the server's answer in its text alone.
        found = _STATUS.search(str(error).partition("\n")[0])
        number = _NUMBERS.get(found[1], errno.EIO) if found else errno.EIO
        # OSError makes a FileNotFoundError or PermissionError of its number.
        raise OSError(number, _told(error), address) from error


def _told(error: BaseException) -> str:
    """Returns what happened and what to do, without the library's own structures."""
    text = str(error).partition("\n")[0][:500]
    hint = next((hint for pattern, hint in _HINTS if re.search(pattern, text)), "")
    return f"{hint}. {text}" if hint else text
