"""Tells from the names of folders which split they belong to, and what they hold.

AI Hub's data set has been passed on in several layouts, and people unpack its archives in several
ways. Seen in public projects: ``train/cat/labels/<action>``, ``Training/CAT/라벨``,
``Training/라벨링데이터_1``, ``1.Training/02.라벨링데이터/TL_1``, ``training/label/[라벨] SIT``. The
images lie in folders that differ in the word for their kind alone. Only the words are looked for,
in any order and depth, so other layouts of the same words are read too.
"""

import re
import unicodedata
from typing import NamedTuple

TRAIN_FOLDER, VAL_FOLDER = "train", "val"
SPLIT_FOLDERS = (TRAIN_FOLDER, VAL_FOLDER)
"""Names of the splits in tables and summaries, whatever their folders are called."""
LABELS, IMAGES = "labels", "images"

_NO_LETTER = r"(?![^\W\d_])"
_DATA = r"(?:[ _-]?(?:data(?:set)?|set|데이터|셋|용))?"
_WORDS: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern + _NO_LETTER), split, kind)
    for pattern, split, kind in (
        (rf"(?:training|train|학습|훈련){_DATA}", TRAIN_FOLDER, ""),
        (rf"(?:validation|valid|val|검증){_DATA}", VAL_FOLDER, ""),
        (rf"(?:data[ _-])?(?:label(?:s|ed|ing|ling)?|annotations?){_DATA}", "", LABELS),
        (r"(?:data[ _-]|meta[ _-])?jsons?", "", LABELS),
        (rf"라벨(?:링|링된)?{_DATA}", "", LABELS),
        (rf"(?:data[ _-])?(?:images?|imgs?|sources?|raw|frames?){_DATA}", "", IMAGES),
        (rf"(?:원천|원본|이미지)(?:[ _-]?이미지)?{_DATA}", "", IMAGES),
        # AI Hub's archives: training or validation, labels or source.
        ("tl", TRAIN_FOLDER, LABELS),
        ("ts", TRAIN_FOLDER, IMAGES),
        ("vl", VAL_FOLDER, LABELS),
        ("vs", VAL_FOLDER, IMAGES),
    )
)
_ARCHIVE = re.compile(r"\.(?:zip|tar|tgz|tar\.gz|7z|egg|alz)(?:\.part\d+)?$|\.z\d\d$")
_ORDER = re.compile(r"\d{1,2}[ ._)-]+(?=\D)")
"""Numbers such as that of ``02.라벨링데이터``."""
_SEPARATORS = " _-.[](){}"
_SPECIES = {
    **dict.fromkeys(("cat", "cats", "고양이", "반려묘"), "cat"),
    **dict.fromkeys(("dog", "dogs", "개", "강아지", "반려견"), "dog"),
}


class Place(NamedTuple):
    """What the names of a folder and of those above it say.

    Attributes:
      split: one of ``SPLIT_FOLDERS``, or "".
      kind: ``LABELS``, ``IMAGES`` or "".
      species: "cat", "dog" or "".
      words: the other words, without repetitions in a row. Where labels and images belong
        together these are the same.
    """

    split: str = ""
    kind: str = ""
    species: str = ""
    words: tuple[str, ...] = ()

    def inside(self, name: str) -> "Place":
        """Returns what is known of a folder of this name in this place.

        Of two words for the same thing the inner folder's counts.
        """
        split, kind, text = self.split, self.kind, plain(name)
        text = _ARCHIVE.sub("", text).strip(_SEPARATORS)
        if order := _ORDER.match(text):
            text = text[order.end() :].lstrip(_SEPARATORS)
        while word := _first_word(text):
            split, kind = word[0] or split, word[1] or kind
            text = text[word[2] :].lstrip(_SEPARATORS)
        new = re.findall(r"[^\W_]+", text)
        # A title such as "dogs and cats" is not one of a species.
        species = _SPECIES.get(" ".join(word for word in new if not word.isdigit()), self.species)
        is_repeated = tuple(new) == self.words[len(self.words) - len(new) :]
        words = self.words if is_repeated else (*self.words, *new)
        return Place(split, kind, species, words)


def plain(name: str) -> str:
    """Returns a name composed (NFC) and in small letters; archives of macOS hold it in NFD."""
    return unicodedata.normalize("NFC", name).casefold()


def is_archive(name: str) -> bool:
    """Returns whether a file is an archive, or a part of one, by its name."""
    return _ARCHIVE.search(plain(name)) is not None


def _first_word(text: str) -> tuple[str, str, int] | None:
    """Returns (split, kind, length) of the word that a text begins with; None for another text."""
    for pattern, split, kind in _WORDS:
        if match := pattern.match(text):
            return split, kind, match.end()
    return None
