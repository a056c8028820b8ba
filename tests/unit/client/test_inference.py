"""The command line: exit codes, streams, and what it imports."""

import json
import os
import pty
import shutil
from pathlib import Path
from typing import Any

import pytest
import tenacity

from client.backends import tf_serving
from client.inference import run
from client.predict.whole_photos import WARNING as WHOLE_PHOTOS
from client.predict_request import PredictRequest
from schemas import signatures
from system import manifest
from testing.client.inference_command import call
from testing.models import quadrants
from testing.serving import fake_rest
from testing.serving.fake_serving import FakeServing


def run_on_terminal(request: PredictRequest) -> tuple[int, str]:
    """Runs with a terminal of 80 columns as descriptor 1; returns the exit code and the output."""
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    saved = os.dup(1)
    os.dup2(theirs, 1)
    try:
        return run(request), os.read(ours, 65536).decode()
    finally:
        os.dup2(saved, 1)
        for descriptor in (saved, ours, theirs):
            os.close(descriptor)


@pytest.mark.slow
def test_piped_there_is_a_json_line_a_picture_and_nothing_else(
    versions: Path, photos: Path
) -> None:
    done = call("--weight_path", versions, photos)
    assert done.returncode == 1
    first, second = done.stdout.splitlines()
    assert json.loads(first)["mood"] == "행복/즐거움"
    assert list(json.loads(first)["probabilities"]) == list(quadrants.MOODS)
    assert json.loads(first)["probabilities"]["행복/즐거움"] == pytest.approx(0.99896, abs=1e-5)
    assert json.loads(second) == {
        "image": str(photos / "b.png"), "mood": None, "error": "not_an_image",
        "detail": "6 bytes, beginning 62 72 6f 6b 65 6e",
    }  # fmt: skip
    assert done.stderr == (
        f"Using version 10 of {versions} (the highest of 2)\nwarning: {WHOLE_PHOTOS}\n"
    )


