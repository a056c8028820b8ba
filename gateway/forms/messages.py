"""TensorFlow Serving's gRPC messages, without TensorFlow.

The packages that have them import TensorFlow, which takes seconds and 500 MB. These are the fields
of the same messages that predictions need, with their numbers, so that the bytes are the same
(tensorflow_serving/apis/{model,predict,get_model_status}.proto and
tensorflow/core/framework/tensor.proto). A test compares them with the originals.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_Field = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "petmood.gateway"

_MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    "Version": {"value": (1, "int64")},
    "ModelSpec": {
        "name": (1, "string"),
        "version": (2, "Version"),
        "signature_name": (3, "string"),
        "version_label": (4, "string"),
    },
    "Dim": {"size": (1, "int64")},
    "Shape": {"dim": (2, "*Dim")},
    "Tensor": {
        "dtype": (1, "int32"),
        "tensor_shape": (2, "Shape"),
        "tensor_content": (4, "bytes"),
        "float_val": (5, "*float"),
        "double_val": (6, "*double"),
        "int_val": (7, "*int32"),
        "string_val": (8, "*bytes"),
        "int64_val": (10, "*int64"),
        "bool_val": (11, "*bool"),
    },
    # A map is a list of such entries (https://protobuf.dev/programming-guides/encoding/#maps).
    "NamedTensor": {"key": (1, "string"), "value": (2, "Tensor")},
    "PredictRequest": {
        "model_spec": (1, "ModelSpec"),
        "inputs": (2, "*NamedTensor"),
        "output_filter": (3, "*string"),
    },
    "PredictResponse": {"outputs": (1, "*NamedTensor"), "model_spec": (2, "ModelSpec")},
    "StatusRequest": {"model_spec": (1, "ModelSpec")},
    "VersionStatus": {"version": (1, "int64"), "state": (2, "int32")},
    "StatusResponse": {"model_version_status": (1, "*VersionStatus")},
}
"""Fields by message: number and type; a star is a repeated one."""

PREDICT = "/tensorflow.serving.PredictionService/Predict"
STATUS = "/tensorflow.serving.ModelService/GetModelStatus"
"""Names of the methods."""

STATES = {0: "UNKNOWN", 10: "START", 20: "LOADING", 30: "AVAILABLE", 40: "UNLOADING", 50: "END"}
"""Names of ``VersionStatus.state``."""


def _classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(
        name="petmood/gateway.proto", package=_PACKAGE, syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field_name, (number, kind) in fields.items():
            plain = kind.lstrip("*")
            field = message.field.add(name=field_name, number=number)
            field.label = _Field.LABEL_REPEATED if kind != plain else _Field.LABEL_OPTIONAL
            if plain in _MESSAGES:
                field.type, field.type_name = _Field.TYPE_MESSAGE, f".{_PACKAGE}.{plain}"
            else:
                field.type = getattr(_Field, f"TYPE_{plain.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = {name: pool.FindMessageTypeByName(f"{_PACKAGE}.{name}") for name in _MESSAGES}
    if hasattr(message_factory, "GetMessageClass"):
        return {name: message_factory.GetMessageClass(each) for name, each in found.items()}
    # Protobuf 3.20, which TFX 1.16 pins.
    factory = message_factory.MessageFactory(pool)
    return {name: factory.GetPrototype(each) for name, each in found.items()}


_CLASSES = _classes()
PredictRequest: Any = _CLASSES["PredictRequest"]
PredictResponse: Any = _CLASSES["PredictResponse"]
StatusRequest: Any = _CLASSES["StatusRequest"]
StatusResponse: Any = _CLASSES["StatusResponse"]
