"""Which engine runs the data steps: settings, and the arguments that Beam takes for them."""

import shlex
from dataclasses import dataclass

from schemas.errors import ConfigError

LOCAL = "local"
_RUNNERS = {
    LOCAL: "DirectRunner",
    "portable": "PortableRunner",
    "flink": "FlinkRunner",
    "spark": "SparkRunner",
    "dataflow": "DataflowRunner",
}
_NEEDED = {
    LOCAL: (),
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


@dataclass(frozen=True)
class BeamSettings:
    """How the data steps run on Apache Beam.

    Attributes:
      workers: processes of this machine that read photos, some 700 MB each; 0 is one a core.
        Few rows are read in fewer, for each loads TensorFlow first. Other engines have their own
        ways to count, in options.
      runner: local, flink, spark, dataflow, or portable for any other engine with Beam's job
        service.
      options: the engine's, as Beam names them, with blanks between them, such as
        "--project=P --region=R --temp_location=gs://B/tmp --sdk_container_image=IMAGE".
        They must also say how workers come by this project.
    """

    workers: int = 0
    runner: str = LOCAL
    options: str = ""

    def __post_init__(self) -> None:
        if self.workers < 0:
            raise ConfigError(f"beam.workers must be at least 0. Received: {self.workers}")
        if self.runner not in _RUNNERS:
            raise ConfigError(
                f"beam.runner must be one of {', '.join(_RUNNERS)}. Received: {self.runner!r}"
            )
        given = _options(self.options)
        for name, owner in (("runner", "beam.runner"), ("direct_num_workers", "beam.workers")):
            if name in given:
                raise ConfigError(f"beam.options must leave --{name} to {owner}. Received both")
        missing = [name for name in _NEEDED[self.runner] if not given.get(name)]
        if missing:
            raise ConfigError(
                f"beam.runner={self.runner} needs "
                f"{', '.join(f'--{name}=…' for name in _NEEDED[self.runner])} in beam.options. "
                f"Missing: {', '.join(missing)}"
            )
        if self.runner != LOCAL and not any(given.get(name) for name in _BRING_OUR_CODE):
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
