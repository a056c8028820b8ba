"""What stands above the figures: cards, and what to do next."""

from collections.abc import Iterator

from report.drift.texts import FACTS, MACRO_F1, VERDICTS
from report.formatting import score_text
from report.overview.cards import Card
from report.overview.next_steps import Step
from report.tables.table import interval_note
from report.translations import Pair, same
from schemas.documents.drift import MOOD_TEST, Drift

TONES = {"steady": "good", "drift": "bad", "too_few": "warn"}


def cards(found: Drift) -> Iterator[Card]:
    """Yields the cards."""
    compared = found["compared"]
    yield Card(
        "requests",
        ("요청", "Requests"),
        same(f"{found['requests']:,}"),
        ((f"감정과 박스가 있는 것 {compared:,}개", f"{compared:,} with a mood and a box"),),
    )
    length = found["settings"]["window"]
    yield Card(
        "windows",
        ("본 구간", "Windows"),
        same(f"{found['windows']:,}"),
        ((f"요청 {length}개와 {2 * length}개씩", f"of {length} and {2 * length} requests"),),
    )
    yield Card(
        "alarms",
        ("달라진 것", "Changes"),
        same(f"{len(found['alarms'])}"),
        tone="bad" if found["alarms"] else "good" if found["windows"] else "",
    )
    if found["estimated_macro_f1"] is not None:
        interval = interval_note(found["estimated_interval"])
        before = score_text(found["macro_f1"], "–")
        notes: tuple[Pair, ...] = ((f"평가 행에서는 {before}", f"{before} on the eval rows"),)
        value = same(score_text(found["estimated_macro_f1"]))
        yield Card("macro-f1", MACRO_F1, value, (*([interval] if interval else []), *notes))


def next_steps(found: Drift) -> Iterator[Step]:
    """Yields what to do, the most important first; at least one step."""
    tests = {alarm["test"] for alarm in found["alarms"]}
    if found["verdict"] == "too_few":
        yield Step(("요청이 더 쌓인 뒤 다시 실행하세요.", "Run it again with more requests."))
    elif not tests:
        yield Step(("할 일이 없습니다. 매일 다시 실행하세요.", "Nothing. Run it again every day."))
    if tests & set(FACTS):
        yield Step(
            (
                "사진이 기준과 다르게 보입니다. 카메라나 앱이 바뀌었는지 확인하고, 사진을 남겨 "
                "(log.photos=true) 살펴보세요. 이때 아래의 추정 점수는 믿을 수 없습니다.",
                "Photos look otherwise than the reference. Ask whether a camera or an app has "
                "changed, and look at photos (log.photos=true). The estimated scores below do not "
                "hold then.",
            )
        )
    if any(test.startswith(MOOD_TEST) for test in tests):
        yield Step(
            (
                "감정의 비율이 달라졌습니다. 사진의 모습이 그대로라면 추정 매크로 F1이 지금의 "
                "점수입니다. 낮아졌으면 새 사진에 라벨을 달아 다시 학습하세요.",
                "Moods have other shares. If photos look as before, the estimated macro-F1 is the "
                "score now. If it has fallen, label new photos and train again.",
            ),
            "uv run python -m client.labelling --help",
        )
    if "unsure" in tests:
        yield Step(
            (
                "모델이 모르는 사진이 늘었습니다. 가장 확신 없는 사진부터 라벨을 다세요.",
                "The model meets more photos that it does not know. Label the least sure ones.",
            ),
            "uv run python -m client.labelling --help",
        )
    if "no_animal" in tests:
        yield Step(
            (
                "동물이 없는 사진이 늘었습니다. 사진을 보내는 쪽에서 무엇이 달라졌는지 확인하세요.",
                "More photos have no animal. Ask what has changed where the photos come from.",
            )
        )
    if "unusable" in tests:
        yield Step(
            (
                "쓸 수 없는 사진이 늘었습니다. 기록의 status 열에 이유가 있습니다.",
                "More photos cannot be used. The log's column status says why.",
            )
        )
    if tests:
        yield Step(
            (
                "바뀐 요청이 정상이면 그 기간의 기록을 새 기준으로 삼으세요.",
                "If the new requests are as they should be, make a log of them the reference.",
            ),
            "uv run python monitor.py drift --log LOG --run RUN --reference ACCEPTED_LOG",
        )


def verdict(found: Drift) -> Pair:
    """Returns the verdict in words."""
    return VERDICTS[found["verdict"]]
