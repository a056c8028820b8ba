"""The folder in which a training keeps its backups."""

import dataclasses

from models.trainer_config import TrainerConfig
from testing.models import samples

CONFIG = TrainerConfig.from_json(samples.CONFIG)


def test_a_folder_of_the_settings_stays() -> None:
    named = dataclasses.replace(CONFIG, backup_dir="/kept")
    assert named.with_backup_dir("/runs/Trainer/model_run").backup_dir == "/kept"


def test_without_a_folder_it_is_beside_the_outputs() -> None:
    unnamed = dataclasses.replace(CONFIG, backup_dir="")
    assert (
        unnamed.with_backup_dir("gs://b/Trainer/model_run").backup_dir
        == "gs://b/Trainer/unfinished"
    )
