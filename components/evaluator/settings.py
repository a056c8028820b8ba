"""Settings of the Evaluator."""

from typing import Any, ClassVar, Literal

from pydantic import field_validator, model_validator

from schemas.errors import ConfigError
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
    calibrate: Literal["auto", "true", "false"] = setting(
        "auto",
        "Calibrate the probabilities by temperature scaling. The Trainer fits the temperature on "
        "the validation split before the export; without one on half of the eval clips, and the "
        "other half scores the model. auto keeps it where it lowers the loss on clips that it was "
        "not fitted on; it needs 100 clips, and takes eval clips only where there are 1,000.",
    )
    target_accuracy: float = setting(
        0.0,
        "Answers below a probability are unsure. This chooses it: as many answers are sure as "
        "together reach this accuracy on the rows that the temperature is fitted on. 0 is off.",
        ge=0,
        lt=1,
        common=True,
    )
    coverage: float = setting(
        0.8,
        "The same by the share of the answers that are sure. 0 is off; with "
        "evaluate.target_accuracy it must be 0. If both are 0, no answer is unsure.",
        ge=0,
        le=1,
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

    @field_validator("calibrate", mode="before")
    @classmethod
    def _read_truth_values(cls, value: Any) -> Any:
        """Takes what was a truth value before there was "auto", as text or not."""
        spelling = str(value).strip().lower()
        if spelling in ("true", "1", "yes", "on", "t", "y"):
            return "true"
        if spelling in ("false", "0", "no", "off", "f", "n"):
            return "false"
        return value

    @model_validator(mode="after")
    def _check_threshold(self) -> "EvaluateSettings":
        if self.target_accuracy and self.coverage:
            raise ConfigError(
                "evaluate.target_accuracy and evaluate.coverage choose the same threshold, so that "
                f"one of them must be 0. Received: {self.target_accuracy:g} and {self.coverage:g}. "
                "Set evaluate.coverage=0 as well, or leave evaluate.target_accuracy out"
            )
        return self
