"""The original's two commands, one after the other: train.py, then what it says to try."""

import json
import shlex
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import inference
import train
from schemas import artifacts
from testing.pipeline.runs import ALIKE, newest, record_of


def test_what_train_ends_with_can_be_asked(
    tmp_path: Path, colours: tuple[Path, Path], small: None, capfd: pytest.CaptureFixture[str]
) -> None:
    flags = "--batch_size 16 --resolution 32 --learning_rate 0.003 --epochs 6 --train_base"
    code = train.main(
        [
            *("--train", str(colours[0]), "--valid", str(colours[1]), "--output", str(tmp_path)),
            *flags.split(),
            *("--set", "model.weights=none", "--set", "model.batch_norm_momentum=0.5"),
            *("--set", ALIKE, "--set", "evaluate.calibrate=true"),
        ]
    )
    assert code == 0
    record = record_of(tmp_path)
    assert record["settings"]["train"]["fine_tune"] == "full"
    own = Path(record["checkpoint"])
    assert own.is_relative_to(tmp_path / "pipeline" / "Trainer" / "model_run")
    assert (tmp_path / "best.keras").read_bytes() == own.read_bytes()

    *_, command = capfd.readouterr().out.splitlines()
    words = shlex.split(command)
    assert words[:4] == ["uv", "run", "python", "inference.py"]
    assert inference.main(words[4:]) == 0
    answer = json.loads(capfd.readouterr().out)
    assert answer["mood"] == "화남/불쾌"  # The first row's: red.

    # The temperature is in what is served and in the checkpoint, and those who told it judge not.
    told = json.loads((own.parent / artifacts.TEMPERATURE_JSON).read_text("utf-8"))
    assert told["temperature"] != 1.0
    table = newest(tmp_path, "Evaluator/predictions/*/predictions.parquet")
    judged = pq.read_table(table).to_pydict()["judged"]
    assert (len(judged), judged.count(False)) == (48, told["rows"])
    assert 0 < told["rows"] < 48
    words[words.index("--weight_path") + 1] = record["pushed"]
    assert inference.main(words[4:]) == 0
    served = json.loads(capfd.readouterr().out)
    assert served["probabilities"] == pytest.approx(answer["probabilities"], abs=1e-3)
