"""The label map: names of moods and their indices.

The order is fixed here or in a file that the user names. It is never derived from the data, so
that an index means the same mood in training, evaluation and serving.
"""

import functools
import json
import reprlib
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from schemas import json_text

DEFAULT_MOODS = ("화남/불쾌", "공포", "행복/즐거움", "편안/안정", "공격성", "불안/슬픔")
"""The six moods of AI Hub in the order of the original project's ``label.json``."""

MOODS_IN_ENGLISH = {
    "화남/불쾌": "angry, displeased",
    "공포": "fearful",
    "행복/즐거움": "happy, joyful",
    "편안/안정": "calm, at ease",
    "공격성": "aggressive",
    "불안/슬픔": "anxious, sad",
}
"""English names of AI Hub's moods; names of other label maps are shown without translation."""

MOOD_IDS = {
    "화남/불쾌": "angry",
    "공포": "fearful",
    "행복/즐거움": "happy",
    "편안/안정": "relaxed",
    "공격성": "aggressive",
    "불안/슬픔": "anxious",
}
"""Identifiers of AI Hub's moods for programs, in ASCII; see ``mood_id``."""

MAX_MOODS = 1000
"""Most moods of a label map or a model: ImageNet has as many classes, AI Hub six. A file that
claims to hold a head for a million would have it built, which takes gigabytes."""
MAX_NAME_LENGTH = 100
"""Characters of a mood's name."""


class LabelMapError(ValueError):
    """A label map that cannot be used."""


def mood_id(name: str) -> str:
    """Returns the identifier of a mood: English for AI Hub's, else the name itself; "" of ""."""
    return MOOD_IDS.get(name, name)


@functools.lru_cache(maxsize=1024)
def normalise(name: str) -> str:
    """Returns ``name`` in NFC, without invisible characters, trimmed.

    Some file systems and spreadsheets give decomposed Hangul (NFD), or byte order marks and spaces
    without width (Unicode's category Cf) in a cell. Such names look alike and are not equal.
    """
    visible = "".join(c for c in name if unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFC", visible.strip())


def moods_from_mapping(mapping: object) -> tuple[str, ...]:
    """Returns the mood names in index order.

    Args:
      mapping: ``{name: index}`` with each of the indices 0..k-1 once, k >= 2.

    Raises:
      LabelMapError: ``mapping`` is not such a mapping, its names are empty, not unique, too long
        or hold control characters, or they are more than ``MAX_MOODS``.
    """
    if not isinstance(mapping, Mapping):
        raise LabelMapError(f"A label map must be a JSON object. Received: {reprlib.repr(mapping)}")
    if len(mapping) > MAX_MOODS:
        raise LabelMapError(
            f"A label map may have at most {MAX_MOODS} moods. Received: {len(mapping)}"
        )
    by_index: dict[int, str] = {}
    for name, index in mapping.items():
        if type(index) is not int or index in by_index:
            raise LabelMapError(
                "Each mood needs its own whole number. Received: "
                f"{reprlib.repr(name)}: {reprlib.repr(index)}"
            )
        by_index[index] = normalise(str(name))
    if len(by_index) < 2 or sorted(by_index) != list(range(len(by_index))):
        raise LabelMapError(
            f"The indices must be 0..k-1 with k >= 2. Received: {reprlib.repr(sorted(by_index))}"
        )
    mood_names = tuple(by_index[i] for i in range(len(by_index)))
    check_names(mood_names)
    return mood_names


def check_names(mood_names: tuple[str, ...]) -> None:
    """Checks the names of a label map or a server's model.

    Raises:
      LabelMapError: names are empty, not unique, too long, not printable, fewer than two or more
        than ``MAX_MOODS``.
    """
    if not 2 <= len(mood_names) <= MAX_MOODS:
        raise LabelMapError(f"There must be 2 to {MAX_MOODS} moods. Received: {len(mood_names)}")
    if len(set(mood_names)) != len(mood_names) or "" in mood_names:
        raise LabelMapError(
            f"The names must differ and not be empty. Received: {reprlib.repr(mood_names)}"
        )
    # A terminal would obey control characters, and marks of direction would hide letters.
    wrong = [name for name in mood_names if len(name) > MAX_NAME_LENGTH or not name.isprintable()]
    if wrong:
        raise LabelMapError(
            f"A mood's name must have at most {MAX_NAME_LENGTH} characters, all of them printable. "
            f"Received: {reprlib.repr(wrong[0])}"
        )


def read_moods(path: Path) -> tuple[str, ...]:
    """Reads a label map (JSON, UTF-8, ``{name: index}``) and returns its names in index order.

    Raises:
      LabelMapError: the file cannot be read or is not a label map.
    """
    if path.exists() and not path.is_file():
        # Reading a named pipe would wait for a writer, and a device may have no end.
        raise LabelMapError(f"The label map must be a file. Received: {path}")
    try:
        mapping = json_text.parsed(json_text.read(path))
    except OSError as error:
        raise LabelMapError(f"The label file cannot be read: {error}") from error
    except ValueError as error:
        raise LabelMapError(f"{path} is not JSON in UTF-8: {error}") from error
    return moods_from_mapping(mapping)


def to_json(mood_names: tuple[str, ...]) -> str:
    """Returns the JSON text of the label map with these names."""
    return json.dumps({name: index for index, name in enumerate(mood_names)}, ensure_ascii=False)
