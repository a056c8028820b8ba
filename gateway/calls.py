"""A call of a signature and its answer, whatever form they came in and go out in.

Clients speak TensorFlow Serving's REST form, its gRPC form, or ``POST /v1/mood``; a model is
reached by REST, by gRPC or in this process. All of them meet here, so that limits, log and figures
are the same for each.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from schemas import signatures

INPUTS: dict[str, tuple[str, ...]] = {
    signatures.SERVE_IMAGE: (signatures.IMAGE_BYTES,),
    signatures.SERVE_BOX: (signatures.IMAGE_BYTES, signatures.BOX),
    signatures.SERVE_EXAMPLE: (signatures.EXAMPLES,),
}
"""The signatures that are let through, and their inputs."""

Row = Mapping[str, Any]
"""One row of an answer by output: texts, numbers, truth values, or lists of them."""


_LABEL = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}")
MAX_VERSION = (1 << 63) - 1
"""TensorFlow Serving's numbers of versions have 64 bits."""


class CallError(ValueError):
    """A request that is none of the calls above; the message is for the client."""


class Target(NamedTuple):
    """Which version a call is for; without both, the server's latest."""

    version: int | None = None
    label: str | None = None


class Call(NamedTuple):
    """A call of a signature.

    Attributes:
      signature: a key of ``INPUTS``.
      inputs: a value for each row, by input: bytes, or a box as four whole numbers.
    """

    signature: str
    inputs: Mapping[str, Sequence[Any]]

    @property
    def rows(self) -> int:
        """Number of photos or Examples."""
        return len(next(iter(self.inputs.values())))


class Answer(NamedTuple):
    """What a model has answered.

    Attributes:
      version: of the model.
      rows: as many as the call's, each with all outputs.
    """

    version: int
    rows: Sequence[Row]


def checked_target(version: int | None, label: str | None) -> Target:
    """Returns the version that a client names; both become part of an address at the server.

    Raises:
      CallError: it is no version or label of TensorFlow Serving.
    """
    if version is not None and not 0 <= version <= MAX_VERSION:
        raise CallError(f"a version must be a whole number of 0 or more. Received: {version}")
    if label is not None and not _LABEL.fullmatch(label):
        raise CallError(
            "a label must have 1 to 64 letters, digits, underscores, dots and hyphens, and begin "
            f"with no dot. Received: {label[:100]!r}"
        )
    return Target(version, label)


def checked_call(signature: str, inputs: Mapping[str, Sequence[Any]], max_rows: int) -> Call:
    """Returns the call of a signature.

    Raises:
      CallError: the signature is not let through, or its inputs are of another form.
    """
    signature = signature or signatures.SERVE_IMAGE
    if signature not in INPUTS:
        raise CallError(
            f"the signature must be one of {', '.join(INPUTS)}. Received: {signature[:100]!r}"
        )
    names = INPUTS[signature]
    if set(inputs) != set(names):
        received = ", ".join(sorted(map(str, inputs)))[:200]
        raise CallError(
            f"{signature} takes the inputs {', '.join(names)}. Received: {received or 'none'}"
        )
    lengths = {len(values) for values in inputs.values()}
    if len(lengths) != 1 or not 1 <= max(lengths) <= max_rows:
        raise CallError(
            f"a request has 1 to {max_rows} rows, and each input one value for each. Received: "
            + ", ".join(f"{len(values)} of {name}" for name, values in inputs.items())
        )
    for name in names:
        check = _is_box if name == signatures.BOX else _is_bytes
        if not all(map(check, inputs[name])):
            wanted = "four whole numbers" if name == signatures.BOX else "bytes"
            raise CallError(f"each value of {name} must be {wanted}")
    return Call(signature, inputs)


def _is_bytes(value: object) -> bool:
    return isinstance(value, bytes)


def _is_box(value: object) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == 4
        and all(type(number) is int and abs(number) < 1 << 62 for number in value)
    )
