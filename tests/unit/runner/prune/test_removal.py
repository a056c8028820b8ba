"""A removal that is broken off, or that cannot remove everything."""

from pathlib import Path

import pytest

from runner.prune import removal
from runner.prune.lineage import mark
from runner.prune.removal import carry_out
from testing.pipeline.recorded_runs import Artifact, Runs, aged


def test_a_removal_that_was_broken_off_is_part_of_every_plan(runs: Runs) -> None:
    (first,) = runs.execute("Ingest", (), ("Examples",))
    (second,) = runs.execute("Ingest", (), ("Examples",))
    mark(runs.store, runs.store.get_artifacts_by_id([first, second]))
    runs.uri(second).joinpath("content").unlink()
    runs.uri(second).rmdir()
    aged(runs.inputs.serving.with_name("pet_mood.removed") / "5" / "saved_model.pb", 0)
    plan = runs.plan()
    assert {item.path for item in plan.items} == {
        runs.uri(first),
        runs.uri(second),
        runs.inputs.serving.with_name("pet_mood.removed"),
    }
    assert carry_out(plan, runs.store) == []
    states = [one.state for one in runs.store.get_artifacts()]
    assert states == [Artifact.DELETED] * 2
    assert not runs.uri(first).exists()
    assert runs.plan().items == ()


def test_what_cannot_be_removed_is_told_and_the_rest_goes(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, other, _ = (runs.execute("Ingest", (), ("Examples",))[0] for _ in range(3))
    remove = removal.files.remove

    def failing(path: Path) -> None:
        if path == runs.uri(stuck):
            raise PermissionError(13, "Permission denied", str(path))
        remove(path)

    monkeypatch.setattr(removal.files, "remove", failing)
    (error,) = carry_out(runs.plan("retain.results=1"), runs.store)
    assert str(runs.uri(stuck)) in str(error)
    assert not runs.uri(other).exists()
    states = [one.state for one in runs.store.get_artifacts_by_id([stuck, other])]
    assert states == [Artifact.MARKED_FOR_DELETION, Artifact.DELETED]
    monkeypatch.undo()
    assert carry_out(runs.plan(), runs.store) == []
    assert not runs.uri(stuck).exists()
