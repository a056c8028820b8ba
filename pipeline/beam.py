"""Settings of the engine that runs the data steps, and the arguments that Beam takes for them."""

import shlex
from typing import ClassVar, Final, Literal

from pydantic import model_validator

from schemas.errors import ConfigError
from schemas.settings import SettingsGroup, setting

LOCAL: Final = "local"
_RUNNERS = {
    LOCAL: "DirectRunner",
    "portable": "PortableRunner",
    "flink": "FlinkRunner",
    "spark": "SparkRunner",
    "dataflow": "DataflowRunner",
}
_NEEDED: dict[str, tuple[str, ...]] = {
    "portable": ("job_endpoint",),
    "flink": ("flink_master",),
    "spark": ("spark_master_url",),
    "dataflow": ("project", "region", "temp_location"),
}
"""Options without which the engine would be another than the one that was meant, or none."""
_BRING_OUR_CODE = ("sdk_container_image", "environment_type", "setup_file")
"""One of them must say how workers come by this project; Beam's own image does not hold it."""
_WITH_JOB_SERVICE = ("portable", "flink", "spark")
_TIMEOUT = "job_server_timeout"
_LONGEST_JOB = 30 * 24 * 3600
"""Seconds. Beam also waits for a job's end no longer than this, by default a minute."""


class BeamSettings(SettingsGroup):
    """Apache Beam, which runs the data steps."""

    GROUP: ClassVar[str] = "beam"

    workers: int = setting(
        0,
        "Processes of this machine that read photos, some 700 MB each; 0 is one a core. A few rows "
        "are read in fewer, because each loads TensorFlow first. For beam.runner=local only.",
        ge=0,
        unit="processes",
        common=True,
    )
    runner: Literal["local", "portable", "flink", "spark", "dataflow"] = setting(
        LOCAL, "Engine; portable is any other one with Beam's job service."
    )
    options: str = setting(
        "",
        "Options of the engine as Beam names them, with blanks between them, such as "
        '"--project=P --region=R --temp_location=gs://B/tmp --sdk_container_image=IMAGE". They '
        "must also say how workers get this project.",
    )

    @model_validator(mode="after")
    def _options_fit(self) -> "BeamSettings":
        given = _options(self.options)
        for name, owner in (("runner", "beam.runner"), ("direct_num_workers", "beam.workers")):
            if name in given:
                raise ConfigError(f"beam.options must leave --{name} to {owner}. Received both")
        if self.runner == LOCAL:
            return self
        if self.workers:
            raise ConfigError(
                "beam.workers counts processes of this machine, for beam.runner=local. Received: "
                f"{self.workers} with beam.runner={self.runner}. Say it in beam.options as "
                "the engine names it"
            )
        missing = [name for name in _NEEDED[self.runner] if not given.get(name)]
        if missing:
            raise ConfigError(
                f"beam.runner={self.runner} needs "
                f"{', '.join(f'--{name}=…' for name in _NEEDED[self.runner])} in beam.options. "
                f"Missing: {', '.join(missing)}"
            )
        if not any(given.get(name) for name in _BRING_OUR_CODE):
            raise ConfigError(
                f"beam.runner={self.runner} needs workers that hold this project: one of "
                f"{', '.join(f'--{name}=…' for name in _BRING_OUR_CODE)} in beam.options. "
                f"Received: {self.options!r}"
            )
        if self.runner == "dataflow" and not given["temp_location"].startswith("gs://"):
            raise ConfigError(
                "beam.options must give Dataflow a bucket as --temp_location=gs://…. "
                f"Received: {given['temp_location']}"
            )
        return self


def beam_args(settings: BeamSettings, processes: int) -> list[str]:
    """Returns the arguments for TFX's ``beam_pipeline_args``.

    Args:
      settings: which engine.
      processes: of this machine, where it is the engine.
    """
    # Newer Beam would try to download another runner if these were left open.
    local = ["--direct_running_mode=in_memory", f"--direct_num_workers={processes}"]
    extra = []
    if settings.runner == LOCAL:
        extra = local
    elif settings.runner in _WITH_JOB_SERVICE and _TIMEOUT not in _options(settings.options):
        extra = [f"--{_TIMEOUT}={_LONGEST_JOB}"]
    return [f"--runner={_RUNNERS[settings.runner]}", *extra, *shlex.split(settings.options)]


def _options(text: str) -> dict[str, str]:
    """Returns the values of ``--name=value`` words by name.

    Raises:
      ConfigError: for a word of another form.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ConfigError(f"beam.options: {error}. Received: {text!r}") from error
    wrong = [word for word in words if not word.startswith("--")]
    if wrong:
        raise ConfigError(
            "beam.options must be words of the form --name=value. "
            f"Received: {' '.join(wrong)} (in {text!r})"
        )
    return {
        name.removeprefix("--"): value for name, _, value in (word.partition("=") for word in words)
    }
