"""Settings of the engine that runs the data steps, and the arguments that Beam takes for them."""

import re
from typing import ClassVar, Final, Literal

from pydantic import model_validator

from pipeline.engine.option_words import by_name, words_of
from schemas.errors import ConfigError
from schemas.settings import SettingsGroup, setting

LOCAL: Final = "local"
FLINK: Final = "flink"
SPARK: Final = "spark"
_PORTABLE: Final = "PortableRunner"
_RUNNERS = {
    LOCAL: "DirectRunner",
    "portable": _PORTABLE,
    FLINK: "FlinkRunner",
    SPARK: "SparkRunner",
    "dataflow": "DataflowRunner",
}
_CLUSTER_OPTION = {FLINK: "flink_master", SPARK: "spark_master_url"}
_BRING_OUR_CODE = ("sdk_container_image", "environment_type", "setup_file")
"""One of them says how workers come by this project; Beam's own image does not hold it."""
_STAGED_BY_TFX_UNLESS = (
    *("extra_package", "extra_packages", "setup_file", "requirements_file"),
    *("worker_harness_container_image", "sdk_container_image"),
)
"""TFX packs and sends itself with every job unless one of these is given (TFX 1.16,
tfx/utils/dependency_utils.py). Workers of a pool never install it."""
_WITH_JOB_SERVICE = ("portable", FLINK, SPARK)
_FOR_JOB_SERVICE = ("job_server", "cluster", "job_server_jar", "parallelism")
_LONGEST_JOB = 30 * 24 * 3600
"""Seconds. Beam also waits for a job's end no longer than this, by default a minute."""
_CACHE_MILLIS = 60_000
"""How long a worker waits for its job's next stage; it saves 2 s a stage on Flink 1.18."""
_NO_LIST = "disable_logging_submission_environment"
"""Beam would send pip's list of this machine's packages with every job."""
_ADDRESS = re.compile(r"[^\s:/]+:[0-9]{1,5}|\[[0-9a-fA-F:]+\]:[0-9]{1,5}")


