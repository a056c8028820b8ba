"""Why a task of a cluster has ended for good."""

from typing import TypedDict


class Refusal(TypedDict):
    """What a task leaves for its further attempts.

    Attributes:
      exit: exit code, of ``schemas.exit_codes.RunExit``.
      message: the cause, with the remedy.
      left: attempts that the cluster may still make.
    """

    exit: int
    message: str
    left: int
