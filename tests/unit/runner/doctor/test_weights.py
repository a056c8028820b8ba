"""Weights that cannot be had are named, with a remedy."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from runner.doctor import (
    weights,
)
from testing.runner.planted_machine import SOUND


def test_weights_that_cannot_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = replace(SOUND, environment={"HOME": str(tmp_path)})
    assert weights.check(machine, "none", network=False).state == "ok"
    absent = weights.check(machine, str(tmp_path / "w.h5"), network=False)
    assert (absent.state, "no weights file" in absent.message) == ("fault", True)
    for name, message in (("w.pt", "ends in one of"), ("w.h5", "is empty")):
        (tmp_path / name).write_bytes(b"")
        found = weights.check(machine, str(tmp_path / name), network=False)
        assert (found.state, message in found.message) == ("fault", True)

    offline = weights.check(machine, "imagenet", network=False)
    assert offline.state == "skipped"
    assert "model.weights=FILE" in offline.remedy
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setattr(weights, "URL", f"http://127.0.0.1:{unused.getsockname()[1]}/w.h5")
        asked = weights.check(machine, "imagenet", network=True)
    assert (asked.state, "cannot be reached" in asked.message) == ("fault", True)

    stored = tmp_path / ".keras" / "models" / weights.FILE
    stored.parent.mkdir(parents=True)
    stored.write_bytes(b"half of a download")
    broken = weights.check(machine, "imagenet", network=False)
    assert (broken.state, broken.remedy.startswith(f"rm {stored}")) == ("fault", True)
