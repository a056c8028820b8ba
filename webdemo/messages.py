"""Messages that the page shows in place of a prediction or a heat map, in Korean and English."""

from client.backends.model import REQUEST_TOO_LARGE
from client.predict.predictions import ANSWER_NOT_FINITE
from schemas import signatures
from schemas.reasons import IN_KOREAN, RejectReason
from system.web.refusals import (
    BUSY,
    CROSS_SITE,
    FOREIGN_HOST,
    MALFORMED_REQUEST,
    UNEXPECTED,
    UPLOAD_TOO_LARGE,
    UPLOAD_TOO_SLOW,
)

SERVER_DOWN = "server_down"
"""The server of --server cannot be reached or has refused the request."""
NO_HEAT = "no_heat_map"
"""There is a prediction, but no heat map."""
UNKNOWN_LABEL = "unknown_label"
"""A heat map of a mood that the model does not know; the page itself never requests one."""
NO_SUCH_ADDRESS = "no_such_address"
"""A path or method that this program does not have."""


def _of_reason(reason: RejectReason, remedy: str, english: str) -> tuple[str, str]:
    """Returns the message of a reason whose Korean sentence the run's page has too.

    Args:
      reason: an upload's own fault.
      remedy: in Korean, added to the sentence.
      english: sentence and remedy.
    """
    return f"{IN_KOREAN[reason]} {remedy}", english


_DRAW_AGAIN = ("사진 위에 다시 그려 주세요.", "The box is not valid. Draw a new one on the photo.")
MESSAGES = {
    # Reasons that an upload should not have, and new ones until they get a remedy below.
    **{
        reason.value: (korean, f"The photo cannot be used ({reason.value.replace('_', ' ')}).")
        for reason, korean in IN_KOREAN.items()
    },
    RejectReason.NOT_AN_IMAGE.value: _of_reason(
        RejectReason.NOT_AN_IMAGE,
        "JPEG나 PNG 사진을 골라 주세요.",
        "This is not a photo, or its format is not supported. Choose a JPEG or PNG file.",
    ),
    RejectReason.IMAGE_TRUNCATED.value: _of_reason(
        RejectReason.IMAGE_TRUNCATED,
        "다른 사진을 골라 주세요.",
        "The photo file is damaged or incomplete. Choose another one.",
    ),
    RejectReason.IMAGE_TOO_LARGE.value: _of_reason(
        RejectReason.IMAGE_TOO_LARGE,
        "크기를 줄여서 다시 올려 주세요.",
        "The photo has too many pixels, or its file is too large. Reduce its size and try again.",
    ),
    RejectReason.BOX_MALFORMED.value: _of_reason(RejectReason.BOX_MALFORMED, *_DRAW_AGAIN),
    RejectReason.BOX_NEGATIVE.value: _of_reason(RejectReason.BOX_NEGATIVE, *_DRAW_AGAIN),
    RejectReason.BOX_EMPTY.value: _of_reason(RejectReason.BOX_EMPTY, *_DRAW_AGAIN),
    RejectReason.BOX_OUTSIDE_IMAGE.value: _of_reason(
        RejectReason.BOX_OUTSIDE_IMAGE,
        "사진 안에 다시 그려 주세요.",
        "The box extends beyond the photo. Draw one within the photo.",
    ),
    signatures.STATUS_IMAGE_UNREADABLE: (
        "모델이 이 사진을 읽지 못합니다. JPEG로 저장해서 다시 올려 주세요.",
        "The model cannot read this photo. Save it as JPEG and try again.",
    ),
    signatures.STATUS_NO_ANIMAL: (
        "사진에서 동물을 찾지 못했습니다. 동물이 있으면 그 둘레에 박스를 그려 주세요.",
        "No animal was found in the photo. If there is one, draw a box around it.",
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
        "모델 서버에 연결할 수 없거나 요청이 거절되었습니다. 서버를 확인하고 다시 시도해 주세요. "
        "자세한 내용은 데모를 실행한 터미널에 있습니다.",
        "The model server cannot be reached or has refused the request. Check it and try again; "
        "the terminal in which the demo runs has the details.",
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
    UPLOAD_TOO_SLOW: (
        "파일 전송이 너무 느리거나 멈추었습니다. 다시 올려 주세요.",
        "The upload is too slow or has stopped. Try again.",
    ),
    BUSY: (
        "지금은 요청이 너무 많습니다. 잠시 후 다시 시도해 주세요.",
        "Too many requests at the moment. Try again in a few seconds.",
    ),
    UNEXPECTED: (
        "이 요청을 처리하다가 오류가 났습니다. 다른 사진으로 시도해 주세요. "
        "자세한 내용은 데모를 실행한 터미널에 있습니다.",
        "This request could not be handled. Try another photo. The terminal in which the demo "
        "runs has the details.",
    ),
    FOREIGN_HOST: (
        "이 주소로는 열 수 없습니다. 데모가 출력한 주소를 열거나, --allow-host 이름을 붙여 다시 "
        "시작해 주세요.",
        "The demo does not answer at this address. Open the one that it printed, or start it with "
        "--allow-host NAME.",
    ),
    CROSS_SITE: (
        "다른 웹 페이지가 보낸 요청이라 거절했습니다.",
        "The request comes from another web page and is refused.",
    ),
    NO_SUCH_ADDRESS: ("없는 주소입니다.", "There is no such address or method."),
    MALFORMED_REQUEST: ("올바른 HTTP 요청이 아닙니다.", "This is not a valid HTTP request."),
}
"""(Korean, English) by the ``error`` of an outcome (``client.predict.predictions``), of a refusal
(``system.web.refusals``) or of this module."""
