"""Addresses of a run's folders and names of its CSVs, checked as far as that goes from here.

Object stores take nearly any text for a name. What is refused here is what one of the libraries
that read it would take for another name, or for none.
"""

import re
from collections.abc import Mapping

from pipeline.run_inputs import SPAN
from schemas.errors import ConfigError
from system.buckets.stores import SCHEMES
from system.patterns import SPECIAL

_BUCKET = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_MEANT = {"s3a": "s3", "s3n": "s3", "gcs": "gs"}
"""What Hadoop and people call the object stores."""


def check_folder(option: str, address: str) -> None:
    """Raises ConfigError unless every library reads a folder's address alike.

    Args:
      option: the flag that it was given with.
      address: of the folder.
    """
    if not address.startswith(SCHEMES):
        scheme = address.partition(":")[0].lower()
        meant = _MEANT.get(scheme, scheme)
        hint = f". Write {meant}://BUCKET/FOLDER" if f"{meant}://" in SCHEMES else ""
        raise ConfigError(
            f"{option} must be in an object store ({', '.join(SCHEMES)}): a cluster's "
            f"machines do not see this one's folders. Received: {address}{hint}"
        )
    if any(char in address for char in SPECIAL):
        raise ConfigError(
            f"{option} must have none of {' '.join(SPECIAL)}, which Beam and TensorFlow "
            f"take for a pattern. Received: {address}"
        )
    bucket, _, key = address.partition("://")[2].partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise ConfigError(
            f"{option} must name a bucket of letters, digits and . _ - after the scheme, such as "
            f"gs://bucket/folder. Received: {address}"
        )
    _check_parts(option, key.removesuffix("/"), address)


def check_apart(folders: Mapping[str, str]) -> None:
    """Raises ConfigError where the serving folder is a bucket, or has another folder in it."""
    places = {option: f"{address.rstrip('/')}/" for option, address in folders.items()}
    serving = places.pop("--serving")
    if not serving.partition("://")[2].strip("/").partition("/")[2]:
        raise ConfigError(
            "--serving must be a folder, not a whole bucket: its name is the model's, such as "
            f"gs://bucket/serving/pet_mood. Received: {serving}"
        )
    for option, place in places.items():
        if place.startswith(serving):
            raise ConfigError(
                f"{option} must not be in --serving, which TensorFlow Serving looks through. "
                f"Received: {place} in {serving}"
            )


def check_name(option: str, name: str) -> None:
    """Raises ConfigError unless a CSV's name stands for a file below the data root.

    Args:
      option: the flag that it was given with.
      name: below ``--data-root``; may have one ``SPAN``.
    """
    if "://" in name or name.startswith(("/", "../")) or not name or name.endswith("/"):
        raise ConfigError(
            f"{option} must be a name below --data-root, such as train.csv. Received: {name}"
        )
    if name.count(SPAN) > 1 or any(char in name.replace(SPAN, "") for char in f"{SPECIAL}{{}}"):
        raise ConfigError(
            f"{option} may have {SPAN} once, for the newest number, and else none of "
            f"{' '.join(SPECIAL)} {{ }}. Received: {name}"
        )
    _check_parts(option, name, name)


def _check_parts(option: str, key: str, received: str) -> None:
    parts = key.split("/") if key else []
    if any(part in ("", ".", "..") for part in parts):
        raise ConfigError(
            f"{option} must have a name between any two slashes, and not . or .., which a bucket "
            f"takes for names. Received: {received}"
        )
    if not key.isprintable() or key != key.strip():
        raise ConfigError(
            f"{option} must have no control characters, and no blanks at its ends. "
            f"Received: {received!r}"
        )
