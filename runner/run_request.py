"""What the user asked for, as typed, and its checks. Nothing heavy is imported."""

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path

from models.settings.network import IMAGENET, NONE
from pipeline import config
from pipeline.config import Settings
from pipeline.run_inputs import RunInputs, check_validation, moods_of
from schemas.errors import ConfigError
from system.buckets.stores import is_remote
from system.regular_files import open_regular
from system.storage import exists

SMOKE_TEST = "quick"
"""The preset whose model is too weak to be pushed."""
_SAMPLE_OUTPUT = Path("build/sample")
_OWN_OUTPUT = Path("build/run")


@dataclass(frozen=True)
class RunRequest:
    """A command line's wishes; None is "not said".

    Attributes:
      train_csv, eval_csv, image_root: the user's data; without ``train_csv`` the sample is
        drawn.
      predict_csv: rows that the pushed model is asked for.
      validation_csv: rows that epoch, settings and temperature are chosen on.
      mlflow: folder or address of an MLflow store that the run is written into.
      labels: label file; None is AI Hub's six moods.
      output: folder for everything that the run makes.
      preset: name of the preset.
      config_file: YAML file with settings.
      overrides: texts such as ``"train.epochs=3"``.
    """

    train_csv: Path | None = None
    eval_csv: Path | None = None
    image_root: Path | None = None
    predict_csv: Path | None = None
    labels: Path | None = None
    output: Path | None = None
    preset: str | None = None
    config_file: Path | None = None
    overrides: tuple[str, ...] = ()
    validation_csv: Path | None = None
    mlflow: str | None = None

    @property
    def uses_sample(self) -> bool:
        """Whether the drawn sample is the data."""
        return self.train_csv is None

    @property
    def preset_name(self) -> str:
        """The preset asked for, else the one that suits the data."""
        return self.preset or ("sample" if self.uses_sample else "default")

    @property
    def is_smoke_test(self) -> bool:
        """Whether the run is to show that the data goes through, and no model to be pushed."""
        return self.preset_name == SMOKE_TEST

    @property
    def folder(self) -> Path:
        """The output folder, absolute: ML Metadata remembers it between runs."""
        output = self.output or (_SAMPLE_OUTPUT if self.uses_sample else _OWN_OUTPUT)
        return _absolute(output)

    @property
    def sample_folder(self) -> Path:
        """Where the sample is drawn."""
        return self.folder / "sample_data"

    def settings(self) -> Settings:
        """Returns the settings.

        Raises:
          ConfigError: as ``pipeline.config.load`` does, if there is no weights file, or for two
            validation splits.
        """
        settings = config.load(self.preset_name, self.config_file, self.overrides)
        if elsewhere := settings.cluster.changed():
            raise ConfigError(
                "cluster.* is for kubeflow_runner.py and has no effect on this machine. Received: "
                f"{', '.join(f'cluster.{name}' for name in elsewhere)}. Leave it out"
            )
        check_validation(settings.data, self.validation_csv)
        weights = settings.model.weights
        if weights in (IMAGENET, NONE) or (is_remote(weights) and exists(weights)):
            return settings
        path = _absolute(Path(weights))
        if not path.is_file():
            raise ConfigError(
                f"model.weights must be {IMAGENET}, {NONE} or a weights file. "
                f"Received: {weights!r}, and there is no such file."
            )
        return dataclasses.replace(settings, model=settings.model.replace(weights=str(path)))

    def inputs(self) -> RunInputs:
        """Returns the user's data, checked to be there; for the sample what it will be.

        Raises:
          ConfigError: a path that is not there, or options that do not go together.
        """
        if self.train_csv is None:
            for option, value in (
                ("--eval-csv", self.eval_csv),
                ("--validation-csv", self.validation_csv),
                ("--image-root", self.image_root),
            ):
                if value is not None:
                    raise ConfigError(f"{option} goes with --train-csv. Received it alone.")
        for option, path in (
            ("--train-csv", self.train_csv),
            ("--eval-csv", self.eval_csv),
            ("--validation-csv", self.validation_csv),
            ("--predict-csv", self.predict_csv),
        ):
            if path is not None:
                _check_readable(option, path)
        if self.eval_csv and self.train_csv and self.eval_csv.samefile(self.train_csv):
            raise ConfigError(
                "--train-csv and --eval-csv must differ, or the model is judged by what it has "
                f"learnt. Received: {self.train_csv} for both. Without --eval-csv a share of "
                "the clips is kept apart."
            )
        if self.validation_csv:
            self._check_validation_csv(self.validation_csv)
        if self.image_root is not None and not self.image_root.is_dir():
            raise ConfigError(f"--image-root must be a folder. Received: {self.image_root}")
        return RunInputs(
            train_csv=_absolute(self.train_csv or self.sample_folder),
            eval_csv=_absolute(self.eval_csv) if self.eval_csv else None,
            image_root=_absolute(self.image_root) if self.image_root else None,
            moods=self.moods(),
            output=self.folder,
            predict_csv=_absolute(self.predict_csv) if self.predict_csv else None,
            validation_csv=_absolute(self.validation_csv) if self.validation_csv else None,
        )

    def _check_validation_csv(self, path: Path) -> None:
        if self.eval_csv is None:
            raise ConfigError(
                "--validation-csv goes with --train-csv and --eval-csv. Received it without "
                "--eval-csv. A share of one CSV's clips is data.validation_fraction"
            )
        for option, other in (("--train-csv", self.train_csv), ("--eval-csv", self.eval_csv)):
            if other and path.samefile(other):
                raise ConfigError(
                    f"--validation-csv and {option} must differ: one chooses among models. "
                    f"Received: {path} for both"
                )

    def moods(self) -> tuple[str, ...]:
        """Returns the moods in index order.

        Raises:
          ConfigError: the label file is none.
        """
        return moods_of(self.labels)


def _absolute(path: Path) -> Path:
    # Not resolve(): a link that is later set to new data shall be followed then.
    return Path(os.path.abspath(path))


def _check_readable(option: str, path: Path) -> None:
    try:
        with open_regular(path):
            pass
    except OSError as error:  # Of a pipe, which could be read once only, the text is its kind.
        raise ConfigError(
            f"{option} must be a CSV file that can be read. Received: {path} "
            f"({error.strerror or error})."
        ) from error
