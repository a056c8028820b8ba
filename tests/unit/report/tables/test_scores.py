"""Tables of scores."""

from report.tables import confusion, scores
from report.tables.table import Table
from schemas.documents.evaluation import Metrics
from testing.report import score_documents


def texts(table: Table | None) -> list[list[str]]:
    assert table is not None
    return [[cell.text[1] for cell in row] for row in table.rows]


def test_slices_of_a_label_are_left_out() -> None:
    metrics = score_documents.metrics()
    one = metrics["slices"]["species=CAT"]
    metrics["slices"] = {
        "label=공포": {**one, "macro_f1": None, "balanced_accuracy": None},
        "species=CAT": one,
        "species=DOG": {**one, "macro_f1": None, "balanced_accuracy": None},
    }
    assert texts(scores.slices(metrics)) == [
        ["species: cat", "20", "2", "0.500", "0.450", "0.600"],
        ["species: dog", "20", "2", "–", "–", "0.600"],
    ]
    metrics["slices"] = {}
    assert scores.slices(metrics) is None


def test_the_weakest_mood_is_marked_and_one_without_rows_is_not() -> None:
    metrics = score_documents.metrics()
    metrics["per_mood"]["공격성"] = score_documents.mood_scores(0.1, 0.1, 0)
    rows = scores.moods(metrics).rows
    assert [row[0].note for row in rows] == [("가장 낮음", "lowest"), None, None]
    assert [cell.text[1] for cell in rows[2]] == ["aggressive", "0", "–", "–", "–"]


def test_class_wise_calibration_is_shown_where_it_was_measured() -> None:
    # Reports of before have none.
    assert scores.calibration({}) is None
    assert texts(scores.calibration({**score_documents.metrics()})) == [
        ["fearful", "0.020", "0.300", "0.250"],
        ["calm, at ease", "0.030", "0.700", "0.750"],
    ]


def test_the_most_confused_moods_come_by_their_number() -> None:
    metrics = score_documents.metrics()
    # Of 10 fearful rows 7 are taken for calm, of 30 calm ones 9 for fearful.
    assert texts(scores.most_confused(metrics)) == [
        ["calm, at ease", "fearful", "9", "30.0%", "9"],
        ["fearful", "calm, at ease", "7", "70.0%", "7"],
    ]
    metrics["confusion"] = [[10, 0], [0, 30]]
    assert scores.most_confused(metrics) is None


def test_a_matrix_of_clips_is_there_only_where_it_was_counted() -> None:
    metrics: Metrics = score_documents.metrics()
    names = [matrix.name for matrix in confusion.matrices(metrics)]
    assert names == ["confusion-frames", "confusion-clips"]
    first = confusion.matrices(metrics)[0].rows[0]
    assert [(cell.count, cell.share, cell.is_right) for cell in first] == [
        (3, 0.3, True),
        (7, 0.7, False),
    ]
    del metrics["per_clip"]["model"]["confusion"]
    assert len(confusion.matrices(metrics)) == 1


def test_boxes_are_shown_where_they_were_measured() -> None:
    assert scores.boxes({**score_documents.metrics()}) is None
    boxes = {"whole": {"rows": 40, "accuracy": 0.42, "macro_f1": 0.3, "unanswered": 3}}
    assert texts(scores.boxes({"boxes": boxes})) == [
        ["Whole photo, no box", "40", "3", "0.300", "0.420"]
    ]
