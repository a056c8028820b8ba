"""TensorFlow Serving's gRPC form of calls and answers, both ways."""

from collections.abc import Sequence
from typing import Any

from gateway.calls import Answer, Call, CallError, Row, Target, checked_call, checked_target
from gateway.forms.messages import PredictRequest, PredictResponse
from gateway.forms.tensors import KINDS, set_tensor, values_of


def parsed_call(request: Any, max_rows: int) -> tuple[Call, Target]:
    """Returns the call in a ``PredictRequest``, and the version that it is for.

    Raises:
      CallError: it is of another form.
    """
    spec = request.model_spec
    inputs = {}
    for entry in request.inputs:
        try:
            inputs[entry.key] = values_of(entry.value)
        except ValueError as error:
            raise CallError(f"the input {entry.key[:100]!r} has {error}") from error
    version = spec.version.value if spec.HasField("version") else None
    target = checked_target(version, spec.version_label or None)
    return checked_call(spec.signature_name, inputs, max_rows), target


def answer_message(answer: Answer, request: Any) -> Any:
    """Returns the ``PredictResponse`` to a request."""
    response = PredictResponse()
    response.model_spec.name = request.model_spec.name
    response.model_spec.signature_name = request.model_spec.signature_name or "serving_default"
    response.model_spec.version.value = answer.version
    wanted = set(request.output_filter)
    for name in answer.rows[0]:
        if not wanted or name in wanted:
            values = [row[name] for row in answer.rows]
            set_tensor(response.outputs.add(key=name).value, values, KINDS.get(name))
    return response


def call_message(call: Call, model: str, target: Target) -> Any:
    """Returns the ``PredictRequest`` that asks a server for a call."""
    request = PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = call.signature
    if target.version is not None:
        request.model_spec.version.value = target.version
    elif target.label is not None:
        request.model_spec.version_label = target.label
    for name, values in call.inputs.items():
        set_tensor(request.inputs.add(key=name).value, values, KINDS[name])
    return request


def parsed_answer(response: Any, rows: int) -> Answer:
    """Returns the answer in a ``PredictResponse``.

    Raises:
      ValueError: it has another number of rows, or a tensor that cannot be read.
    """
    columns = {entry.key: _texts(values_of(entry.value)) for entry in response.outputs}
    if not columns or any(len(values) != rows for values in columns.values()):
        raise ValueError(f"outputs that do not have {rows} rows")
    found: Sequence[Row] = [
        dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
    ]
    return Answer(response.model_spec.version.value, found)


def _texts(values: list[Any]) -> list[Any]:
    if values and isinstance(values[0], list):
        return [_texts(row) for row in values]
    return [value.decode() if isinstance(value, bytes) else value for value in values]
