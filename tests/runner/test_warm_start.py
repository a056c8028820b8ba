"""Which model a training goes on from, and that an unchanged run trains no second time."""

from pathlib import Path

from testing.pipeline import warm_start_pipeline as warm_toy


def trainings(output: Path) -> list[str]:
    """Returns the number of the base model of each training so far, the oldest first."""
    models = sorted(
        (output / "pipeline" / "Trainer" / "model").glob(f"*/Format-Serving/{warm_toy.BASE}"),
        key=lambda path: int(path.parts[-3]),
    )
    numbers = [path.parts[-3] for path in models]
    bases = [path.read_text() for path in models]
    return [
        "none" if base == "None" else f"training {numbers.index(Path(base).parts[-2])}"
        for base in bases
    ]


def test_a_training_goes_on_from_the_last_blessed_model_of_other_data(tmp_path: Path) -> None:
    warm_toy.run(tmp_path, "march")
    assert trainings(tmp_path) == ["none"]
    warm_toy.run(tmp_path, "march")  # The first model is blessed by now, and of the same data.
    assert trainings(tmp_path) == ["none"]
    warm_toy.run(tmp_path, "april")
    assert trainings(tmp_path) == ["none", "training 0"]
    warm_toy.run(tmp_path, "april")
    assert trainings(tmp_path) == ["none", "training 0"]
    warm_toy.run(tmp_path, "may", blessed=False)
    assert trainings(tmp_path) == ["none", "training 0", "training 1"]
    warm_toy.run(tmp_path, "june")  # May's was not blessed.
    assert trainings(tmp_path) == ["none", "training 0", "training 1", "training 1"]
