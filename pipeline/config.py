"""All settings of a run: composed of their owners' groups, read from files and flags.

Nothing heavy is imported here, so that a wrong setting is reported in a second and not after
TensorFlow has loaded.
"""

import difflib
import io
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.box_validator.settings import ValidationLimits
from components.evaluator.settings import EvaluateSettings
from components.exporter.settings import ExportSettings
from components.leak_check.settings import LeakLimits
from dataset.settings import DataSettings
from dataset.thinning import ThinSettings
from models.settings.augmentation import AugmentSettings
from models.settings.locator import LocateSettings
from models.settings.network import ModelSettings
from models.settings.training import TrainSettings
from models.tuning.settings import TuneSettings, space
from pipeline.beam import BeamSettings
from pipeline.cluster_settings import ClusterSettings
from pipeline.metadata.settings import MetadataSettings
from pipeline.presets import PRESETS
from pipeline.retain_settings import RetainSettings
from pipeline.settings_file import read_settings_file
from schemas.errors import ConfigError
from schemas.settings import SettingInfo, SettingsGroup, described


@dataclass(frozen=True)
class Settings:
    """Every setting, by group."""

    data: DataSettings = field(default_factory=DataSettings)
    thin: ThinSettings = field(default_factory=ThinSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    train: TrainSettings = field(default_factory=TrainSettings)
    augment: AugmentSettings = field(default_factory=AugmentSettings)
    locate: LocateSettings = field(default_factory=LocateSettings)
    tune: TuneSettings = field(default_factory=TuneSettings)
    validate: ValidationLimits = field(default_factory=ValidationLimits)
    leak: LeakLimits = field(default_factory=LeakLimits)
    evaluate: EvaluateSettings = field(default_factory=EvaluateSettings)
    export: ExportSettings = field(default_factory=ExportSettings)
    beam: BeamSettings = field(default_factory=BeamSettings)
    cluster: ClusterSettings = field(default_factory=ClusterSettings)
    metadata: MetadataSettings = field(default_factory=MetadataSettings)
    retain: RetainSettings = field(default_factory=RetainSettings)

    def __post_init__(self) -> None:
        if self.tune.trials:
            space(self.tune, self.train, self.augment)  # Refuses what cannot be tried.

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """Returns the settings' values by group and name."""
        return {name: getattr(self, name).model_dump() for name in GROUPS}


GROUPS: dict[str, type[SettingsGroup]] = {
    group.GROUP: group
    for group in (
        *(DataSettings, ThinSettings, ModelSettings, TrainSettings, AugmentSettings),
        *(LocateSettings, TuneSettings),
        *(ValidationLimits, LeakLimits, EvaluateSettings, ExportSettings),
        *(BeamSettings, ClusterSettings, MetadataSettings, RetainSettings),
    )
}
"""By name, in the order of ``Settings``."""


def load(preset: str, config_file: Path | None, overrides: Iterable[str]) -> Settings:
    """Returns the preset's settings, changed by a YAML file, then by ``key=value`` texts.

    Args:
      preset: a name in ``PRESETS``.
      config_file: YAML such as ``{train: {epochs: 3}}`` or ``{train.epochs: 3}``.
      overrides: texts such as ``"train.epochs=3"``.

    Raises:
      ConfigError: for an unknown preset or name (near names are given), a value of a wrong
        type or out of range, or a file that cannot be read.
    """
    if preset not in PRESETS:
        raise ConfigError(_unknown("preset", preset, list(PRESETS)))
    values = Settings().as_dict()
    from_file = _flat(read_settings_file(config_file)) if config_file is not None else ()
    for name, value in [*PRESETS[preset].items(), *from_file, *_from_texts(overrides)]:
        _check_name(name)
        group, _, leaf = name.partition(".")
        values[group][leaf] = value
    found: dict[str, Any] = {}
    errors = []
    for name, group_type in GROUPS.items():
        try:
            found[name] = group_type(**values[name])
        except ConfigError as error:
            errors.append(str(error))
    if errors:
        raise ConfigError("\n".join(errors))
    return Settings(**found)


def from_dict(values: Mapping[str, Mapping[str, Any]]) -> Settings:
    """Returns the settings that ``Settings.as_dict`` has told.

    Raises:
      ConfigError: a setting is unknown or refused.
    """
    found: dict[str, Any] = {name: group(**values[name]) for name, group in GROUPS.items()}
    return Settings(**found)


def setting_infos() -> list[SettingInfo]:
    """Returns what people are told of every setting, in order."""
    return [info for group in GROUPS.values() for info in described(group)]


def setting_names() -> list[str]:
    """Returns every setting's dotted name, in order."""
    return [info.name for info in setting_infos()]


def as_yaml(settings: Settings) -> str:
    """Returns the settings as a commented YAML file, which ``load`` reads again."""
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap

    document = CommentedMap()
    infos = {info.name: info for info in setting_infos()}
    for name, values in settings.as_dict().items():
        group = CommentedMap(values)
        for leaf in values:
            info = infos[f"{name}.{leaf}"]
            about = f"{info.meaning} ({', '.join(filter(None, (info.allowed, info.unit)))})"
            group.yaml_set_comment_before_after_key(leaf, before=_wrapped(about), indent=2)
        document[name] = group
        title = (GROUPS[name].__doc__ or "").splitlines()[0]
        document.yaml_set_comment_before_after_key(name, before=f"\n{title}")
    text = io.StringIO()
    yaml = YAML()
    yaml.width = 4096
    yaml.dump(document, text)
    return text.getvalue()


def _flat(mapping: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in mapping.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and name not in setting_names():
            yield from _flat(value, name + ".")
        elif value is None and name in GROUPS:
            continue  # "train:" with every line below it commented out
        else:
            yield name, value


def _from_texts(texts: Iterable[str]) -> Iterator[tuple[str, object]]:
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise ConfigError(f"--set takes key=value. Received: {text!r}")
        yield name.strip(), value.strip()


def _check_name(name: str) -> None:
    known = setting_names()
    if name in GROUPS:
        inside = [setting for setting in known if setting.startswith(name + ".")]
        raise ConfigError(
            f"{name} is a group of settings and takes no value. Set one of: {', '.join(inside)}."
        )
    if name not in known:
        raise ConfigError(_unknown_setting(name))


def _unknown_setting(name: str) -> str:
    known = setting_names()
    leaf = name.rpartition(".")[2]
    same_leaf = [setting for setting in known if setting.rpartition(".")[2] == leaf]
    if same_leaf:
        return f"There is no setting {name!r}. Did you mean {' or '.join(same_leaf)}?"
    if "." in name:
        return _unknown("setting", name, known)
    # Of settings of one leaf the first group's is the likeliest.
    leaves = {setting.rpartition(".")[2]: setting for setting in reversed(known)}
    near = difflib.get_close_matches(name, [*leaves, *GROUPS], n=3, cutoff=0.6)
    full = [leaves.get(match, match + ".*") for match in near]
    if full:
        return f"There is no setting {name!r}. Did you mean {' or '.join(full)}?"
    return _unknown("setting", name, known)


def _unknown(what: str, name: str, known: list[str]) -> str:
    # The groups' common beginnings make every name of a group look near at a lower cutoff.
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.75)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known)}."
    return f"There is no {what} {name!r}. {hint}"


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text, 90))
