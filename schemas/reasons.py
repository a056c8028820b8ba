"""Reasons to refuse a row. The rejects table, the counters and the report use these names."""

import enum


class RejectReason(str, enum.Enum):
    """Reasons of refusal; a row gets the first that applies, in this order."""

    ROW_MALFORMED = "row_malformed"
    """The row has another number of cells than the header, or is not CSV."""
    UNKNOWN_LABEL = "unknown_label"
    """The mood is not in the label map."""
    BOX_MALFORMED = "box_malformed"
    """The box is not four integers."""
    BOX_NEGATIVE = "box_negative"
    """A side is below 0."""
    BOX_EMPTY = "box_empty"
    """A side is 0."""
    DUPLICATE_ROW = "duplicate_row"
    """An earlier row has the same photo and box."""
    IMAGE_MISSING = "image_missing"
    """The photo's file does not exist, cannot be opened or is no regular file."""
    IMAGE_OUTSIDE_ROOT = "image_outside_root"
    """The photo's file does not lie below the image root; given only where that is asked for."""
    NOT_AN_IMAGE = "not_an_image"
    """The file is not an image in a known format."""
    IMAGE_TOO_LARGE = "image_too_large"
    """The photo has more pixels or bytes than the set limit."""
    BOX_OUTSIDE_IMAGE = "box_outside_image"
    """More of the box lies outside of the upright photo than the set share of its side."""
    BOX_TOO_SMALL = "box_too_small"
    """A side of the box is under the set limit."""
    IMAGE_TRUNCATED = "image_truncated"
    """The photo has a sound header and cannot be decoded to its end."""
    UNEXPECTED_ERROR = "unexpected_error"
    """Reading the row has failed in a way that no other reason covers; the detail has the error."""
    TOO_DARK = "too_dark"
    """The view is darker than the set limit."""
    TOO_BRIGHT = "too_bright"
    """The view is brighter than the set limit."""
    LOW_CONTRAST = "low_contrast"
    """The view has less contrast than the set limit."""
    BLURRED = "blurred"
    """The view is less sharp than the set limit."""


QUALITY_REASONS = (
    RejectReason.TOO_DARK,
    RejectReason.TOO_BRIGHT,
    RejectReason.LOW_CONTRAST,
    RejectReason.BLURRED,
)
"""Reasons to refuse rows that could be used, given only where a limit is set."""
FAULTS = tuple(reason for reason in RejectReason if reason not in QUALITY_REASONS)
"""Reasons to refuse rows that cannot be used."""

IN_KOREAN = {
    RejectReason.ROW_MALFORMED: "행의 칸 수가 머리글과 다르거나 CSV 형식이 아닙니다.",
    RejectReason.UNKNOWN_LABEL: "라벨 표에 없는 감정입니다.",
    RejectReason.BOX_MALFORMED: "박스가 정수 네 개가 아닙니다.",
    RejectReason.BOX_NEGATIVE: "박스의 높이나 너비가 음수입니다.",
    RejectReason.BOX_EMPTY: "박스의 넓이가 0입니다.",
    RejectReason.DUPLICATE_ROW: "사진과 박스가 같은 행이 앞에 있습니다.",
    RejectReason.IMAGE_MISSING: "사진 파일이 없거나 열 수 없습니다.",
    RejectReason.IMAGE_OUTSIDE_ROOT: "사진 파일이 이미지 폴더 밖에 있습니다.",
    RejectReason.NOT_AN_IMAGE: "사진 파일이 아니거나 지원하지 않는 형식입니다.",
    RejectReason.IMAGE_TOO_LARGE: "사진의 픽셀 수나 파일이 너무 큽니다.",
    RejectReason.BOX_OUTSIDE_IMAGE: "박스가 사진 밖으로 나갔습니다.",
    RejectReason.BOX_TOO_SMALL: "박스가 너무 작습니다.",
    RejectReason.IMAGE_TRUNCATED: "사진 파일이 손상되었습니다.",
    RejectReason.UNEXPECTED_ERROR: "행을 읽다가 예상하지 못한 오류가 났습니다.",
    RejectReason.TOO_DARK: "박스 안이 너무 어둡습니다.",
    RejectReason.TOO_BRIGHT: "박스 안이 너무 밝습니다.",
    RejectReason.LOW_CONTRAST: "박스 안의 대비가 너무 낮습니다.",
    RejectReason.BLURRED: "박스 안이 흐립니다.",
}
"""A sentence for each reason, for the run's page and the demo."""


REJECT_COLUMNS = ("split", "source", "line", "image", "reason", "detail")
"""Columns of the rejects table."""
