"""All settings of a run: composed of their owners' dataclasses, read from files and flags.

Presets are edits of the defaults, never copies. Nothing heavy is imported here, so that a
wrong setting is told in a second and not after TensorFlow has loaded.
"""

import dataclasses
import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast, get_type_hints

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from components.box_validator.settings import ValidationLimits
from components.evaluator.settings import EvaluateSettings
from components.leak_check.settings import LeakLimits
from dataset.settings import DataSettings
from dataset.thinning import ThinSettings
from models.settings import AugmentSettings, ModelSettings, TrainSettings
from models.tuning.settings import TuneSettings, space
from pipeline.beam import BeamSettings
from pipeline.cluster_settings import ClusterSettings
from pipeline.metadata.settings import MetadataSettings
from schemas.errors import ConfigError


@dataclass(frozen=True)
class Settings:
    """Every setting, by its owner."""

    data: DataSettings = field(default_factory=DataSettings)
    thin: ThinSettings = field(default_factory=ThinSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    train: TrainSettings = field(default_factory=TrainSettings)
    augment: AugmentSettings = field(default_factory=AugmentSettings)
    tune: TuneSettings = field(default_factory=TuneSettings)
    validate: ValidationLimits = field(default_factory=ValidationLimits)
    leak: LeakLimits = field(default_factory=LeakLimits)
    evaluate: EvaluateSettings = field(default_factory=EvaluateSettings)
    beam: BeamSettings = field(default_factory=BeamSettings)
    cluster: ClusterSettings = field(default_factory=ClusterSettings)
    metadata: MetadataSettings = field(default_factory=MetadataSettings)

    def __post_init__(self) -> None:
        if self.tune.trials:
            space(self.tune, self.train, self.augment)  # Refuses what cannot be tried.


def _sample(base: Settings) -> Settings:
    return dataclasses.replace(
        base,
        model=dataclasses.replace(
            base.model, weights="none", resolution=64, batch_norm_momentum=0.9
        ),
        # Some 350 steps in all: falling rates, smoothing and jitter pay in longer trainings.
        train=dataclasses.replace(
            base.train,
            epochs=11,
            batch_size=16,
            learning_rate=1e-3,
            schedule="constant",
            label_smoothing=0.0,
            weight_decay=0.0,
            clip_norm=0.0,
        ),
        augment=dataclasses.replace(base.augment, brightness=0.0, contrast=0.0, saturation=0.0),
    )


def _quick(base: Settings) -> Settings:
    return dataclasses.replace(
        base,
        model=dataclasses.replace(
            base.model, weights="none", resolution=64, batch_norm_momentum=0.9
        ),
        train=dataclasses.replace(base.train, epochs=1, batch_size=32, learning_rate=1e-3),
    )


PRESETS = {
    "default": lambda base: base,
    "sample": _sample,
    "quick": _quick,
}
"""default: ImageNet weights at 224 pixels. sample: the drawn sample in minutes on a CPU.
quick: one epoch from random weights at 64 pixels, to see one's own data go through."""


def load(preset: str, config_file: Path | None, overrides: list[str]) -> Settings:
    """Returns the preset's settings, changed by a YAML file, then by ``key=value`` texts.

    Args:
      preset: a name in ``PRESETS``.
      config_file: YAML such as ``{train: {epochs: 3}}`` or ``{train.epochs: 3}``.
      overrides: texts such as ``"train.epochs=3"``.

    Raises:
      ConfigError: for an unknown preset or key (near names are given), a value of a wrong
        type or out of range, or a file that cannot be read.
    """
    if preset not in PRESETS:
        raise ConfigError(_unknown("preset", preset, list(PRESETS)))
    tree = _editable(PRESETS[preset](Settings()))
    changes = [*_from_file(config_file)] if config_file is not None else []
    for name, value in [*changes, *_from_texts(overrides)]:
        _change(tree, name, value)
    try:
        return cast(Settings, OmegaConf.to_object(tree))
    except OmegaConfBaseException as error:
        raise ConfigError(f"{error.full_key}: {str(error).splitlines()[0]}") from error


def setting_types() -> dict[str, type]:
    """Returns the type of every setting by its dotted name, in order."""
    return {
        f"{part.name}.{name}": kind
        for part in dataclasses.fields(Settings)
        for name, kind in get_type_hints(cast(Any, part.default_factory)).items()
    }


def setting_names() -> list[str]:
    """Returns every setting's dotted name, in order."""
    return list(setting_types())


def _from_file(path: Path) -> Iterator[tuple[str, object]]:
    try:
        # OmegaConf's loader reads 1e-3 as a number and refuses a key that stands twice.
        content = OmegaConf.to_container(OmegaConf.load(path))
    except yaml.YAMLError as error:
        raise ConfigError(f"The settings file {path} is not YAML: {_place(error)}") from error
    except FileNotFoundError as error:
        raise ConfigError(f"There is no settings file {path}.") from error
    except (OSError, ValueError, OmegaConfBaseException) as error:
        # OmegaConf 2.3 raises an OSError without a number for a lone number or truth value.
        if isinstance(error, OSError) and error.errno is None:
            raise ConfigError(_no_names(path, error)) from error
        raise ConfigError(f"The settings file {path} cannot be read: {error}") from error
    if not isinstance(content, Mapping):
        raise ConfigError(_no_names(path, content))
    yield from _flat(content)


def _no_names(path: Path, received: object) -> str:
    return (
        f'The settings file {path} must hold names and values, such as "train: {{epochs: 3}}". '
        f"Received: {received}"
    )


def _place(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"{error.problem} (line {mark.line + 1}, column {mark.column + 1})."
    return str(error)


def _flat(mapping: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in mapping.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and name not in setting_types():
            yield from _flat(value, name + ".")
        elif value is None and name in _groups():
            continue  # "train:" with every line below it commented out
        else:
            yield name, value


def _from_texts(texts: Iterable[str]) -> Iterator[tuple[str, object]]:
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise ConfigError(f"--set takes key=value. Received: {text!r}")
        yield name.strip(), value.strip()


def _change(tree: Any, name: str, value: object) -> None:
    kinds = setting_types()
    if name in _groups():
        inside = [known for known in kinds if known.startswith(name + ".")]
        raise ConfigError(
            f"{name} is a group of settings and takes no value. Set one of: {', '.join(inside)}."
        )
    if name not in kinds:
        raise ConfigError(_unknown_setting(name))
    try:
        OmegaConf.update(tree, name, value)
    except OmegaConfBaseException as error:
        wanted = _WORDS.get(kinds[name], "another type")
        raise ConfigError(f"{name} takes {wanted}. Received: {value!r}") from error


_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


def _groups() -> list[str]:
    return [part.name for part in dataclasses.fields(Settings)]


def _editable(settings: Settings) -> Any:
    """Returns the settings as a typed OmegaConf tree, which takes frozen to mean read-only."""
    tree = OmegaConf.structured(settings)
    for node in (tree, *(tree[name] for name in tree)):
        OmegaConf.set_readonly(node, False)
    return tree


def _unknown_setting(name: str) -> str:
    known = setting_names()
    leaf = name.rpartition(".")[2]
    same_leaf = [setting for setting in known if setting.rpartition(".")[2] == leaf]
    if same_leaf:
        return f"There is no setting {name!r}. Did you mean {' or '.join(same_leaf)}?"
    if "." in name:
        return _unknown("setting", name, known)
    leaves = {setting.rpartition(".")[2]: setting for setting in known}
    near = difflib.get_close_matches(name, [*leaves, *_groups()], n=3, cutoff=0.6)
    full = [leaves.get(match, match + ".*") for match in near]
    if full:
        return f"There is no setting {name!r}. Did you mean {' or '.join(full)}?"
    return _unknown("setting", name, known)


def _unknown(what: str, name: str, known: list[str]) -> str:
    # The groups' common beginnings make every name of a group look near at less.
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.75)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known)}."
    return f"There is no {what} {name!r}. {hint}"
