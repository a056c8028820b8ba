"""The figures above the fold: what the person who decides about the model looks at first."""

from collections.abc import Iterator
from dataclasses import dataclass

from report.formatting import clock_text, score_text
from report.tables.table import MISSING, interval_note, signed_interval
from report.translations import Pair, mood, same, split
from schemas.documents.certainty import Unsure
from schemas.documents.evaluation import Metrics
from schemas.documents.ingest import Ingest
from schemas.documents.run import Report
from schemas.documents.training import Training


@dataclass(frozen=True)
class Card:
    """A figure with its name and notes; ``tone`` is "good", "bad", "warn" or ""."""

    name: str
    title: Pair
    value: Pair
    notes: tuple[Pair, ...] = ()
    tone: str = ""


def cards(report: Report) -> list[Card]:
    """Returns the cards of a run; those that it did not come to are left out."""
    found: list[Card] = []
    if report["metrics"]:
        found += _of_scores(report["metrics"])
    if report["ingest"]:
        found.append(_rows(report["ingest"]))
        found.append(_refused(report["ingest"]))
    if report["training"]:
        found.append(_device(report["training"]))
    found.append(_duration(report))
    return found


def _of_scores(metrics: Metrics) -> Iterator[Card]:
    model = metrics["model"]
    notes = [_interval(model["intervals"]["macro_f1"])]
    by_clip = metrics["per_clip"]["model"]["macro_f1"]
    notes.append((f"클립별 {by_clip:.3f}", f"{by_clip:.3f} per clip"))
    yield Card("macro-f1", ("매크로 F1", "Macro-F1"), _score(model["macro_f1"]), tuple(notes))
    yield _gain(metrics, "majority", ("기준선보다", "Gain over the baseline"))
    if metrics.get("baseline"):
        yield _gain(
            metrics, "baseline", ("지난번 통과 모델보다", "Gain over the last blessed model")
        )
    else:
        none: Pair = ("비교할 통과 모델 없음", "no earlier blessed model to compare with")
        title: Pair = ("지난번 통과 모델보다", "Gain over the last blessed model")
        yield Card("gain-baseline", title, MISSING, (none,))
    if worst := _worst(metrics):
        yield worst
    unsure = metrics.get("unsure")  # Metrics of before have none.
    if unsure and unsure["threshold"]:
        yield _unsure(unsure)


def _gain(metrics: Metrics, other: str, title: Pair) -> Card:
    gain = metrics["gain"][other]
    ends = gain["interval"]
    rows = gain.get("rows", metrics["rows"])
    notes = [_interval(ends, signed=True)]
    if other == "majority":
        theirs = metrics["majority"]
        name = mood(theirs["mood"])
        notes.append(
            (
                f"늘 ‘{name[0]}’라고 답하면 {theirs['macro_f1']:.3f}",
                f"always “{name[1]}”: {theirs['macro_f1']:.3f}",
            )
        )
    elif rows < metrics["rows"]:
        notes.append((f"학습하지 않은 {rows:,}행에서", f"on {rows:,} rows new to it"))
    tone = "" if not ends else "good" if ends[0] > 0 else "bad" if ends[1] < 0 else "warn"
    value = same(f"{gain['macro_f1']:+.3f}")
    return Card(f"gain-{other}", title, value, tuple(notes), tone)


def _interval(ends: list[float] | None, *, signed: bool = False) -> Pair:
    pair = signed_interval(ends) if signed else interval_note(ends)
    if pair is None:
        return "구간을 구할 클립이 부족함", "too few clips for an interval"
    return f"95 % 구간 {pair[0]}", f"95 % interval {pair[1]}"


def _worst(metrics: Metrics) -> Card | None:
    with_rows = {name: each for name, each in metrics["per_mood"].items() if each["support"]}
    if not with_rows:
        return None
    name, scores = min(with_rows.items(), key=lambda item: item[1]["f1"])
    recall = scores["recall"]
    notes: list[Pair] = [(f"F1 {scores['f1']:.3f}, 재현율 {recall:.3f}",
                          f"F1 {scores['f1']:.3f}, recall {recall:.3f}")]  # fmt: skip
    if ends := scores["intervals"].get("f1"):
        notes.append((f"F1의 95 % 구간 {ends[0]:.3f}–{ends[1]:.3f}",
                      f"95 % interval of F1 {ends[0]:.3f}–{ends[1]:.3f}"))  # fmt: skip
    return Card("worst-mood", ("가장 약한 감정", "Worst mood"), mood(name), tuple(notes))


def _unsure(unsure: Unsure) -> Card:
    threshold, accuracy = unsure["threshold"], unsure["accuracy"]
    notes: list[Pair] = [
        (f"확률이 {threshold:.2f} 미만인 답", f"answers with a probability below {threshold:.2f}")
    ]
    if threshold > 1:
        notes = [("어떤 답도 확실하지 않음", "no answer is sure")]
    if accuracy is not None:
        notes.append((f"나머지의 정확도 {accuracy:.1%}", f"accuracy of the others {accuracy:.1%}"))
    title: Pair = ("‘잘 모름’ 비율", "Share of unsure answers")
    return Card("unsure", title, same(f"{unsure['share']:.1%}"), tuple(notes))


def _rows(ingest: Ingest) -> Card:
    splits = ingest["splits"]
    notes = []
    for name, each in splits.items():
        korean, english = split(name)
        rows, clips = f"{each['used']:,}", f"{each['clips']:,}"
        notes.append(
            (f"{korean} {rows}행, 클립 {clips}개", f"{english}: {rows} rows, {clips} clips")
        )
    total = sum(each["used"] for each in splits.values())
    return Card("rows", ("쓴 행", "Rows used"), same(f"{total:,}"), tuple(notes))


def _refused(ingest: Ingest) -> Card:
    splits = ingest["splits"].values()
    refused = sum(sum(each["refused"].values()) for each in splits)
    total = sum(each["rows"] for each in splits)
    part = refused / total if total else 0
    note: Pair = (f"전체 {total:,}행의 {part:.1%}", f"{part:.1%} of {total:,} rows")
    title: Pair = ("제외된 행", "Rows refused")
    return Card("refused-rows", title, same(f"{refused:,}"), (note,), "warn" if refused else "")


def _device(training: Training) -> Card:
    notes: list[Pair] = [
        same(training["precision"] + (" + XLA" if training["xla"] else "")),
    ]
    if (speed := training["images_per_second"]) is not None:
        notes.append((f"초당 사진 {speed:,.0f}장", f"{speed:,.0f} photos per second"))
    device = training["device"] or "CPU"
    return Card("device", ("학습한 장치", "Trained on"), same(device), tuple(notes))


def _duration(report: Report) -> Card:
    record = report["record"]
    nodes = record["nodes"].values()
    reused = sum(1 for node in nodes if node["cached"])
    notes: tuple[Pair, ...] = ()
    if nodes:
        notes = (
            (f"{len(nodes)}단계 중 {reused}단계 재사용", f"{reused} of {len(nodes)} steps reused"),
        )
    return Card(
        "duration", ("걸린 시간", "Duration"), same(clock_text(record["seconds"], "–")), notes
    )


def _score(value: float) -> Pair:
    return same(score_text(value))
