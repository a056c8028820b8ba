"""The label map: which mood has which index.

The order is fixed here or in a file that the user names, never derived from the data,
so that index 2 means the same in training, evaluation and serving.
"""

import json
import unicodedata
from collections.abc import Mapping
from pathlib import Path

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
"""English for AI Hub's moods; other label maps' names stand alone."""


class LabelMapError(ValueError):
    """A label file that cannot be used."""


def normalise(name: str) -> str:
    """Returns ``name`` trimmed and in NFC.

    File systems and spreadsheets hand out decomposed Hangul (NFD), which looks the same
    and compares unequal.
    """
    return unicodedata.normalize("NFC", name.strip())


def moods_from_mapping(mapping: object) -> tuple[str, ...]:
    """Returns the mood names in index order.

    Args:
      mapping: ``{name: index}`` with the indices 0..k-1, each once, k >= 2.

    Raises:
      LabelMapError: if it is anything else.
    """
    if not isinstance(mapping, Mapping):
        raise LabelMapError(f"A label map must be a JSON object. Received: {mapping!r}")
    by_index: dict[int, str] = {}
    for name, index in mapping.items():
        if type(index) is not int or index in by_index:
            raise LabelMapError(
                f"Each mood needs its own whole number. Received: {name!r}: {index!r}"
            )
        by_index[index] = normalise(str(name))
    if len(by_index) < 2 or sorted(by_index) != list(range(len(by_index))):
        raise LabelMapError(f"The indices must be 0..k-1 with k >= 2. Received: {sorted(by_index)}")
    moods = tuple(by_index[i] for i in range(len(by_index)))
    if len(set(moods)) != len(moods) or "" in moods:
        raise LabelMapError(f"The names must differ and not be empty. Received: {moods}")
    return moods


def read_moods(path: Path) -> tuple[str, ...]:
    """Reads a label file (JSON, UTF-8, ``{name: index}``) into names in index order.

    Raises:
      LabelMapError: if the file cannot be read or is no label map.
    """
    try:
        mapping = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise LabelMapError(f"The label file cannot be read: {error}") from error
    except ValueError as error:
        raise LabelMapError(f"{path} is not JSON in UTF-8: {error}") from error
    return moods_from_mapping(mapping)


def to_json(moods: tuple[str, ...]) -> str:
    """Returns the label file's text for ``moods``."""
    return json.dumps({name: index for index, name in enumerate(moods)}, ensure_ascii=False)
