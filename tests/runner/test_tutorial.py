"""docs/tutorial.md, command by command, in a folder of its own.

The network is the small one. ``--preset photos`` gets the settings of the smoke test, and the same
output folder, so that its run takes over what that one has done. Label Studio's part is played: its
export is made of the queue and of the drawn boxes.
"""

import csv
import glob
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

import inference
import local_runner
from client.labelling import __main__ as labelling
from pipeline import config
from schemas.settings import as_typed
from testing.pages import twenty_photos
from testing.pages.blocks import INDENTED, blocks_of, commands_of, programs_of
from testing.paths import ROOT
from testing.pipeline.runs import Run, record_of

PAGE = ROOT / "docs" / "tutorial.md"
EXPORT = Path("mypets/export.json")
PHOTO = "mypets/photos/01.jpg"


def commands() -> Iterator[list[str]]:
    """The words of the page's commands, in order, without ``uv run`` and with patterns expanded."""
    for block in blocks_of(PAGE):
        for line in commands_of(block) if block.language == INDENTED else ():
            for words in programs_of(line, {}):
                if words[0] == "uv":
                    words = words[words.index("python") + 1 :]
                    yield [each for word in words for each in sorted(glob.glob(word)) or [word]]


def as_quick() -> list[str]:
    """The flags that give ``--preset photos`` the settings of ``--preset quick``."""
    photos, quick = (config.load(name, None, ()).as_dict() for name in ("photos", "quick"))
    changes = [
        f"{group}.{name}={as_typed(value)}"
        for group, values in quick.items()
        for name, value in values.items()
        if photos[group][name] != value
    ]
    return [word for change in changes for word in ("--set", change)]


def shown(language: str) -> list[str]:
    """The blocks of outputs on the page."""
    return [block.text for block in blocks_of(PAGE) if block.language == language]


def export_of(queue: Path, table: Path) -> list[dict[str, Any]]:
    """What Label Studio exports once a person has drawn the table's boxes."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = {f"mypets/{row['image_path']}": row for row in csv.DictReader(file)}
    with (queue / "queue.csv").open(encoding="utf-8", newline="") as file:
        sources = {row["photo"]: row["image"] for row in csv.DictReader(file)}
    tasks = json.loads((queue / "label_studio.json").read_text("utf-8"))
    for task in tasks:
        row = rows[sources[task["data"]["photo"]]]
        (drawn,) = task.pop("predictions")[0]["result"]
        top, left, height, width = map(int, row["bbox"].split(","))
        across, down = drawn["original_width"] / 100, drawn["original_height"] / 100
        drawn["value"] |= {"x": left / across, "y": top / down}
        drawn["value"] |= {"width": width / across, "height": height / down}
        drawn["value"][drawn["type"]] = [row["labels"]]
        task["annotations"] = [{"result": [drawn]}]
    return list(tasks)


def ask_demo(arguments: Sequence[str]) -> int:
    """Starts the demo as a program, asks it about a photo, ends it, and returns its exit code."""
    command = [sys.executable, str(ROOT / "demo.py"), *arguments, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().removeprefix("Open ").strip()
            assert httpx.get(address, timeout=60).status_code == 200
            url = f"{address}ask?box=231,398,196,205"
            reply = httpx.post(url, content=Path(PHOTO).read_bytes(), timeout=60)
            assert reply.status_code == 200, reply.text
            process.send_signal(signal.SIGINT)
            return process.wait(30)
        finally:
            process.kill()


def test_the_tutorial_can_be_followed(
    tmp_path: Path,
    pushed: Run,
    small: None,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    sample = tmp_path / "build" / "sample" / "serving"
    sample.parent.mkdir(parents=True)
    sample.symlink_to(pushed.output / "serving")
    mains = {
        "testing.pages.twenty_photos": twenty_photos.main,
        "client.labelling": labelling.main,
        "local_runner.py": local_runner.main,
        "inference.py": inference.main,
        "demo.py": ask_demo,
    }
    codes: list[tuple[str, int]] = []
    outputs = []
    drawn = b""
    for words in commands():
        if words == ["demo.py", "--weight_path", "build/sample/serving/pet_mood"]:
            continue  # It is started by the tests of the demo.
        name, arguments = (words[1], words[2:]) if words[0] == "-m" else (words[0], words[1:])
        if "read" in arguments:
            drawn = (tmp_path / "mypets" / "photos.csv").read_bytes()
            export = export_of(Path("mypets/queue"), Path("mypets/photos.csv"))
            EXPORT.write_text(json.dumps(export), "utf-8")
        arguments = [word.replace("build/mypets-quick", "build/mypets") for word in arguments]
        if "photos" in arguments:
            arguments += as_quick()
        codes.append((name, mains[name](arguments)))
        outputs.append(capfd.readouterr().out)
        if "quick" in arguments:
            assert record_of(Path("build/mypets"))["smoke_test"] is True
        if "read" in arguments:
            read_back = Path("mypets/photos.csv").read_text("utf-8")
            Path("mypets/photos.csv").write_bytes(drawn)
    assert codes == [
        ("testing.pages.twenty_photos", 0),
        ("inference.py", 0),
        ("client.labelling", 0),
        ("client.labelling", 0),
        ("local_runner.py", 0),
        ("local_runner.py", 0),
        ("local_runner.py", 4),
        ("inference.py", 0),
        ("demo.py", 0),
    ]

    # The boxes came back through Label Studio's form as they were drawn.
    by_photo = {row["image_path"]: row for row in csv.DictReader(read_back.splitlines())}
    for row in csv.DictReader(drawn.decode().splitlines()):
        back = by_photo[f"mypets/{row['image_path']}"]
        assert (back["bbox"], back["labels"]) == (row["bbox"], row["labels"])

    # What the page shows is what came.
    (labels,) = shown("json")
    assert json.loads(labels) == json.loads(Path("mypets/labels.json").read_text("utf-8"))
    table, plan, quick, photos = shown("text")
    assert drawn.decode().replace("\r", "").startswith(table.removesuffix("\n…"))
    rows, _, steps = plan.partition("\n\n")
    assert [" ".join(line.split()) for line in rows.splitlines()] == [
        " ".join(line.split()) for line in outputs[4].splitlines()[:6]
    ]
    names = [line.split()[0] for line in steps.splitlines()]
    assert [name for name in names if name not in outputs[4] and name != "…"] == []
    assert [line for line in quick.splitlines() if line.strip() not in outputs[5]] == []
    assert photos.splitlines()[-1].strip() in outputs[6]
    record = record_of(tmp_path / "build" / "mypets")
    assert (record["rows"]["train"]["used"], record["rows"]["eval"]["used"]) == (16, 4)
    assert (tmp_path / "build" / "mypets" / "report.html").is_file()
    assert json.loads(outputs[7])["mood"] in ("happy", "relaxed")