@pytest.mark.slow
def test_of_a_model_of_drawings_the_user_is_warned_once(
    version: Path, photos: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    drawn = tmp_path / "1"
    shutil.copytree(version, drawn)
    spec = drawn / signatures.EXTRAS_FOLDER / signatures.SPEC_ASSET
    document = json.loads(spec.read_text("utf-8"))
    spec.write_text(json.dumps(document | {"trained_on": "drawings"}), "utf-8")
    manifest.write(drawn)
    assert run(PredictRequest(weight_path=drawn, pictures=(str(photos / "a.png"),) * 2)) == 0
    told = capfd.readouterr()
    assert told.err.count("was trained on drawings") == 1
    assert "trained on" not in told.out


def test_help_and_wrong_flags_load_nothing_heavy() -> None:
    for arguments, code in ((["--help"], 0), (["--weight_pth", "W", "a.jpg"], 2), ([], 2)):
        done = call(*arguments, PYTHONPROFILEIMPORTTIME="1")
        assert done.returncode == code
        loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
        assert "argparse" in loaded
        assert not loaded & {"tensorflow", "keras", "numpy", "PIL", "rich", "client.inference"}


def test_the_original_command_gets_an_example_with_pictures() -> None:
    done = call("--weight_path", "W", "--input_size", "224", "--classes", "6", "--label", "l.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: inference.py" in done.stderr
    assert "python inference.py --weight_path W photos/ cat.jpg" in done.stderr


def test_flags_may_stand_between_pictures_and_wrong_settings_need_no_tensorflow(
    version: Path, photos: Path
) -> None:
    done = call(
        photos, "--weight_path", version, photos / "a.png", "--input_size", "224",
        PYTHONPROFILEIMPORTTIME="1",
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "| tensorflow\n" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: ")
    assert f"--input_size 224; but {version} has an input of 32 pixels" in last


@pytest.mark.slow
def test_a_changed_version_is_2_before_tensorflow_reads_it(
    version: Path, photos: Path, tmp_path: Path
) -> None:
    for change, fault in (
        (lambda folder: (folder / "saved_model.pb").write_bytes(b"a program"), "changed"),
        (lambda folder: (folder / "fingerprint.pb").unlink(), "missing"),
        (lambda folder: (folder / "assets.extra" / "more.so").touch(), "not listed"),
    ):
        copy = tmp_path / fault
        shutil.copytree(version, copy)
        change(copy)
        done = call(photos / "a.png", "--weight_path", copy, PYTHONPROFILEIMPORTTIME="1")
        assert (done.returncode, done.stdout) == (2, "")
        assert "| tensorflow\n" not in done.stderr
        last = done.stderr.splitlines()[-1]
        assert last.startswith(f"error: The files of {copy} must be those that its SHA256SUMS")
        assert f" {fault}. " in last


@pytest.mark.slow
def test_a_version_without_a_manifest_is_used_with_a_warning(
    version: Path, photos: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "5"
    shutil.copytree(version, copy)
    (copy / "SHA256SUMS").unlink()
    assert run(PredictRequest(copy, pictures=(str(photos / "a.png"),))) == 0
    out, err = capfd.readouterr()
    assert json.loads(out)["mood"] == "행복/즐거움"
    assert err.startswith(f"warning: {copy} has no SHA256SUMS")
    assert "nothing vouches for its contents" in err


@pytest.mark.slow
def test_all_predicted_is_0(version: Path, photos: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(PredictRequest(version, pictures=(str(photos / "a.png"),))) == 0
    out, err = capfd.readouterr()
    assert json.loads(out)["mood"] == "행복/즐거움"
    assert err == f"warning: {WHOLE_PHOTOS}\n"


@pytest.mark.slow
def test_a_box_is_used(version: Path, photos: Path, capfd: pytest.CaptureFixture[str]) -> None:
    # Rows 32..64 and columns 0..32 are red. With its margin of a pixel the box shows only red,
    # and then no quadrant of the view stands out.
    (photos / "large.png").write_bytes(quadrants.encoded(quadrants.red_at(2, 64, 64)))
    request = PredictRequest(version, pictures=(str(photos / "large.png"),), box="43,1,20,20")
    assert run(request) == 0
    probabilities = json.loads(capfd.readouterr().out)["probabilities"]
    assert probabilities == dict.fromkeys(quadrants.MOODS, 0.25)


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ("1,2,3", 'a box is "y,x,height,width"'),
        ("0,0,0,5", "no side may be 0"),
        ("0,0,5,-5", "no side may be below 0"),
    ],
)
def test_a_malformed_box_is_2(
    version: Path, photos: Path, capfd: pytest.CaptureFixture[str], box: str, message: str
) -> None:
    assert run(PredictRequest(version, pictures=(str(photos),), box=box)) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("error: --box: ")
    assert message in err


def test_a_box_that_overhangs_is_the_models_to_refuse(
    version: Path, photos: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    request = PredictRequest(version, pictures=(str(photos / "a.png"),), box="-1,0,5,5")
    assert run(request) == 1
    assert json.loads(capfd.readouterr().out)["error"] == "box_outside_image"


def test_a_version_that_cannot_be_loaded_is_2_without_a_traceback(
    version: Path, photos: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "1"
    extras = broken / "assets.extra"
    extras.mkdir(parents=True)
    for name in ("labels.json", "preprocessing.json"):
        (extras / name).write_bytes((version / "assets.extra" / name).read_bytes())
    (broken / "saved_model.pb").write_bytes(b"not a graph")
    assert run(PredictRequest(broken, pictures=(str(photos),))) == 2
    out, err = capfd.readouterr()
    assert out == ""
    warning, error = err.splitlines()
    assert warning.startswith(f"warning: {broken} has no SHA256SUMS")
    assert error.startswith(f"error: {broken} cannot be loaded")
    assert "Traceback" not in err


@pytest.mark.slow
def test_a_terminal_gets_a_table(version: Path, photos: Path) -> None:
    code, shown = run_on_terminal(PredictRequest(version, pictures=(str(photos),)))
    assert code == 1
    assert "행복/즐거움  99.9%" in shown
    assert "not_an_image" in shown
    assert "2 pictures, 1 without a mood" in shown


@pytest.mark.slow
def test_a_terminal_gets_json_lines_on_request(version: Path, photos: Path) -> None:
    code, shown = run_on_terminal(PredictRequest(version, pictures=(str(photos),), json=True))
    assert code == 1
    moods = [json.loads(line)["mood"] for line in shown.splitlines()]
    assert moods == ["행복/즐거움", None]


@pytest.mark.slow
def test_a_server_is_used_over_rest_without_tensorflow(versions: Path, photos: Path) -> None:
    serving = FakeServing("pet_mood", versions)
    with fake_rest.serve_rest(serving) as address:
        # Without the log level, imports while the standard error is held back would not be listed.
        noisy = {"PYTHONPROFILEIMPORTTIME": "1", "TF_CPP_MIN_LOG_LEVEL": "0"}
        done = call("--server", f"{address}/v1/models/pet_mood", photos, **noisy)
    assert done.returncode == 1
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["mood"], second["error"]) == ("행복/즐거움", "not_an_image")
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "httpx" in loaded
    assert not loaded & {"tensorflow", "keras", "grpc"}


def test_a_server_that_is_down_is_3_with_one_line(
    photos: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tf_serving, "WAIT", tenacity.wait_none())
    # Port 9 is reserved for discarding data, and no server listens there.
    request = PredictRequest(None, pictures=(str(photos),), server="http://127.0.0.1:9", timeout=2)
    assert run(request) == 3
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("error: http://127.0.0.1:9 does not take requests: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"server": "localhost"}, "--server must name a server"),
        ({"server": "http://h", "timeout": 0.0}, "--timeout must be above 0 seconds"),
        ({"server": "http://h", "batch": 0}, "--batch must be at least 1"),
        ({}, "Either --weight_path or --server"),
    ],
)
def test_wrong_settings_for_a_server_are_2(
    photos: Path, capfd: pytest.CaptureFixture[str], change: dict[str, Any], message: str
) -> None:
    assert run(PredictRequest(None, pictures=(str(photos),), **change)) == 2
    assert f"error: {message}" in capfd.readouterr().err


def test_weight_path_and_server_exclude_each_other() -> None:
    done = call("--weight_path", "W", "--server", "http://h", "a.jpg")
    assert done.returncode == 2
    assert "not allowed with argument" in done.stderr
