"""Settings of the BoxValidator."""

from typing import ClassVar

from schemas.settings import SettingsGroup, setting


class ValidationLimits(SettingsGroup):
    """Validation of the data: differences between train and eval, and odd boxes."""

    GROUP: ClassVar[str] = "validate"

    max_label_shift: float = setting(
        0.2,
        "Largest difference of a mood's share between train and eval. AI Hub's own split has 0.05.",
        ge=0,
        le=1,
    )
    max_box_shift: float = setting(
        1.0,
        "Largest difference of a box column's mean between train and eval.",
        gt=0,
        unit="standard deviations of train",
    )
    shift_is_error: bool = setting(
        False, "Stop the run where a difference is larger; otherwise it is only reported."
    )
    min_area: float = setting(
        0.0002,
        "Smallest share of the photo that a box should cover; smaller ones are an anomaly.",
        ge=0,
        lt=1,
    )
    max_aspect: float = setting(
        20.0,
        "Largest ratio of a box's longer to its shorter side; longer ones are an anomaly.",
        ge=1,
    )
