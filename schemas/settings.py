"""How a group of settings is declared, checked and described.

A setting is said once, as a field of a group: its type, default, range, unit and meaning. From
there come its validation, ``--help``, ``--print-config``, docs/settings.md and the JSON that
crosses into TFX's executors. docs/decisions/0023-settings.md says why this is Pydantic's.
"""

import difflib
import json
import typing
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, Literal, NamedTuple, TypeVar, get_args, get_origin

import annotated_types
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from schemas.errors import ConfigError

_Group = TypeVar("_Group", bound="SettingsGroup")

_OUT_OF_RANGE = frozenset(
    ("greater_than", "greater_than_equal", "less_than", "less_than_equal", "finite_number")
)
"""Pydantic's names of errors."""
_KINDS: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
}


def setting(
    default: Any,
    meaning: str,
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    unit: str = "",
    common: bool = False,
) -> Any:
    """Declares a setting; its type is the field's annotation, a ``Literal`` for choices.

    Args:
      default: its value where nothing is said.
      meaning: sentences for people, the first of which stands alone.
      ge: the least value.
      gt: a bound that the value must be above.
      le: the largest value.
      lt: a bound that the value must be below.
      unit: such as "pixels".
      common: whether ``--help`` lists it without being asked for all.
    """
    extra: dict[str, Any] = {"unit": unit, "common": common}
    return Field(default, description=meaning, ge=ge, gt=gt, le=le, lt=lt, json_schema_extra=extra)


class SettingsGroup(BaseModel):
    """A frozen group of settings, which refuses unknown names and values out of range.

    Numbers and truth values may be given as text, as a command line does. A rule over several
    settings is a ``model_validator(mode="after")`` that raises ConfigError.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, coerce_numbers_to_str=True
    )
    GROUP: ClassVar[str] = ""
    """Its name, which stands before a dot in the names of its settings."""

    def __init__(self, **values: Any) -> None:
        """Checks the values.

        Raises:
          ConfigError: with the rule, what was received, and the name of each setting refused.
        """
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ConfigError("\n".join(_messages(type(self), error))) from error

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_truth_values_as_numbers(cls, value: Any, info: Any) -> Any:
        kind = cls.model_fields[info.field_name].annotation
        if isinstance(value, bool) and kind in (int, float):
            raise PydanticCustomError("number_type", "no number")
        return value

    def to_json(self) -> str:
        """Returns the settings as JSON, with the keys in a fixed order."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls: type[_Group], text: str) -> _Group:
        """Returns the settings that ``to_json`` wrote.

        Raises:
          ConfigError: a setting is unknown or refused.
        """
        return cls(**json.loads(text))

    def changed(self) -> dict[str, Any]:
        """Returns the settings that differ from their defaults, by name within the group."""
        fields = type(self).model_fields
        return {name: value for name, value in self if value != fields[name].default}

    def replace(self: _Group, **changes: Any) -> _Group:
        """Returns the same settings with changes, all checked.

        Raises:
          ConfigError: for an unknown name, or a value that is refused.
        """
        return type(self)(**{**dict(self), **changes})


class SettingInfo(NamedTuple):
    """A setting as people are told of it.

    Attributes:
      name: with its group, such as "train.epochs".
      default: as one would type it; "" for an empty text.
      allowed: its choices or range, such as "cosine, constant" or "in (0, 1]"; "" where nothing
        needs to be said.
      unit: such as "pixels", or "".
      meaning: sentences.
      choices: the values that it may be chosen from; empty where it has no choices.
      common: whether ``--help`` lists it without being asked for all.
    """

    name: str
    default: str
    allowed: str
    unit: str
    meaning: str
    choices: tuple[str, ...]
    common: bool


