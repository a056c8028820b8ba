"""Settings of the Exporter."""

from typing import ClassVar

from pydantic import model_validator

from schemas import exports
from schemas.errors import ConfigError
from schemas.settings import SettingsGroup, setting


class ExportSettings(SettingsGroup):
    """Exports of a pushed model's network for other runtimes than TensorFlow."""

    GROUP: ClassVar[str] = "export"

    formats: str = setting(
        "",
        "Formats of the exports, separated by commas: "
        f"{', '.join(exports.FORMATS)}. Each is compared with the servable, and kept if it answers "
        "the same. Empty exports nothing.",
        common=True,
    )
    rows: int = setting(
        1000, "Eval rows that each format is asked, at most.", ge=1, le=100_000, unit="rows"
    )
    calibration_rows: int = setting(
        200,
        "Training rows from which formats of 8 bits take the ranges of activations.",
        ge=1,
        le=10_000,
        unit="rows",
    )

    @property
    def names(self) -> tuple[str, ...]:
        """The formats, each once."""
        found = (name.strip() for name in self.formats.split(","))
        return tuple(dict.fromkeys(name for name in found if name))

    @model_validator(mode="after")
    def _check_formats(self) -> "ExportSettings":
        if unknown := [name for name in self.names if name not in exports.FORMATS]:
            raise ConfigError(
                f"export.formats must be of {', '.join(exports.FORMATS)}. "
                f"Received: {', '.join(map(repr, unknown))}"
            )
        return self
