"""Settings of the monitor: ``monitor.py drift --set drift.window=500``."""

from typing import ClassVar

from schemas.settings import SettingsGroup, setting


class DriftSettings(SettingsGroup):
    """When requests count as different from the reference: windows, certainty, tolerances."""

    GROUP: ClassVar[str] = "drift"

    window: int = setting(
        250,
        "Requests that are judged together; they overlap by nine tenths, and a second series of "
        "windows has twice as many.",
        ge=50,
        le=100_000,
    )
    false_alarms: float = setting(
        0.0005,
        "Chance of a false alarm in a window of requests that are like the reference, all tests "
        "and both series together.",
        gt=0,
        lt=0.5,
    )
    share_change: float = setting(
        0.05, "Smallest change of a share (unsure, unusable photos) that is told.", ge=0, lt=1
    )
    no_animal: float = setting(
        0.05, "Share of photos without an animal that is nothing to tell.", ge=0, lt=1
    )
    reference_rows: int = setting(
        20_000, "Rows of the reference that are compared with, drawn if there are more.", ge=100
    )
    min_reference: int = setting(
        50, "Fewest rows of a reference, below which nothing is compared.", ge=10
    )
    seed: int = setting(0, "Of the draws.", ge=0)
