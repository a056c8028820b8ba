"""References to container images, as ``--image`` takes them."""

import re

from schemas.errors import ConfigError

_IMAGE = re.compile(
    r"(?P<registry>[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]+)?/)?(?P<name>[^:@]+)"
    r"(:(?P<tag>[^:@/]*))?(@(?P<digest>.*))?"
)
"""The parts of a reference to an image, whatever is in them."""
_NAME = re.compile(r"[a-z0-9]+((\.|_{1,2}|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_{1,2}|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
"""Names, tags and digests: https://pkg.go.dev/github.com/distribution/reference."""


def check_image(flag: str, image: str) -> None:
    """Raises ConfigError unless a registry can have such an image, and it stands for one code."""
    found = _IMAGE.fullmatch(image)
    if found is None or not _NAME.fullmatch(found["name"]) or len(found["name"]) > 255:
        raise ConfigError(
            f"{flag} must name an image of small letters, digits and single . _ - between "
            f"them, as REGISTRY/pet/pipeline:TAG. Received: {image}"
        )
    if found["tag"] is not None and not _TAG.fullmatch(found["tag"]):
        raise ConfigError(
            "An image's tag must be up to 128 letters, digits and _ . - of ASCII, and begin "
            f"with none of . and -. Received: {found['tag']!r} in {flag} {image}"
        )
    if found["digest"] is not None and not _DIGEST.fullmatch(found["digest"]):
        raise ConfigError(
            "An image's digest must be sha256: and 64 digits of 0-9 and a-f. "
            f"Received: {flag} {image}"
        )
    if found["digest"] is None and found["tag"] in (None, "latest"):
        raise ConfigError(
            f"{flag} must have a tag of its own (NAME:TAG, not latest) or a digest "
            "(NAME@sha256:…): it stands for the code's version, and what older code made is "
            f"reused as long as it stays. Received: {image}"
        )
