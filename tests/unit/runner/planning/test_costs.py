"""The sum of a plan, from rows, settings and rates."""

import dataclasses
import os

import pytest

from pipeline.config import Settings
from runner import steps
from runner.planning import costs
from runner.planning.costs import Rows, planned, rows_of
from schemas.documents.plan import PlannedNode, PlannedTable, Probe

PROBE: Probe = {
    "photos": 32,
    "photo_seconds": 0.01,
    "step_seconds": 0.5,
    "step_cpu_seconds": 1.0,
    "first_step_seconds": 20.0,
    "predict_seconds": 0.1,
    "predict_cpu_seconds": 0.2,
    "load_cpu_seconds": 11.1,
    "slowdown": 1.0,
    "peak_mib": 2500,
    "is_cut_short": False,
    "seconds": 40.0,
}
NODES = ("PetExampleGen", "Trainer", "Evaluator")


def table(split: str, usable: int, clips: int = 10) -> PlannedTable:
    return {
        "path": f"{split}.csv",
        "split": split,
        "rows": usable,
        "usable": usable,
        "moods": {},
        "clips": clips,
        "animals": 0,
        "faults": {},
    }


def plan_of(
    settings: Settings, rows: Rows, probe: Probe = PROBE, reused: frozenset[str] = frozenset()
) -> dict[str, PlannedNode]:
    found = planned(settings, rows, probe, NODES, reused, 10**6, has_baseline=False)
    return {node["name"]: node for node in found}


def changed(**train: object) -> Settings:
    return dataclasses.replace(Settings(), train=Settings().train.replace(**train))


def test_rows_go_where_the_splits_send_them() -> None:
    one = rows_of(Settings(), [table("all", 1000)])
    assert one == Rows(read=1000, train=800, choosing=200, judging=200, predicted=0)
    three = [table("train", 100), table("validation", 20), table("eval", 30)]
    found = rows_of(Settings(), [*three, table("unlabelled", 7)])
    assert found == Rows(read=157, train=100, choosing=20, judging=30, predicted=7)
    share = dataclasses.replace(Settings(), data=Settings().data.replace(validation_fraction=0.1))
    assert rows_of(share, [table("train", 100), table("eval", 30)])[1:4] == (90, 10, 30)
    clips = rows_of(changed(frames_per_clip=4), [table("train", 100), table("eval", 30)])
    assert clips.train == 40


def test_a_training_costs_its_steps_and_validations() -> None:
    rows = Rows(read=1000, train=800, choosing=160, judging=160, predicted=0)
    short, long = (plan_of(changed(epochs=n, batch_size=16), rows)["Trainer"] for n in (2, 4))
    # Two epochs more: 100 steps of 1 s and 20 predictions of 0.2 s.
    assert long["cpu_seconds"] - short["cpu_seconds"] == pytest.approx(1.3 * 104)
    assert long["seconds"] - short["seconds"] == pytest.approx(1.3 * 52, abs=0.2)
    by_clock = plan_of(changed(minutes=10.0, batch_size=16), rows)["Trainer"]
    assert 600 < by_clock["seconds"] < 700


def test_a_locator_costs_its_steps_by_their_pixels() -> None:
    locate = {"enabled": True, "resolution": 96, "batch_size": 16, "min_steps": 1}
    model = Settings().model.replace(resolution=96)

    def located(**changes: object) -> Settings:
        return dataclasses.replace(
            changed(batch_size=32),
            model=model,
            locate=Settings().locate.replace(**locate, **changes),
        )

    tables = [table("train", 2000, clips=160), table("eval", 30)]
    rows = rows_of(located(frames_per_clip=2), tables)
    assert rows.scenes == 320
    assert rows_of(Settings(), tables).scenes == 0
    few, many, shallow = (
        {
            node["name"]: node
            for node in planned(each, rows, PROBE, ("Locator",), frozenset(), 0, False)
        }
        for each in (located(epochs=1), located(epochs=3), located(epochs=3, stages=3))
    )
    # 40 steps more of half of the 32 pictures that 1 s is of.
    more = many["Locator"]["cpu_seconds"] - few["Locator"]["cpu_seconds"]
    assert more == pytest.approx(1.3 * 40 * 0.5)
    assert shallow["Locator"]["cpu_seconds"] < many["Locator"]["cpu_seconds"] - 15


def test_the_ingest_costs_its_photos() -> None:
    few = plan_of(Settings(), Rows(100, 80, 20, 20, 0))["PetExampleGen"]
    many = plan_of(Settings(), Rows(1100, 80, 20, 20, 0))["PetExampleGen"]
    assert many["cpu_seconds"] - few["cpu_seconds"] == pytest.approx(10)
    processes = os.cpu_count() or 1
    assert many["seconds"] - few["seconds"] == pytest.approx(10 / processes, abs=0.2)


def test_a_slower_and_a_busy_machine_take_longer() -> None:
    rows = Rows(100, 80, 20, 20, 0)
    sound = plan_of(Settings(), rows)
    slow = plan_of(Settings(), rows, {**PROBE, "load_cpu_seconds": 22.2})
    busy = plan_of(Settings(), rows, {**PROBE, "slowdown": 3.0})
    assert slow[steps.LOADING_TFX]["cpu_seconds"] == 2 * sound[steps.LOADING_TFX]["cpu_seconds"]
    assert busy[steps.LOADING_TFX]["cpu_seconds"] == sound[steps.LOADING_TFX]["cpu_seconds"]
    assert busy[steps.LOADING_TFX]["seconds"] == pytest.approx(
        3 * sound[steps.LOADING_TFX]["seconds"], abs=0.2
    )


def test_what_is_reused_costs_nothing() -> None:
    found = plan_of(Settings(), Rows(100, 80, 20, 20, 0), reused=frozenset(["Trainer"]))
    assert (found["Trainer"]["reused"], found["Trainer"]["cpu_seconds"]) == (True, 0)
    assert not found["Evaluator"]["reused"]


def test_the_named_steps_are_nodes_of_the_pipeline() -> None:
    from pipeline import nodes

    ids = {value for name, value in vars(nodes).items() if name.isupper()}
    assert set(costs.FIXED) - ids == {steps.LOADING_TFX, steps.WRITING_REPORT}
