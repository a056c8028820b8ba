"""The table of the locator's scores."""

from report.tables import locating
from testing.report.documents import locator


def test_all_photos_come_first_and_then_the_slices_by_their_words() -> None:
    table = locating.table({**locator()})
    assert table is not None
    assert [[cell.text[1] for cell in row] for row in table.rows] == [
        ["All photos", "20", "95.0%", "0.812"],
        ["box area / photo: <0.05", "2", "50.0%", "0.400"],
        ["species: cat", "10", "100.0%", "0.900"],
    ]


def test_a_sentence_tells_what_is_found_where_nothing_is() -> None:
    korean, english = locating.empty({**locator()})
    assert "40장 중 5.0%" in korean and "AUROC 0.987" in korean
    assert english.startswith("In 5.0% of 40 cut-outs") and english.endswith("AUROC 0.987.")
    none = {**locator(), "empty_pictures": 0, "false_share": None, "auroc": None}
    assert locating.empty(none)[1] == "There were no pictures without an animal."


def test_without_a_locator_or_a_photo_to_judge_it_on_there_is_no_table() -> None:
    assert locating.table(None) is None
    assert locating.table({**locator(), "scenes": 0, "found_share": None, "mean_iou": None}) is None
