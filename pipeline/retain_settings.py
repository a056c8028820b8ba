"""How long results are kept: settings."""

from typing import ClassVar

from schemas.settings import SettingsGroup, setting


class RetainSettings(SettingsGroup):
    """Results that are kept, and those that are removed; for local_runner.py only."""

    GROUP: ClassVar[str] = "retain"

    results: int = setting(
        0,
        "Newest results of each node, and newest pushed versions with their exports, that are "
        "kept; 0 keeps all. Older ones are removed after a run that has pushed a model, and by "
        "--prune, but for what is served or will be used again: docs/reliability.md.",
        ge=0,
        common=True,
    )
    leftover_days: float = setting(
        7.0,
        "Age at which what failed runs have left is removed along with old results: files that no "
        "result consists of, the blocks of an ingest and the backups of a training that ended "
        "unfinished.",
        ge=0,
        unit="days",
    )
    models_config: str = setting(
        "",
        "TensorFlow Serving's models.config; the versions that it names are kept. Empty is "
        "deploy/serving/models.config of this project.",
    )
