"""What the page says where there is no answer, in Korean and English."""

from client.backends.model import REQUEST_TOO_LARGE
from client.predict.predictions import ANSWER_NOT_FINITE
from schemas import signatures
from schemas.reasons import RejectReason

SERVER_DOWN = "server_down"
"""The server of --server cannot be asked."""
UPLOAD_TOO_LARGE = "upload_too_large"
"""A file of more bytes than the page takes."""
NO_HEAT = "no_heat_map"
"""There is an answer and no map."""
UNKNOWN_LABEL = "unknown_label"
"""A map of a mood that the model does not know; the page never asks for one."""

_BAD_BOX = (
    "상자가 올바르지 않습니다. 사진 위에서 다시 끌어 주세요.",
    "This is no box. Drag a new one on the photo.",
)
WORDS = {
    RejectReason.NOT_AN_IMAGE.value: (
        "사진 파일이 아닙니다. JPEG나 PNG 사진을 골라 주세요.",
        "This is not a picture. Choose a JPEG or PNG photo.",
    ),
    RejectReason.IMAGE_TRUNCATED.value: (
        "사진 파일이 손상되었습니다. 다른 사진을 골라 주세요.",
        "The picture is cut short or broken. Choose another.",
    ),
    RejectReason.IMAGE_TOO_LARGE.value: (
        "사진의 화소가 너무 많습니다. 줄여서 다시 올려 주세요.",
        "The picture has too many pixels. Make it smaller.",
    ),
    RejectReason.BOX_MALFORMED.value: _BAD_BOX,
    RejectReason.BOX_NEGATIVE.value: _BAD_BOX,
    RejectReason.BOX_EMPTY.value: _BAD_BOX,
    RejectReason.BOX_OUTSIDE_IMAGE.value: (
        "상자가 사진 밖으로 나갔습니다. 사진 안에서 다시 끌어 주세요.",
        "The box reaches past the photo's edge. Drag one within the photo.",
    ),
    signatures.STATUS_IMAGE_UNREADABLE: (
        "모델이 이 사진을 읽지 못합니다. JPEG로 저장해서 다시 올려 주세요.",
        "The model cannot read this picture. Save it as JPEG and try again.",
    ),
    ANSWER_NOT_FINITE: (
        "모델이 손상되어 답할 수 없습니다. 다른 모델로 다시 시작해 주세요.",
        "The model is spoilt. Start the demo with another.",
    ),
    REQUEST_TOO_LARGE: (
        "서버가 이 크기의 사진을 받지 않습니다. 줄여서 다시 올려 주세요.",
        "The server does not take a picture of this size. Make it smaller.",
    ),
    SERVER_DOWN: (
        "모델 서버에 물어볼 수 없습니다. 서버를 확인하고 다시 시도해 주세요.",
        "The model's server cannot be asked. See that it runs, and try again.",
    ),
    UPLOAD_TOO_LARGE: (
        "파일이 너무 큽니다. 64 MiB보다 작은 사진을 올려 주세요.",
        "The file is too large. Choose one of less than 64 MiB.",
    ),
    NO_HEAT: (
        "이 사진의 열지도는 만들 수 없습니다.",
        "No heat map could be made of this picture.",
    ),
    UNKNOWN_LABEL: ("모르는 감정입니다.", "The model knows no such mood."),
}
"""By ``error`` of a row (``client.predict.predictions``) and of the words above."""
