"""TensorFlow Serving's REST form of calls and answers, both ways.

https://www.tensorflow.org/tfx/serving/api_rest; rows (``instances``) and columns (``inputs``).
"""

import binascii
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson
import pybase64

from gateway.calls import INPUTS, Answer, Call, CallError, Row, checked_call
from schemas import signatures


class RestCall(NamedTuple):
    """A call, and whether its answer is wanted by columns."""

    call: Call
    by_columns: bool


def parsed_call(body: bytes, max_rows: int) -> RestCall:
    """Returns the call in the body of a request.

    Raises:
      CallError: it is of another form.
    """
    try:
        document = orjson.loads(body)
    except ValueError as error:
        raise CallError(f"the body must be JSON. Received: {error}") from error
    if not isinstance(document, dict):
        raise CallError("the body must be a JSON object")
    signature = document.get("signature_name") or signatures.SERVE_IMAGE
    if not isinstance(signature, str):
        raise CallError("signature_name must be a text")
    if ("instances" in document) == ("inputs" in document):
        raise CallError('the body must have either "instances" or "inputs"')
    by_columns = "inputs" in document
    values = document["inputs" if by_columns else "instances"]
    inputs = _columns(values, signature) if by_columns else _from_rows(values, signature, max_rows)
    decoded = {name: _decoded(name, column) for name, column in inputs.items()}
    return RestCall(checked_call(signature, decoded, max_rows), by_columns)


def _columns(values: object, signature: str) -> dict[str, list[Any]]:
    if isinstance(values, list) and len(INPUTS.get(signature, ())) == 1:
        return {INPUTS[signature][0]: values}
    if not isinstance(values, dict) or not all(isinstance(each, list) for each in values.values()):
        raise CallError('"inputs" must be an object with a list for each input')
    return values


def _from_rows(values: object, signature: str, max_rows: int) -> dict[str, list[Any]]:
    if not isinstance(values, list) or not values:
        raise CallError('"instances" must be a list with at least one row')
    if len(values) > max_rows:
        raise CallError(f"a request has 1 to {max_rows} rows. Received: {len(values)}")
    names = INPUTS.get(signature, ())
    # Bare values stand for the only input.
    if len(names) == 1 and not (isinstance(values[0], dict) and names[0] in values[0]):
        return {names[0]: values}
    if not all(isinstance(row, dict) and set(row) == set(values[0]) for row in values):
        raise CallError("each instance must be an object with the same inputs")
    return {name: [row[name] for row in values] for name in values[0]}


def _decoded(name: str, column: Sequence[Any]) -> list[Any]:
    if name == signatures.BOX:
        return list(column)
    try:
        return [_bytes(value) for value in column]
    except (binascii.Error, ValueError) as error:
        raise CallError(f'{name} must be {{"b64": …}} with base64: {error}') from error


def _bytes(value: object) -> bytes:
    if isinstance(value, dict) and len(value) == 1 and isinstance(text := value.get("b64"), str):
        return pybase64.b64decode(text, validate=True)
    raise ValueError("not an object with b64 alone")


def call_body(call: Call) -> bytes:
    """Returns the body that asks a server for a call, by rows."""
    columns = {
        name: values
        if name == signatures.BOX
        else [{"b64": pybase64.b64encode_as_string(value)} for value in values]
        for name, values in call.inputs.items()
    }
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return orjson.dumps({"signature_name": call.signature, "instances": rows})


def parsed_rows(body: bytes, rows: int) -> list[Row]:
    """Returns the rows in a server's answer.

    Raises:
      ValueError: it is no such answer, or has another number of rows.
    """
    document = orjson.loads(body)
    found = document.get("predictions") if isinstance(document, dict) else None
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise ValueError("no list of predictions by name")
    if len(found) != rows:
        raise ValueError(f"{len(found)} predictions for {rows} rows")
    return found


def answer_body(answer: Answer, by_columns: bool) -> bytes:
    """Returns the body of an answer for a client."""
    document: Mapping[str, Any]
    if by_columns:
        columns = {name: [row[name] for row in answer.rows] for name in answer.rows[0]}
        document = {"outputs": columns}
    else:
        document = {"predictions": answer.rows}
    return orjson.dumps(document)
