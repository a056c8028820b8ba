"""The figures above the fold."""

from pipeline.config import Settings
from report import page
from report.overview.cards import Card, cards
from report.results import Results
from testing.report import documents, score_documents
from testing.report.records import record


def cards_of(results: Results) -> dict[str, Card]:
    return {card.name: card for card in cards(page.document(record(Settings()), results))}


def test_a_run_without_scores_has_its_duration_alone() -> None:
    found = cards_of(Results())
    assert list(found) == ["duration"]
    assert found["duration"].value == ("1:23", "1:23")


def test_scores_rows_and_the_worst_mood() -> None:
    found = cards_of(Results(ingest=documents.ingest(), metrics=score_documents.metrics()))
    assert list(found) == [
        *("macro-f1", "gain-majority", "gain-baseline", "worst-mood"),
        *("unsure", "rows", "refused-rows", "duration"),
    ]
    assert found["macro-f1"].value[1] == "0.500"
    gain = found["gain-majority"]
    assert (gain.value[1], gain.tone) == ("+0.070", "good")
    assert [note[1] for note in gain.notes] == [
        "95 % interval +0.060 to +0.080",
        "always “calm, at ease”: 0.430",
    ]
    assert found["gain-baseline"].value[1] == "–"
    # F1 of precision 0.5 and recall 0.25 is 1/3.
    worst = found["worst-mood"]
    assert worst.value == ("공포", "fearful")
    assert worst.notes[0][1] == "F1 0.333, recall 0.250"
    assert found["rows"].value[1] == "133"
    assert (found["refused-rows"].value[1], found["refused-rows"].notes[0][1]) == (
        "7",
        "5.0% of 140 rows",
    )


def test_a_loss_is_marked_and_told_on_its_own_rows() -> None:
    metrics = score_documents.metrics()
    metrics["baseline"] = score_documents.predictor_scores(0.7, 0.5, 0.6)
    metrics["gain"]["baseline"] = {"macro_f1": -0.1, "interval": [-0.2, -0.01], "rows": 30}
    card = cards_of(Results(metrics=metrics))["gain-baseline"]
    assert (card.value[1], card.tone) == ("-0.100", "bad")
    assert card.notes[1][1] == "on 30 rows new to it"


def test_a_document_of_before_has_no_rows_of_a_gain() -> None:
    metrics = score_documents.metrics()
    del metrics["gain"]["majority"]["rows"]  # type: ignore[misc]
    assert cards_of(Results(metrics=metrics))["gain-majority"].value[1] == "+0.070"


def test_unsure_answers_have_a_card_where_they_were_counted() -> None:
    metrics = {
        **score_documents.metrics(),
        "unsure": {"threshold": 0.55, "share": 0.2, "accuracy": None},
    }
    card = cards_of(Results(metrics=metrics))["unsure"]  # type: ignore[arg-type]
    assert (card.value[1], [note[1] for note in card.notes]) == (
        "20.0%",
        ["answers with a probability below 0.55"],
    )


def test_without_a_threshold_no_answer_is_unsure_and_there_is_no_card() -> None:
    metrics = {
        **score_documents.metrics(),
        "unsure": {"threshold": 0.0, "share": 0.0, "accuracy": 0.6},
    }
    assert "unsure" not in cards_of(Results(metrics=metrics))  # type: ignore[arg-type]
