"""What a reader of a comparison of requests must know before its figures."""

from collections.abc import Iterator

from report.translations import Pair
from schemas.documents.drift import Drift


def notes(found: Drift) -> Iterator[Pair]:
    """Yields the sentences, each in Korean and English."""
    window, fewest = found["settings"]["window"], found["settings"]["min_reference"]
    requests, compared, rows = found["requests"], found["compared"], found["reference_rows"]
    if requests < window:
        yield (
            f"구간 하나에 요청 {window}개가 필요합니다 (drift.window).",
            f"A window needs {window} requests (drift.window).",
        )
    if rows < fewest:
        yield (
            f"기준의 행이 {rows}개로 drift.min_reference({fewest})보다 적어, 감정과 사진 특성을 "
            "비교하지 않았습니다.",
            f"The reference has {rows} rows, fewer than drift.min_reference ({fewest}): moods and "
            "image facts were not compared.",
        )
    if requests and compared < requests / 2:
        yield (
            f"요청 {requests}개 가운데 {compared}개에만 감정과 박스가 있습니다. 평가 행에는 모두 "
            "박스가 있어, 나머지의 감정과 사진 특성은 비교하지 않았습니다. --reference FOLDER를 "
            "주면 이전 요청과 비교합니다.",
            f"Only {compared} of {requests} requests have a mood and a box: moods and image facts "
            "of the others are not compared with eval rows, which all have boxes. With --reference "
            "FOLDER they are compared with earlier requests.",
        )
    if requests and not found["facts"]:
        yield (
            "기록이나 기준에 사진 특성이 없습니다.",
            "The log, or its reference, has no image facts.",
        )
