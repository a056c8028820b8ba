"""The history of a configuration: which version was stable before."""

from pathlib import Path

import pytest

from client.rollout import history
from client.rollout.models_config import Served
from schemas.documents.serving import Command
from schemas.errors import ConfigError


def before(folder: Path, now: int, *steps: tuple[Command, int]) -> int | None:
    config = folder / "models.config"
    for command, stable in steps:
        history.add(config, command, Served((stable,), {"stable": stable}))
    return history.stable_before(history.read(config), now)


@pytest.mark.parametrize(
    ("now", "steps", "expected"),
    [
        (1, [("first", 1)], None),
        (2, [("first", 1), ("promote", 2)], 1),
        (2, [("first", 1), ("promote", 2), ("promote", 2)], 1),
        (2, [("first", 1), ("canary", 1), ("promote", 1), ("promote", 2)], 1),
        # One further back with each rollback, and not to and fro.
        (2, [("first", 1), ("promote", 2), ("promote", 3), ("rollback", 2)], 1),
        (4, [("first", 1), ("promote", 2), ("rollback", 1), ("promote", 4)], 1),
        # A crash after the line, before the file.
        (1, [("first", 1), ("promote", 2)], None),
        (2, [("first", 1), ("promote", 2), ("rollback", 1)], 1),
        # The file was changed by hand.
        (7, [("first", 1), ("promote", 2)], 2),
        (7, [], None),
    ],
)
def test_the_version_before(
    tmp_path: Path, now: int, steps: list[tuple[Command, int]], expected: int | None
) -> None:
    assert before(tmp_path, now, *steps) == expected


def test_a_damaged_history_is_told_and_not_passed_over(tmp_path: Path) -> None:
    config = tmp_path / "models.config"
    history.file_of(config).write_text('{"labels": {"stable": 1}, "command": "first"}\n{"la')
    with pytest.raises(ConfigError, match=r"models\.config\.history\.jsonl must have"):
        history.read(config)
