"""The table of ``benchmarks.real_photos``."""

from benchmarks.real_photos import summary


def test_the_mean_is_over_seeds_and_the_last_epoch_is_not_the_best_one() -> None:
    common = {"accuracy": [0.1, 0.5], "train_accuracy": 0.9, "images": 600, "cpu_seconds": 120.0}
    found = summary(
        [
            {"macro_f1": [0.5, 0.25], "seconds": 60.0, **common},
            {"macro_f1": [0.25, 0.75], "seconds": 30.0, **common},
        ]
    )
    assert found == {
        "last": 0.5,
        "last_each_seed": [0.25, 0.75],
        "best": 0.625,
        "accuracy": 0.5,
        "train_accuracy": 0.9,
        "minutes": 0.75,
        "cpu_minutes": 2.0,
        "images_per_second": 15.0,
        "epochs": 2,
    }