class BeamSettings(SettingsGroup):
    """Apache Beam, which runs the data steps."""

    GROUP: ClassVar[str] = "beam"

    workers: int = setting(
        0,
        "Processes that read photos, some 700 MB each. With beam.runner=local they are this "
        "machine's, and 0 is one a core; a few rows are read in fewer, because each loads "
        "TensorFlow first. With flink, spark and portable they are those of each of the engine's "
        "machines, and 0 is 1.",
        ge=0,
        unit="processes",
        common=True,
    )
    runner: Literal["local", "portable", "flink", "spark", "dataflow"] = setting(
        LOCAL, "Engine; portable is any other one with Beam's job service."
    )
    job_server: str = setting(
        "", "HOST:PORT of Beam's job server, for flink, spark and portable, such as localhost:8099."
    )
    cluster: str = setting(
        "",
        "Address of the engine itself: HOST:PORT of Flink's REST interface, such as "
        "localhost:8081, or spark://HOST:7077. With beam.job_server it is only asked whether it "
        "can take the work; without, Beam starts a job server for it.",
    )
    job_server_jar: str = setting(
        "",
        "Beam's job server for the engine's version, a file, which Beam starts for beam.cluster. "
        "Empty lets Beam download it. Needs Java.",
    )
    parallelism: int = setting(
        0,
        "Tasks at the same time, for flink at most its slots; Flink's own default is often 1. "
        "0 leaves it to a portable engine. Spark takes its cores.",
        ge=0,
        unit="tasks",
    )
    worker_pool: str = setting(
        "localhost:50000",
        "HOST:PORT of Beam's worker pool as each of the engine's machines sees it, for flink, "
        "spark and portable. Each machine should have a pool of its own.",
    )
    check_seconds: int = setting(
        90,
        "Longest that the engine's check before the first step may take; 0 leaves it out.",
        ge=0,
        unit="seconds",
    )
    retries: int = setting(
        1,
        "Times that a step is started again after a failure of the engine, for an engine other "
        "than local. What our own code raises is not tried again.",
        ge=0,
    )
    options: str = setting(
        "",
        "More options of the engine as Beam names them, with blanks between them, such as "
        '"--project=P --region=R --temp_location=gs://B/tmp --sdk_container_image=IMAGE". They '
        "take precedence over those that are made of the other settings.",
    )

    @model_validator(mode="after")
    def _options_fit(self) -> "BeamSettings":
        given = by_name(words_of(self.options))
        for name, owner in (("runner", "beam.runner"), ("direct_num_workers", "beam.workers")):
            if name in given:
                raise ConfigError(f"beam.options must leave --{name} to {owner}. Received both")
        if self.runner in _WITH_JOB_SERVICE:
            self._check_job_service(given)
            return self
        changed = [name for name in _FOR_JOB_SERVICE if name in self.changed()]
        if changed:
            raise ConfigError(
                f"{', '.join(f'beam.{name}' for name in changed)} must come with "
                f"beam.runner={', '.join(_WITH_JOB_SERVICE)}. Received: beam.runner={self.runner}"
            )
        if self.runner == "dataflow":
            self._check_dataflow(given)
        return self

    def _check_job_service(self, given: dict[str, str]) -> None:
        for name, value in (("job_server", self.job_server), ("worker_pool", self.worker_pool)):
            if value and not _ADDRESS.fullmatch(value):
                raise ConfigError(f"beam.{name} must be HOST:PORT. Received: {value!r}")
        if self.cluster:
            self._check_cluster()
        options = self.engine_options()
        cluster = _CLUSTER_OPTION.get(self.runner)
        if not options.get("job_endpoint") and not (cluster and options.get(cluster)):
            also = f" or beam.cluster (--{cluster}=…)" if cluster else ""
            raise ConfigError(
                f"beam.runner={self.runner} needs beam.job_server (--job_endpoint=…){also}. "
                "Received: neither"
            )
        if self.runner == FLINK and not options.get("parallelism"):
            raise ConfigError(
                "beam.runner=flink needs beam.parallelism (--parallelism=…): Flink's own default "
                "is often 1, and then one task does all the work. Take the number of its slots"
            )
        if self.runner == SPARK and self.parallelism:
            raise ConfigError(
                "beam.parallelism is for flink and portable; Spark takes its cores. Received: "
                f"{self.parallelism} with beam.runner=spark"
            )
        empty = [name for name in _BRING_OUR_CODE if name in given and not given[name]]
        if empty:
            raise ConfigError(
                f"beam.options must say what workers are started from with --{empty[0]}=…. "
                f"Received: {self.options!r}"
            )

    def _check_cluster(self) -> None:
        if self.runner not in _CLUSTER_OPTION:
            raise ConfigError(
                "beam.cluster is for flink and spark. Received: "
                f"{self.cluster} with beam.runner={self.runner}"
            )
        scheme = "spark://" if self.runner == SPARK else ""
        address = self.cluster.removeprefix(scheme)
        if self.runner == FLINK:
            address = re.sub(r"^https?://", "", address).rstrip("/")
        if not self.cluster.startswith(scheme) or not _ADDRESS.fullmatch(address):
            raise ConfigError(
                f"beam.cluster must be {scheme}HOST:PORT with beam.runner={self.runner}. "
                f"Received: {self.cluster!r}"
            )

    def _check_dataflow(self, given: dict[str, str]) -> None:
        if self.workers:
            raise ConfigError(
                f"beam.workers is not for beam.runner=dataflow. Received: {self.workers}. Say it "
                "in beam.options as --max_num_workers=…"
            )
        needed = ("project", "region", "temp_location")
        missing = [name for name in needed if not given.get(name)]
        if missing:
            raise ConfigError(
                f"beam.runner=dataflow needs {', '.join(f'--{name}=…' for name in needed)} in "
                f"beam.options. Missing: {', '.join(missing)}"
            )
        if not any(given.get(name) for name in _BRING_OUR_CODE):
            raise ConfigError(
                "beam.runner=dataflow needs workers that hold this project: one of "
                f"{', '.join(f'--{name}=…' for name in _BRING_OUR_CODE)} in beam.options. "
                f"Received: {self.options!r}"
            )
        if not given["temp_location"].startswith("gs://"):
            raise ConfigError(
                "beam.options must give Dataflow a bucket as --temp_location=gs://…. "
                f"Received: {given['temp_location']}"
            )

    @property
    def has_job_service(self) -> bool:
        """Whether Beam's job service takes the jobs, so that the engine can be asked."""
        return self.runner in _WITH_JOB_SERVICE

    def engine_options(self) -> dict[str, str]:
        """Returns the options by name for an engine with a job service; "" is a bare word."""
        given = by_name(words_of(self.options))
        made: dict[str, str] = {}
        if self.job_server:
            made["job_endpoint"] = self.job_server
        elif self.cluster:
            made[_CLUSTER_OPTION[self.runner]] = self.cluster
            if self.job_server_jar:
                made[f"{self.runner}_job_server_jar"] = self.job_server_jar
        made["job_server_timeout"] = str(_LONGEST_JOB)
        if self.parallelism:
            made["parallelism"] = str(self.parallelism)
        if not any(given.get(name) for name in _BRING_OUR_CODE):
            made["environment_type"] = "EXTERNAL"
        if {**made, **given}.get("environment_type") == "EXTERNAL":
            if not {"environment_option", "environment_options"} & set(given):
                made["environment_config"] = self.worker_pool
            made["environment_cache_millis"] = str(_CACHE_MILLIS)
            if not any(given.get(name) for name in _STAGED_BY_TFX_UNLESS):
                made["sdk_container_image"] = "none"
            made["experiments"] = _NO_LIST
        made["sdk_worker_parallelism"] = str(self.workers or 1)
        return {**made, **given}


def beam_args(settings: BeamSettings, processes: int) -> list[str]:
    """Returns the arguments for TFX's ``beam_pipeline_args``.

    Args:
      settings: which engine.
      processes: of this machine, where it is the engine.
    """
    given = words_of(settings.options)
    runner = f"--runner={_RUNNERS[settings.runner]}"
    if settings.runner == LOCAL:
        # Newer Beam would try to download another runner if these were left open.
        local = ["--direct_running_mode=in_memory", f"--direct_num_workers={processes}"]
        return [runner, *local, *given]
    if not settings.has_job_service:
        return [runner, *given]
    options = settings.engine_options()
    if options.get("job_endpoint"):
        runner = f"--runner={_PORTABLE}"
    names = by_name(given)
    # Words of the user's may come several times, such as --extra_package=….
    made = [f"--{name}={value}" for name, value in options.items() if name not in names]
    return [runner, *made, *given]
