"""Tables about the run itself: rows, trials, time and memory, settings."""

import json
from collections.abc import Mapping
from typing import Any

from pipeline.config import Settings
from report.formatting import duration_text
from report.tables.table import MISSING, Cell, Column, Table, heading, number, score
from report.translations import SCORES, TEXTS, Pair, mood, same, split
from schemas.documents.ingest import Ingest
from schemas.documents.leaks import Leaks
from schemas.documents.run import NodeRecord
from schemas.documents.tuning import Trials

_COUNTS: dict[str, Pair] = {
    "used": ("사용", "Used"),
    "clips": ("클립", "Clips"),
    "clipped": ("사진 밖을 잘라 낸 박스", "Used, with a clipped box"),
    "thinned": ("솎아냄", "Thinned"),
    "refused": ("제외", "Refused"),
    "reused": ("이전 결과에서 가져옴", "Taken over from earlier"),
    "read": ("사진을 읽음", "Photos read"),
}


def rows(ingest: Ingest) -> Table:
    """Returns the rows of each split by mood, and what became of the others."""
    splits = ingest["splits"]
    columns = [Column(("행", "Rows")), *(Column(split(name), True) for name in splits)]
    first = next(iter(splits.values()))
    cells = [
        [heading(mood(name)), *(number(each["moods"].get(name, 0)) for each in splits.values())]
        for name in first["moods"]
    ]
    for key, title in _COUNTS.items():
        counts = [_count(each, key) for each in splits.values()]
        if any(counts) or key in ("used", "refused"):
            cells.append([heading(title), *map(number, counts)])
    return Table("rows", ("분할별 행", "Rows by split"), columns, cells, can_sort=False)


def _count(counts: Mapping[str, Any], key: str) -> int:
    """Returns a number of rows; an ingest of an earlier version need not have counted them."""
    value = counts.get(key, 0)
    return sum(value.values()) if isinstance(value, dict) else value


def leaks(document: Leaks) -> Table | None:
    """Returns the examples of rows that two splits share; None if there are none."""
    if not document["examples"]:
        return None
    kinds: dict[str, Pair] = {
        "clip": ("클립", "Clip"),
        "group": ("동물", "Animal"),
        "picture": ("사진", "Picture"),
    }
    columns = [Column(("종류", "Kind")), Column(("한쪽", "One")), Column(("다른 쪽", "Other"))]
    cells = [
        [
            heading(kinds[each["kind"]], same(each["name"]) if each["name"] else None),
            Cell(
                same(each["train_image"]),
                _line(each.get("train_split", "train"), each["train_line"]),
            ),
            Cell(
                same(each["eval_image"]), _line(each.get("eval_split", "eval"), each["eval_line"])
            ),
        ]
        for each in document["examples"]
    ]
    caption = ("두 분할에 함께 있는 행", "Rows that two splits share")
    return Table("leaked", caption, columns, cells)


def _line(name: str, line: int) -> Pair:
    korean, english = split(name)
    return f"{korean} {line}번째 줄", f"{english}, line {line}"


def trials(tuner: Trials) -> Table:
    """Returns the trials that completed, the best first."""
    columns = [
        Column(("시도", "Trial")),
        Column(SCORES["macro_f1"], True),
        Column(("시간", "Time"), True),
        Column(("설정", "Settings")),
    ]
    scored = [(trial["score"], trial) for trial in tuner["trials"] if trial["score"] is not None]
    cells = []
    for value, trial in sorted(scored, key=lambda pair: pair[0], reverse=True):
        values = " ".join(f"{name}={value}" for name, value in trial["values"].items())
        is_best = trial["trial"] == tuner["best"]
        cells.append(
            [
                heading(same(trial["trial"]), ("선택됨", "chosen") if is_best else None),
                score(value),
                Cell(same(duration_text(trial["seconds"], "–")), sort=trial["seconds"]),
                Cell(same(values)),
            ]
        )
    return Table("trial-scores", ("튜닝", "Tuning trials"), columns, cells)


def nodes(records: Mapping[str, NodeRecord]) -> Table:
    """Returns how long each node took, and the memory of all processes while it ran."""
    columns = [
        Column(("단계", "Node")),
        Column(("시간", "Time"), True),
        Column(
            ("실행 중 모든 프로세스의 최대 메모리, MiB", "Most memory of all processes, MiB"), True
        ),
    ]
    cells = [
        [
            heading(same(name), TEXTS["reused"] if node["cached"] else None),
            Cell(same(duration_text(node["seconds"], "–")), sort=node["seconds"]),
            number(node["peak_mib"] or None),
        ]
        for name, node in records.items()
    ]
    return Table("node-times", ("시간과 메모리", "Time and memory"), columns, cells)


def changed_settings(settings: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
    """Returns the settings that differ from their defaults, by full name."""
    defaults = _as_json(Settings().as_dict())
    return {
        f"{group}.{name}": value
        for group, values in _as_json(settings).items()
        for name, value in values.items()
        if name not in defaults.get(group, {}) or defaults[group][name] != value
    }


def _as_json(settings: Mapping[str, Mapping[str, object]]) -> dict[str, dict[str, object]]:
    """Returns the settings as ``run.json`` has them, where a tuple is a list."""
    document: dict[str, dict[str, object]] = json.loads(json.dumps(settings, default=str))
    return document


def settings(chosen: Mapping[str, Mapping[str, object]]) -> Table:
    """Returns all settings, first those that differ from their defaults."""
    defaults = _as_json(Settings().as_dict())
    changed = changed_settings(chosen)
    columns = [Column(("설정", "Setting")), Column(("값", "Value")), Column(("기본값", "Default"))]
    cells = []
    for group, values in _as_json(chosen).items():
        for name, value in values.items():
            full = f"{group}.{name}"
            default = defaults.get(group, {}).get(name)
            cells.append(
                [
                    heading(same(full), TEXTS["changed"] if full in changed else None),
                    Cell(_value(value), tone="warn" if full in changed else ""),
                    Cell(_value(default)),
                ]
            )
    cells.sort(key=lambda row: row[0].note is None)
    return Table("all-settings", ("설정", "Settings"), columns, cells)


def _value(value: object) -> Pair:
    return MISSING if value in ("", None) else same(value)
