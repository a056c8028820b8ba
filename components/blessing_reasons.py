"""The reasons of a verdict, as a property that ML Metadata and the clusters' pages show."""

from collections.abc import Sequence

_MAX_LENGTH = 2000
"""Characters; the whole of it is in the node's document."""


def reasons_text(failed: Sequence[str], num_checks: int) -> str:
    """Returns the messages of the rules that failed; without any, how many have passed.

    Args:
      failed: messages of the rules that failed.
      num_checks: number of all rules.
    """
    text = "; ".join(failed) if failed else f"all {num_checks} checks passed"
    return text if len(text) <= _MAX_LENGTH else text[: _MAX_LENGTH - 1] + "…"
