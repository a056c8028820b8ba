"""Answers of a model, looked at before a client, the log and the figures get them.

A server may have been replaced by another one, or mean harm (``client.backends.answer``).
"""

from collections.abc import Mapping
from typing import Any

from client.backends import answer
from gateway.calls import MAX_VERSION, Answer, Call
from gateway.upstream.interface import UpstreamError
from schemas import signatures
from schemas.labels import MAX_NAME_LENGTH

_OUTPUTS = (*answer.NEEDED, signatures.MOOD_INDEX, signatures.MOOD_ID, *answer.OPTIONAL)
"""Outputs that are passed on; others are left out."""


def checked_answer(received: Answer, call: Call) -> Answer:
    """Returns an answer with the outputs of this project's models, the same in every row.

    Raises:
      UpstreamError: it is of another form.
    """
    names = [name for name in _OUTPUTS if received.rows and name in received.rows[0]]
    try:
        if len(received.rows) != call.rows:
            raise answer.AnswerError(f"{len(received.rows)} rows for {call.rows}")
        if not 0 <= received.version <= MAX_VERSION:
            raise answer.AnswerError("a version that is no number of 64 bits")
        rows = [_checked_row(row, names) for row in received.rows]
    except answer.AnswerError as error:
        raise UpstreamError(f"the model answered with {error}") from error
    return Answer(received.version, rows)


def _checked_row(row: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    if missing := [name for name in {*answer.NEEDED, *names} if name not in row]:
        raise answer.AnswerError(f"rows without {', '.join(sorted(missing))}")
    answer.checked_response(*map(row.get, (*answer.NEEDED, *answer.OPTIONAL)))
    index, mood_id = row.get(signatures.MOOD_INDEX, -1), row.get(signatures.MOOD_ID, "")
    if type(index) is not int or not -1 <= index < len(row[signatures.MOODS]):
        raise answer.AnswerError("a mood's index that is none")
    if not isinstance(mood_id, str) or len(mood_id) > MAX_NAME_LENGTH or not mood_id.isprintable():
        raise answer.AnswerError("a mood's identifier that is none")
    return {name: row[name] for name in names}
