"""Settings of the Evaluator."""

from typing import ClassVar

from schemas.settings import SettingsGroup, setting


class EvaluateSettings(SettingsGroup):
    """Evaluation: what a model must reach to be pushed, and how it is measured."""

    GROUP: ClassVar[str] = "evaluate"

    min_gain: float = setting(
        0.05,
        "Least gain in macro-F1 over always answering the commonest mood, at the lower end of the "
        "95 % interval.",
        gt=0,
        le=1,
        common=True,
    )
    min_macro_f1: float = setting(
        0.0, "Least macro-F1 of the model. 0 switches the check off.", ge=0, le=1
    )
    max_loss: float = setting(
        0.05,
        "Margin of non-inferiority: macro-F1 that may be lost against the last blessed model, at "
        "the lower end of the difference's 95 % interval. F1 of a mood and macro-F1 of a species "
        "may lose as much, at the upper end. 1 compares with no earlier model.",
        ge=0,
        le=1,
    )
    max_calibration_error: float = setting(
        0.25,
        "Largest expected calibration error: the mean difference between the probability of the "
        "predicted mood and the share of right predictions.",
        gt=0,
        le=1,
    )
    calibrate: bool = setting(
        False,
        "Calibrate the probabilities by temperature scaling. The Trainer fits the temperature on "
        "the validation split before the export; without one on half of the eval clips, and the "
        "other half scores the model.",
        common=True,
    )
    compare_with: str = setting(
        "",
        "Folder of another pushed version whose predictions on the same rows are reported too. It "
        "has no part in the blessing.",
    )
    resamples: int = setting(
        2000,
        "Draws of the animals, or of clips whose animal is not known, from which the 95 % "
        "intervals are taken.",
        ge=100,
    )
    seed: int = setting(17, "Seed of these draws.", ge=0, le=2**31 - 1)
