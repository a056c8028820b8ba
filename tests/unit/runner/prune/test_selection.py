"""Which results stay, from a real ML Metadata without TFX."""

import importlib.util
from pathlib import Path

from pipeline import config
from runner.prune.plan import make_plan
from runner.prune.served import Pins
from schemas import artifacts
from testing.pipeline.recorded_runs import NOW, Execution, Runs


def model(runs: Runs, examples: int, *, blessed: int) -> int:
    """Trains and judges a model; returns its artifact."""
    (made,) = runs.execute("Trainer", (examples,), ("Model",))
    (blessing,) = runs.execute("Evaluator", (made,), ("ModelBlessing",))
    runs.set_properties(blessing, blessed=blessed, current_model_id=made)
    return made


def test_without_a_number_nothing_but_leftovers_goes(runs: Runs) -> None:
    for _ in range(3):
        runs.execute("Ingest", (), ("Examples",))
    assert runs.going() == set()
    assert runs.plan().items == ()


def test_a_pipeline_that_never_ran_is_unknown(runs: Runs) -> None:
    settings = config.load("default", None, ())
    assert make_plan(runs.store, "another", runs.inputs, settings, Pins(), NOW) is None


def test_the_newest_results_of_each_node_stay(runs: Runs) -> None:
    for _ in range(3):
        runs.execute("Ingest", (), ("Examples", "Rejects"))
    runs.execute("Statistics", (), ("Stats",))
    assert runs.going("retain.results=1") == {
        *("pipeline/Ingest/Examples/1", "pipeline/Ingest/Rejects/1"),
        *("pipeline/Ingest/Examples/2", "pipeline/Ingest/Rejects/2"),
    }
    assert runs.going("retain.results=2") == {
        "pipeline/Ingest/Examples/1",
        "pipeline/Ingest/Rejects/1",
    }
    assert runs.going("retain.results=3") == set()


def test_a_reused_result_is_as_new_as_its_latest_use(runs: Runs) -> None:
    first = runs.execute("Ingest", (), ("Examples",))
    runs.execute("Ingest", (), ("Examples",))
    for _ in range(3):
        runs.execute("Ingest", reused=tuple(first), state=Execution.CACHED)
    assert runs.going("retain.results=1") == {"pipeline/Ingest/Examples/2"}
    # And counts once, so that the second is still among the newest two.
    assert runs.going("retain.results=2") == set()


def test_what_the_newest_result_was_made_from_stays_with_all_of_its_kind(runs: Runs) -> None:
    first, _ = runs.execute("Ingest", (), ("Examples", "Rejects"))
    runs.execute("Trainer", (first,), ("Model",))
    runs.execute("Ingest", (), ("Examples", "Rejects"))  # Refused: nothing was trained on it.
    runs.execute("Ingest", (), ("Examples", "Rejects"))
    assert runs.going("retain.results=1") == {
        "pipeline/Ingest/Examples/3",
        "pipeline/Ingest/Rejects/3",
    }


def test_failed_attempts_are_no_results(runs: Runs) -> None:
    runs.execute("Ingest", (), ("Examples",))
    runs.execute("Ingest", (), ("Examples",), state=Execution.FAILED)
    runs.execute("Ingest", (), ("Examples",), state=Execution.RUNNING)
    assert "pipeline/Ingest/Examples/1" not in runs.going("retain.results=1")


def test_a_result_whose_files_are_gone_does_not_count(runs: Runs) -> None:
    runs.execute("Ingest", (), ("Examples",))
    (newest,) = runs.execute("Ingest", (), ("Examples",))
    runs.uri(newest).joinpath("content").unlink()
    runs.uri(newest).rmdir()
    assert runs.going("retain.results=1") == set()


def test_the_blessed_models_that_a_resolver_may_find_stay(runs: Runs) -> None:
    (examples,) = runs.execute("Ingest", (), ("Examples",))
    oldest = model(runs, examples, blessed=1)
    (other,) = runs.execute("Ingest", (), ("Examples",))
    blessed = [model(runs, other, blessed=1) for _ in range(3)]
    for _ in range(2):
        unblessed = model(runs, other, blessed=0)
    going = runs.going("retain.results=1")
    stay = [oldest, *blessed[-1:], unblessed]
    # oldest: a warm start on the newest Examples would begin with it. The newest model is not
    # blessed, so that no second blessed one is needed beside the last.
    for artifact in (*stay, *blessed[:-1]):
        path = str(runs.uri(artifact).relative_to(runs.inputs.output))
        assert (path in going) == (artifact not in stay), path


def test_the_blessed_model_before_the_current_one_stays(runs: Runs) -> None:
    (examples,) = runs.execute("Ingest", (), ("Examples",))
    models = [model(runs, examples, blessed=1) for _ in range(3)]
    going = runs.going("retain.results=1")
    paths = [str(runs.uri(one).relative_to(runs.inputs.output)) for one in models]
    assert [path in going for path in paths] == [True, False, False]


def test_other_pipelines_in_the_same_store_are_not_looked_at(tmp_path: Path) -> None:
    runs, others = Runs(tmp_path / "out"), Runs(tmp_path / "other", "pet_mood-2")
    for one in (runs, others):
        one.execute("Ingest", (), ("Examples",))
        one.execute("Ingest", (), ("Examples",))
    assert runs.going("retain.results=1") == {"pipeline/Ingest/Examples/1"}


def test_the_names_of_tfx_are_tfxs() -> None:
    tfx = importlib.util.find_spec("tfx")  # Its import takes 20 seconds.
    assert tfx is not None and tfx.origin is not None
    path = Path(tfx.origin).parent / "components" / "evaluator" / "constants.py"
    constants = path.read_text("utf-8")
    assert f"ARTIFACT_PROPERTY_BLESSED_KEY = '{artifacts.BLESSED}'" in constants
    assert f"ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY = '{artifacts.BLESSED_MODEL_ID}'" in constants
    assert f"\nBLESSED_VALUE = {artifacts.BLESSED_VALUE}" in constants
