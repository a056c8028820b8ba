"""The page and its JSON document, from the documents of a run."""

import datetime
import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.config import Settings
from report import page
from report.charts import histograms
from report.node_run import NodeState
from report.results import Results
from runner.run_record import RunRecord
from schemas import frame_columns
from schemas.exit_codes import RunExit
from schemas.reasons import IN_KOREAN, RejectReason
from testing.report import documents, score_documents
from testing.report.artifacts import node_run

STARTED = datetime.datetime(2026, 11, 23, 6, 15, tzinfo=datetime.timezone.utc)


@pytest.fixture
def record(tmp_path: Path) -> RunRecord:
    """A run that has come to everything but pictures."""
    record = RunRecord(tmp_path, tmp_path / "run.log", STARTED, Settings(), exit=0, seconds=83.0)
    record.nodes = {
        "Trainer": node_run("Trainer", state=NodeState.REUSED),
        "Pusher": node_run("Pusher"),
    }
    rejects = tmp_path / "rejects.csv"
    rejects.write_text(
        "split,source,line,image,reason,detail\ntrain,gone.csv,2,x.jpg,box_empty,no side may be 0\n"
    )
    record.results = Results(
        ingest=documents.ingest(),
        rejects_csv=rejects,
        validation=documents.validation(),
        leaks=documents.leaks(),
        tuner=documents.trials(),
        metrics=score_documents.metrics(),
        servable=documents.servable(),
        preprocessing=documents.preprocessing(),
        pushed=tmp_path / "serving" / "17",
    )
    return record


def written(record: RunRecord) -> str:
    path = page.write(record.as_json(), record.results, None, record.folder)
    return path.read_text(encoding="utf-8")


def test_the_page_of_a_whole_run_has_every_heading(record: RunRecord) -> None:
    html = written(record)
    for heading in ("verdict", "data", "scores", "confusion", "reliability", "slices", "nodes"):
        assert f'id="{heading}"' in html
    for heading in ("threshold", "mood-calibration", "model_card"):
        assert f'id="{heading}"' in html
    assert "box_empty: 5" in html
    assert IN_KOREAN[RejectReason.BOX_EMPTY] in html
    assert "train.epochs" in html


def test_the_page_says_how_sure_the_model_is_and_the_card_lies_beside_it(record: RunRecord) -> None:
    html = written(record)
    # Share of unsure answers, accuracy of the others; calibration of a mood.
    assert re.search(r"0\.250 are unsure; the accuracy of the others is 0\.700", html)
    assert "Temperature and threshold were chosen on the validation rows." in html
    assert re.search(r"0\.020.*0\.300.*0\.250", html)
    card = (record.folder / "model_card.md").read_text("utf-8")
    assert "# Model card" in card and "# Model card" in html
    assert "drawings" not in html

    assert record.results.preprocessing is not None
    record.results.preprocessing["trained_on"] = "drawings"
    record.results.metrics = None
    assert "trained on drawings" in written(record)
    assert not (record.folder / "model_card.md").exists(), "that of an earlier run"


def test_without_a_threshold_the_page_says_that_no_answer_is_unsure(record: RunRecord) -> None:
    assert record.results.metrics is not None
    record.results.metrics["unsure"]["threshold"] = 0.0
    assert "There is no threshold" in written(record)


def test_a_check_has_its_question_and_figures_in_korean_and_its_message_in_english(
    record: RunRecord,
) -> None:
    html = written(record)
    assert "매크로 F1 차이의 95 % 구간 하한 +0.060, 기준 +0.050 이상." in html
    assert "macro-F1 0.500 against 0.430" in html


def test_a_check_without_a_value_says_so(record: RunRecord) -> None:
    assert record.results.metrics is not None
    record.results.metrics["verdict"]["checks"][0]["value"] = None
    assert "측정할 수 없음" in written(record)


@pytest.mark.slow
def test_trials_that_failed_are_left_out(record: RunRecord) -> None:
    html = written(record)
    assert '>0 <small><span lang="ko">선택됨</span>' in html
    assert "train.learning_rate=0.001<" in html
    assert "train.learning_rate=0.1<" not in html


