"""Where a training keeps what it goes on from."""

import dataclasses

from models.trainer_config import TrainerConfig
from testing.models import samples

CONFIG = TrainerConfig.from_json(samples.CONFIG)


def test_a_folder_that_was_named_stays() -> None:
    named = dataclasses.replace(CONFIG, backup_dir="/kept")
    assert named.with_backup_dir("/runs/Trainer/model_run").backup_dir == "/kept"


def test_without_one_it_is_beside_the_outputs() -> None:
    unnamed = dataclasses.replace(CONFIG, backup_dir="")
    assert (
        unnamed.with_backup_dir("gs://b/Trainer/model_run").backup_dir
        == "gs://b/Trainer/unfinished"
    )