def settings_from(
    groups: Sequence[type[SettingsGroup]], texts: Iterable[str]
) -> list[SettingsGroup]:
    """Returns groups with their defaults changed by ``name=value`` texts, in the groups' order.

    This is for commands with few settings; those of a run are read by ``pipeline.config``.

    Args:
      groups: the command's.
      texts: values of --set, such as "limit.photos=8"; of one name the last counts.

    Raises:
      ConfigError: a name is unknown (near names are given) or a value is refused.
    """
    values: dict[str, dict[str, str]] = {group.GROUP: {} for group in groups}
    names = [info.name for group in groups for info in described(group)]
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals:
            raise ConfigError(f"--set takes NAME=VALUE. Received: {text!r}")
        if name not in names:
            near = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
            hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(names)}"
            raise ConfigError(f"There is no setting {name!r}. {hint}")
        group, _, leaf = name.partition(".")
        values[group][leaf] = value.strip()
    return [group(**values[group.GROUP]) for group in groups]


def described(group: type[SettingsGroup]) -> Iterator[SettingInfo]:
    """Yields the settings of a group, in order."""
    for name, field in group.model_fields.items():
        extra = typing.cast(dict[str, Any], field.json_schema_extra)
        yield SettingInfo(
            name=f"{group.GROUP}.{name}",
            default=as_typed(field.default),
            allowed=_allowed(field),
            unit=extra["unit"],
            meaning=field.description or "",
            choices=choices_of(field),
            common=extra["common"],
        )


def as_typed(value: object) -> str:
    """Returns a value as one would type it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def choices_of(field: FieldInfo) -> tuple[str, ...]:
    """Returns what a setting may be chosen from; nothing where it has no choices."""
    if get_origin(field.annotation) is Literal:
        return get_args(field.annotation)
    return ("true", "false") if field.annotation is bool else ()


def _messages(group: type[SettingsGroup], error: ValidationError) -> Iterator[str]:
    for one in error.errors():
        cause = one.get("ctx", {}).get("error")
        if isinstance(cause, ConfigError):  # A rule over several settings, or another group's.
            yield str(cause)
            continue
        leaf = str(one["loc"][0]) if one["loc"] else ""
        name = f"{group.GROUP}.{leaf}" if group.GROUP else leaf
        if one["type"] == "extra_forbidden":
            yield f"There is no setting {name!r}. Received: {one['input']!r}"
            continue
        rule = _rule(group.model_fields[leaf], one["type"])
        # A number out of range is one, whether it came as text or not.
        received = one["input"] if one["type"] in _OUT_OF_RANGE else repr(one["input"])
        yield f"{name} {rule}. Received: {received}"


def _rule(field: FieldInfo, error_type: str) -> str:
    """Returns the rule that a value has broken."""
    if error_type in _OUT_OF_RANGE and _range(field):
        return f"must {_range(field)}"
    if error_type == "literal_error":
        return f"must be one of {', '.join(choices_of(field))}"
    return f"takes {_KINDS.get(field.annotation, 'another kind of value')}"


def _allowed(field: FieldInfo) -> str:
    if field.annotation is not bool and (choices := choices_of(field)):
        return ", ".join(choices)
    return _range(field).removeprefix("lie ").removeprefix("be ")


def _range(field: FieldInfo) -> str:
    """Returns "lie in (0, 1]", "be at least 1" and the like; "" without bounds."""
    low: tuple[float, str] | None = None
    high: tuple[float, str] | None = None
    for bound in field.metadata:
        if isinstance(bound, annotated_types.Ge):
            low = typing.cast(float, bound.ge), "["
        elif isinstance(bound, annotated_types.Gt):
            low = typing.cast(float, bound.gt), "("
        elif isinstance(bound, annotated_types.Le):
            high = typing.cast(float, bound.le), "]"
        elif isinstance(bound, annotated_types.Lt):
            high = typing.cast(float, bound.lt), ")"
    if low and high:
        if field.annotation is int and (low[1], high[1]) == ("[", "]"):
            return f"lie in {low[0]}..{high[0]}"
        return f"lie in {low[1]}{low[0]}, {high[0]}{high[1]}"
    if low:
        return f"be {'at least' if low[1] == '[' else 'above'} {low[0]}"
    if high:
        return f"be {'at most' if high[1] == ']' else 'below'} {high[0]}"
    return ""
