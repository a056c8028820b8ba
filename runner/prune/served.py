"""Which pushed versions stay."""

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from schemas.errors import ConfigError
from system.pushed_versions import version_numbers

GRAPH = "saved_model.pb"


class Pins(NamedTuple):
    """What TensorFlow Serving's models.config asks for.

    Attributes:
      versions: numbers that it names, as versions or for labels.
      latest: how many of the highest numbers it serves.
      all: whether it serves all that are there.
    """

    versions: frozenset[int] = frozenset()
    latest: int = 1
    all: bool = False


def read_pins(path: Path) -> Pins:
    """Returns what a models.config asks for, whatever models it names.

    Raises:
      ConfigError: it cannot be read; nothing must be removed then.
    """
    # TensorFlow is not loaded by these messages.
    from google.protobuf import text_format
    from tensorflow_serving.config import model_server_config_pb2

    config = model_server_config_pb2.ModelServerConfig()
    try:
        text_format.Parse(path.read_text(encoding="utf-8"), config)
    except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
        raise ConfigError(
            "retain.models_config must be TensorFlow Serving's models.config, which names the "
            f"versions that must stay. Received: {path} ({error})"
        ) from error
    versions: set[int] = set()
    latest, everything = 1, False
    for model in config.model_config_list.config:
        policy = model.model_version_policy
        versions |= {*policy.specific.versions, *model.version_labels.values()}
        latest = max(latest, policy.latest.num_versions)
        everything = everything or policy.HasField("all")
    return Pins(frozenset(versions), latest, everything)


def old_versions(
    serving: Path, results: int, pins: Pins, pushed: Collection[int], needed: Collection[int]
) -> list[int]:
    """Returns the numbers of the versions that go, in rising order.

    The highest ones stay, the highest whole one, those that a server's configuration names, those
    that results which stay have pushed, and all folders that no run has pushed.

    Args:
      serving: the serving folder.
      results: how many of the highest numbers stay, at least 1.
      pins: of the server's configuration.
      pushed: numbers that runs have pushed.
      needed: numbers that stay for another reason.
    """
    if pins.all:
        return []
    numbers = version_numbers(serving)
    whole = [number for number in numbers if (serving / str(number) / GRAPH).is_file()]
    stay = {
        *numbers[-max(results, pins.latest) :],
        *whole[-1:],
        *pins.versions,
        *needed,
    }
    return [
        number
        for number in numbers
        if number in pushed
        and number not in stay
        # Neither a link, whose target is not ours, nor a name such as 007.
        and (serving / str(number)).is_dir()
        and not (serving / str(number)).is_symlink()
    ]
