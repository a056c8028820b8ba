"""Messages that the page shows in place of a prediction or a heat map, in Korean and English."""

from client.backends.model import REQUEST_TOO_LARGE
from client.predict.predictions import ANSWER_NOT_FINITE
from schemas import signatures
from schemas.reasons import RejectReason

SERVER_DOWN = "server_down"
"""The server of --server cannot be reached or has refused the request."""
UPLOAD_TOO_LARGE = "upload_too_large"
"""The file has more bytes than the page accepts."""
NO_HEAT = "no_heat_map"
"""There is a prediction, but no heat map."""
UNKNOWN_LABEL = "unknown_label"
"""A heat map of a mood that the model does not know; the page itself never requests one."""

_BAD_BOX = (
    "상자가 올바르지 않습니다. 사진 위에 다시 그려 주세요.",
    "The box is not valid. Draw a new one on the photo.",
)
MESSAGES = {
    RejectReason.NOT_AN_IMAGE.value: (
        "사진 파일이 아니거나 지원하지 않는 형식입니다. JPEG나 PNG 사진을 골라 주세요.",
        "This is not a photo, or its format is not supported. Choose a JPEG or PNG file.",
    ),
    RejectReason.IMAGE_TRUNCATED.value: (
        "사진 파일이 손상되었습니다. 다른 사진을 골라 주세요.",
        "The photo file is damaged or incomplete. Choose another one.",
    ),
    RejectReason.IMAGE_TOO_LARGE.value: (
        "사진의 픽셀 수가 너무 많습니다. 크기를 줄여서 다시 올려 주세요.",
        "The photo has too many pixels. Reduce its size and try again.",
    ),
    RejectReason.BOX_MALFORMED.value: _BAD_BOX,
    RejectReason.BOX_NEGATIVE.value: _BAD_BOX,
    RejectReason.BOX_EMPTY.value: _BAD_BOX,
    RejectReason.BOX_OUTSIDE_IMAGE.value: (
        "상자가 사진 밖으로 나갔습니다. 사진 안에 다시 그려 주세요.",
        "The box extends beyond the photo. Draw one within the photo.",
    ),
    signatures.STATUS_IMAGE_UNREADABLE: (
        "모델이 이 사진을 읽지 못합니다. JPEG로 저장해서 다시 올려 주세요.",
        "The model cannot read this photo. Save it as JPEG and try again.",
    ),
    ANSWER_NOT_FINITE: (
        "모델의 가중치가 손상되었습니다(NaN). 다른 모델로 데모를 다시 시작해 주세요.",
        "The model's weights are corrupted (NaN). Restart the demo with another model.",
    ),
    REQUEST_TOO_LARGE: (
        "사진 파일이 모델 서버의 제한보다 큽니다. 크기를 줄여서 다시 올려 주세요.",
        "The photo is larger than the model server accepts. Reduce its size and try again.",
    ),
    SERVER_DOWN: (
        "모델 서버에 연결할 수 없거나 요청이 거절되었습니다. 서버를 확인하고 다시 시도해 주세요.",
        "The model server cannot be reached or has refused the request. Check it and try again.",
    ),
    UPLOAD_TOO_LARGE: (
        "파일이 너무 큽니다. 64 MiB보다 작은 사진을 올려 주세요.",
        "The file is too large. Choose a photo of less than 64 MiB.",
    ),
    NO_HEAT: (
        "이 사진의 열지도를 만들지 못했습니다.",
        "The heat map of this photo could not be made.",
    ),
    UNKNOWN_LABEL: ("모델이 모르는 감정입니다.", "The model does not know this mood."),
}
"""(Korean, English) by the ``error`` of an outcome (``client.predict.predictions``) or of this
module."""
