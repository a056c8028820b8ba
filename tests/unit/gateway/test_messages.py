"""Our gRPC messages beside TensorFlow Serving's own."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import get_model_status_pb2, predict_pb2

from gateway.calls import Answer, Call, CallError, Target
from gateway.forms.grpc import answer_message, call_message, parsed_answer, parsed_call
from gateway.forms.messages import PredictRequest, PredictResponse, StatusRequest, StatusResponse
from gateway.forms.tensors import KINDS, set_tensor, values_of
from schemas import signatures
from testing.gateway.fake_upstream import NEW_OUTPUTS, ROW

pytestmark = pytest.mark.slow
CALL = Call(
    signatures.SERVE_BOX, {"image_bytes": [b"a", b""], "box": [[-1, 2, 3, 4], [0, 0, 9, 9]]}
)


@pytest.mark.parametrize("target", [Target(), Target(0), Target(2**53 + 1), Target(label="canary")])
def test_servings_messages_read_our_request_and_ours_read_theirs(target: Target) -> None:
    theirs = predict_pb2.PredictRequest.FromString(
        call_message(CALL, "pet_mood", target).SerializeToString()
    )
    spec = theirs.model_spec
    assert (spec.name, spec.signature_name) == ("pet_mood", "serve_box")
    assert spec.version_label == (target.label or "")
    assert (spec.version.value if spec.HasField("version") else None) == target.version
    assert tf.make_ndarray(theirs.inputs["image_bytes"]).tolist() == [b"a", b""]
    assert tf.make_ndarray(theirs.inputs["box"]).tolist() == CALL.inputs["box"]
    # TensorFlow packs numbers into bytes; a request of its own is read in the same way.
    theirs.inputs["box"].CopyFrom(tf.make_tensor_proto(CALL.inputs["box"], tf.int64))
    again = parsed_call(PredictRequest.FromString(theirs.SerializeToString()), 2)
    assert again == (CALL, target)


@pytest.mark.parametrize(
    "array",
    [np.float32([0.1, 0.9]), np.float64([[0.5], [1]]), np.int64([[1, -2]]), np.int32([7]),
     np.array([True, False])],
    ids=str,
)  # fmt: skip
def test_servings_numbers_are_read_whether_packed_or_listed(array: Any) -> None:
    packed = PredictResponse().outputs.add().value
    packed.ParseFromString(tf.make_tensor_proto(array).SerializeToString())
    assert values_of(packed) == array.tolist()
    even = tf.make_tensor_proto(3.0, tf.float32, shape=(4,))  # One value stands for all.
    packed.ParseFromString(even.SerializeToString())
    assert values_of(packed) == [3.0] * 4


def test_servings_messages_read_our_answer() -> None:
    row = ROW | NEW_OUTPUTS
    ours = answer_message(Answer(7, [row, row]), call_message(CALL, "pet_mood", Target()))
    theirs = predict_pb2.PredictResponse.FromString(ours.SerializeToString())
    assert theirs.model_spec.version.value == 7
    types = {name: tensor.dtype for name, tensor in theirs.outputs.items()}
    assert types == {name: KINDS[name] for name in row}
    assert tf.make_ndarray(theirs.outputs["probabilities"]).shape == (2, 3)
    assert tf.make_ndarray(theirs.outputs["unsure"]).tolist() == [True, True]
    again = parsed_answer(PredictResponse.FromString(theirs.SerializeToString()), 2)
    assert again == (7, [row, row])


def test_the_messages_about_versions_are_servings() -> None:
    ours = StatusRequest()
    ours.model_spec.name = "pet_mood"
    theirs = get_model_status_pb2.GetModelStatusRequest.FromString(ours.SerializeToString())
    assert theirs.model_spec.name == "pet_mood"
    answer = get_model_status_pb2.GetModelStatusResponse()
    answer.model_version_status.add(version=9, state="AVAILABLE")
    (state,) = StatusResponse.FromString(answer.SerializeToString()).model_version_status
    assert (state.version, state.state) == (9, 30)


@pytest.mark.parametrize(
    ("shape", "values"), [([3], [1.0]), ([2**40], []), ([-1], []), ([1, 1, 1], [1.0]), ([], [1.0])]
)
def test_a_tensor_that_lies_about_its_shape_takes_no_memory(
    shape: list[int], values: list[float]
) -> None:
    tensor = PredictResponse().outputs.add().value
    set_tensor(tensor, values, 1)
    del tensor.tensor_shape.dim[:]
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    if shape == [3]:
        assert values_of(tensor) == [1.0] * 3
    else:
        with pytest.raises(ValueError, match="shape"):
            values_of(tensor)


@pytest.mark.parametrize(
    ("version", "label"),
    [
        (-1, None),
        (None, "../../other/metadata?"),
        (None, ".."),
        (None, "stable HTTP/1.1\r\nX-Evil: 1\r\n"),
        (None, "a" * 65),
        (None, "가"),
    ],
)
def test_a_version_or_label_that_would_change_an_address_is_no_call(
    version: int | None, label: str | None
) -> None:
    request = call_message(CALL, "pet_mood", Target(version, label))
    with pytest.raises(CallError, match=r"a version must|a label must"):
        parsed_call(request, 64)
