"""Values of rows to tensors of gRPC's form, and back."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from schemas import signatures

FLOAT, DOUBLE, INT32, STRING, INT64, BOOL = 1, 2, 3, 7, 9, 10
"""TensorFlow's numbers of types (tensorflow/core/framework/types.proto)."""
_FIELDS = {
    FLOAT: ("float_val", "<f4"),
    DOUBLE: ("double_val", "<f8"),
    INT32: ("int_val", "<i4"),
    INT64: ("int64_val", "<i8"),
    BOOL: ("bool_val", "?"),
}
_MAX_VALUES = 1 << 22


def set_tensor(tensor: Any, values: Sequence[Any], kind: int | None = None) -> None:
    """Fills an empty tensor with a value, or a list of values of one length, for each row."""
    kind = _kind(values) if kind is None else kind
    tensor.dtype = kind
    shape = [len(values)]
    flat: list[Any] = list(values)
    if flat and isinstance(flat[0], list | tuple):
        shape.append(len(flat[0]))
        flat = [each for row in flat for each in row]
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    if kind == STRING:
        tensor.string_val.extend(
            each.encode() if isinstance(each, str) else bytes(each) for each in flat
        )
    else:
        getattr(tensor, _FIELDS[kind][0]).extend(flat)


def values_of(tensor: Any) -> list[Any]:
    """Returns a value, or a list of values, for each row; those of texts are bytes.

    Raises:
      ValueError: it is of an unknown type, or holds more or fewer values than its shape says.
    """
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    if not 1 <= len(shape) <= 2 or min(shape) < 0 or math.prod(shape) > _MAX_VALUES:
        raise ValueError(f"a tensor of shape {shape[:8]}")
    count = math.prod(shape)
    if tensor.dtype == STRING:
        flat: list[Any] = list(tensor.string_val)
    elif tensor.dtype in _FIELDS:
        field, number = _FIELDS[tensor.dtype]
        if tensor.tensor_content:
            flat = np.frombuffer(tensor.tensor_content, number).tolist()
        else:
            flat = list(getattr(tensor, field))
    else:
        raise ValueError(f"a tensor of type {tensor.dtype}")
    if 1 <= len(flat) < count:  # The last value stands for all that follow.
        flat += [flat[-1]] * (count - len(flat))
    if len(flat) != count:
        raise ValueError(f"{len(flat)} values for a tensor of shape {shape}")
    if len(shape) == 1:
        return flat
    width = shape[1]
    return [flat[row * width : (row + 1) * width] for row in range(shape[0])]


def _kind(values: Sequence[Any]) -> int:
    """Returns the type of an output's values; a list that is empty has moods' names."""
    first = values[0] if values else ""
    while isinstance(first, list | tuple):
        first = first[0] if first else ""
    if isinstance(first, bool):
        return BOOL
    if isinstance(first, int):
        return INT64
    return FLOAT if isinstance(first, float) else STRING


KINDS = {
    signatures.IMAGE_BYTES: STRING,
    signatures.EXAMPLES: STRING,
    signatures.BOX: INT64,
    signatures.MOOD: STRING,
    signatures.MOOD_INDEX: INT64,
    signatures.PROBABILITIES: FLOAT,
    signatures.MOODS: STRING,
    signatures.STATUS: STRING,
    signatures.MOOD_ID: STRING,
    signatures.UNSURE: BOOL,
    "box_source": STRING,
    "found": FLOAT,
}
"""Types of inputs and outputs: JSON has one kind of number only, so that 1.0 may come as 1."""