@pytest.mark.slow
def test_a_servable_is_only_mentioned_where_it_failed(record: RunRecord) -> None:
    assert "서빙 모델" not in written(record)
    record.results.servable = {
        "passed": False,
        "pictures": 8,
        "checks": [{"check": "tf1_loader", "passed": False, "message": "no variable"}],
    }
    html = written(record)
    assert "서빙 모델이 제대로 답하는가?" in html
    assert "no variable" in html


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "ending"),
    [
        (RunExit.PUSHED, "pushed"),
        (RunExit.OTHER, "failed"),
        (RunExit.CONFIG, "failed"),
        (RunExit.DATA_REFUSED, "data_refused"),
        (RunExit.NOT_BLESSED, "not_blessed"),
    ],
)
def test_the_json_holds_the_documents_and_the_ending(
    record: RunRecord, code: RunExit, ending: str
) -> None:
    record.exit = code
    written(record)
    report = json.loads((record.folder / "report.json").read_text("utf-8"))
    assert list(report) == [
        *("ending", "record", "ingest", "validation", "leaks", "tuner"),
        *("training", "locator", "metrics", "servable", "preprocessing", "exports"),
    ]
    assert report["ending"] == ending
    assert report["metrics"] == score_documents.metrics()
    assert report["record"] == record.as_json()


def test_a_run_that_came_to_nothing_has_a_page_too(tmp_path: Path) -> None:
    record = RunRecord(tmp_path, tmp_path / "run.log", STARTED, exit=1, error="out of luck")
    html = written(record)
    assert "out of luck" in html
    assert 'id="scores"' not in html


@pytest.mark.slow
def test_an_older_page_is_gone_where_the_new_one_cannot_be_made(record: RunRecord) -> None:
    written(record)
    record.results.rejects_csv = record.folder / "none.csv"
    with pytest.raises(FileNotFoundError):
        written(record)
    assert not (record.folder / "report.html").exists()


def test_every_reason_has_korean() -> None:
    assert set(IN_KOREAN) == set(RejectReason)


def test_histograms_count_values_outside_the_range_at_its_ends(tmp_path: Path) -> None:
    for split, areas in (("eval", [0.5]), ("train", [0.0, 0.99, 1.5])):
        columns = {
            frame_columns.BOX_AREA: areas,
            frame_columns.BRIGHTNESS: [0.5] * len(areas),
            frame_columns.CONTRAST: [0.1] * len(areas),
            frame_columns.SHARPNESS: [100.0] * len(areas),
        }
        folder = tmp_path / f"Split-{split}"
        folder.mkdir()
        pq.write_table(pa.table(columns), folder / "00000-of-00001.parquet")
    by_name = histograms.frame_histograms(tmp_path)
    areas_by_split = by_name[frame_columns.BOX_AREA]
    assert list(areas_by_split) == ["train", "eval"]
    counts, edges = areas_by_split["train"]
    assert (counts[0], counts[-1], counts.sum()) == (1, 2, 3)
    assert edges == pytest.approx(np.linspace(0, 1, 41))
    # log10 of 100 is 2, in the middle of 0..4: bin 20 of 40.
    assert by_name[frame_columns.SHARPNESS]["eval"].counts.argmax() == 20


def test_without_frames_there_are_no_histograms(tmp_path: Path) -> None:
    assert histograms.frame_histograms(tmp_path) == {}


@pytest.mark.slow
def test_the_page_says_on_what_the_model_was_chosen(record: RunRecord) -> None:
    shared, own = "모델을 고른 행으로 평가도 했습니다", "에포크, 설정, 온도는 검증 행으로"
    html = written(record)
    assert shared in html
    assert own not in html
    assert record.results.ingest is not None
    splits = record.results.ingest["splits"]
    record.results.ingest["splits"] = {**splits, "validation": splits["eval"]}
    html = written(record)
    assert own in html
    assert shared not in html
    assert '<th scope="col" class="n"><span lang="ko">검증</span>' in html
