"""Draws a tree in AI Hub's format with every fault planted, and computes its expected counts.

It is for tests and benchmarks of ``dataset.prepare``. All frames of a clip are hard links to one
drawn photo of its mood, species and orientation, so 70,000 frames are made in seconds. For a
training, each clip is drawn for itself.
"""

import itertools
import json
import os
import shutil
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from dataset.aihub.clip_frames import image_name
from dataset.sample.clips import ClipPlan, draw_clip
from dataset.sample.settings import SPECIES_NAMES, SampleSettings
from schemas.labels import DEFAULT_MOODS
from schemas.prepare_reasons import PrepareReason
from testing.aihub.clip_drafts import CLIPS_PER_ANIMAL, Draft, Photo, TreeSettings
from testing.aihub.faults import FRAME_FAULTS, METADATA_FAULTS, TEXT_FAULTS
from testing.aihub.labels import annotations, label_content
from testing.aihub.tree_layouts import LAYOUTS

_TRAIN, _VAL = "train", "val"
_WITHOUT_IMAGE = 7
"""Every 7th annotated frame has no image."""
_FIRST_FAULT = 500_000
"""Number of the first clip with a fault, above all sound ones; each shows another animal."""
_FAULTY = 1
"""Index of the annotation with the planted fault; its frame has an image."""
_ORIENTATION_TAG = 0x0112


class TreeCounts:
    """Expected counts of a preparation; clips, frames and rejects are by split."""

    def __init__(self) -> None:
        self.label_files: Counter[str] = Counter()
        self.clips: dict[str, Counter[str]] = {_TRAIN: Counter(), _VAL: Counter()}
        self.frames: dict[str, Counter[str]] = {_TRAIN: Counter(), _VAL: Counter()}
        self.rejects: dict[str, Counter[str]] = {_TRAIN: Counter(), _VAL: Counter()}
        self.image_rejects: Counter[str] = Counter()
        """Additional rejects of train if images are checked; the used frames are as many fewer."""
        self.image_rejects_by_mood: Counter[str] = Counter()
        self.without_image: Counter[str] = Counter()
        self.animals = 0


_COPIES = (PrepareReason.DUPLICATE_CLIP, PrepareReason.CLIP_IN_BOTH_SPLITS)
_IMAGES = (
    PrepareReason.IMAGE_UNREADABLE,
    PrepareReason.NOT_AN_IMAGE,
    PrepareReason.IMAGE_SIZE_WRONG,
)
_NOT_PLANTED = (PrepareReason.JSON_UNREADABLE, PrepareReason.UNEXPECTED_ERROR)
PLANTED = tuple(reason for reason in PrepareReason if reason not in _NOT_PLANTED)
"""Every reason except the one that root, who may read all files, cannot provoke in tests, and the
one for errors that nobody has thought of."""


def write_tree(root: Path, settings: TreeSettings) -> TreeCounts:
    """Writes a tree below ``root``, which must not exist, and returns the expected counts."""
    writer = _Writer(root, settings)
    # The numbers of val start far above those of train, so that no animal is in both splits.
    first_val = CLIPS_PER_ANIMAL * (settings.train_clips // CLIPS_PER_ANIMAL + 10)
    for number in range(settings.train_clips):
        writer.save(writer.draft(_TRAIN, number))
    for number in range(first_val, first_val + settings.val_clips):
        writer.save(writer.draft(_VAL, number))
    first_shared = first_val + CLIPS_PER_ANIMAL * (settings.val_clips // CLIPS_PER_ANIMAL + 10)
    for animal in range(settings.shared_animals):
        writer.plant_shared_animal(first_shared + animal * CLIPS_PER_ANIMAL)
    for clips in (settings.train_clips, settings.val_clips):
        writer.counts.animals += (clips + CLIPS_PER_ANIMAL - 1) // CLIPS_PER_ANIMAL

    numbers = itertools.count(_FIRST_FAULT, 10 * CLIPS_PER_ANIMAL + 1)
    for _ in range(settings.faults):
        for reason in PLANTED:
            writer.plant(reason, next(numbers))
        writer.plant_oddity(next(numbers))
    return writer.counts


class _Writer:
    def __init__(self, root: Path, settings: TreeSettings) -> None:
        self.counts = TreeCounts()
        self._root = root
        self._settings = settings
        self._layout = LAYOUTS[settings.layout]
        self._photos: dict[tuple[str, str, bool], Photo] = {}
        self._moods = [
            mood for mood, n in zip(DEFAULT_MOODS, settings.moods, strict=True) for _ in range(n)
        ]
        (root / "photos").mkdir(parents=True)

    def draft(self, split: str, number: int) -> Draft:
        animal = number // CLIPS_PER_ANIMAL
        species, mood = SPECIES_NAMES[animal % 2], self._moods[number % len(self._moods)]
        is_portrait = number % 4 in (1, 2)
        photos = (
            self._clip_photos(number, mood, species, is_portrait)
            if self._settings.drawn_clips
            else [self._photo(mood, species, is_portrait)]
        )
        photo = photos[0]
        moods, size = (mood, DEFAULT_MOODS[(number + 1) % 6]), (photo.width, photo.height)
        content = label_content(number, species, moods, size, breed=f"품종 {animal}")
        boxes = [each.box for each in photos] * (self._settings.frames // len(photos))
        content["annotations"] = annotations(boxes)
        return Draft(number, species, mood, split, photos, content, number % 2 == 1)

    def save(self, draft: Draft, refused: int = 0) -> Path:
        """Writes a clip; all frames except ``refused`` ones and those without image are rows."""
        counts, without_image = self.counts, self._settings.frames // _WITHOUT_IMAGE
        counts.clips[draft.split][draft.mood] += 1
        counts.frames[draft.split][draft.mood] += self._settings.frames - without_image - refused
        counts.without_image[draft.split] += without_image
        return self._write(draft)

    def plant(self, reason: PrepareReason, number: int) -> None:
        """Writes a clip, or another entry, with the fault; all are in train."""
        draft = self.draft(_TRAIN, number)
        frames = draft.content["annotations"]
        if reason in _IMAGES:
            self.counts.image_rejects[reason.value] += 1
            self.counts.image_rejects_by_mood[draft.mood] += 1
            self._corrupt_image(reason, self.save(draft) / _image_name(frames[_FAULTY]), draft)
            self.counts.animals += 1
            return

        self.counts.rejects[_TRAIN][reason.value] += 1
        if reason in FRAME_FAULTS:
            frames[_FAULTY] = FRAME_FAULTS[reason](frames[_FAULTY], draft.photo.width)
            self.save(draft, refused=1)
            self.counts.animals += 1
        elif reason in _COPIES:
            same_split = reason == PrepareReason.DUPLICATE_CLIP
            self.save(draft if same_split else draft._replace(split=_VAL))
            self.counts.animals += 1
            # The copy has the other form of name.
            folder = self._write(draft._replace(dated=not draft.dated))
            if same_split:
                (folder / _image_name(frames[0])).unlink()
        elif reason == PrepareReason.ANIMAL_IN_BOTH_SPLITS:
            self.counts.rejects[_TRAIN][reason.value] -= 1
            self.plant_shared_animal(CLIPS_PER_ANIMAL * (number // CLIPS_PER_ANIMAL))
        elif reason == PrepareReason.IMAGE_FOLDER_AMBIGUOUS:
            folder = self._write(draft)
            for place in ("a", "b"):
                copy = folder.parent / place / folder.name
                shutil.copytree(folder, copy, copy_function=os.link)
            shutil.rmtree(folder)
        elif reason == PrepareReason.UNEXPECTED_ENTRY:
            self._label_path(draft).with_suffix(".txt").write_text("?", encoding="utf-8")
            self.counts.label_files[_TRAIN] += 1
        elif reason == PrepareReason.NAME_UNUSABLE:
            path = self._label_path(draft)
            path.with_name(os.fsdecode(b"cat-\xff%06d.json" % number)).write_bytes(b"{}")
            self.counts.label_files[_TRAIN] += 1
        else:
            if reason == PrepareReason.CLIP_WITHOUT_FRAMES:
                frames.clear()
            draft.content["metadata"].update(METADATA_FAULTS.get(reason, {}))
            folder = self._write(draft, TEXT_FAULTS.get(reason))
            if reason == PrepareReason.IMAGE_FOLDER_MISSING:
                shutil.rmtree(folder)

    def plant_shared_animal(self, number: int) -> None:
        """Writes a clip of train, and one of val of the same animal."""
        self.counts.rejects[_TRAIN][PrepareReason.ANIMAL_IN_BOTH_SPLITS.value] += 1
        self.counts.animals += 1
        self._write(self.draft(_TRAIN, number))
        self.save(self.draft(_VAL, number + 1))

    def plant_oddity(self, number: int) -> None:
        """Writes a clip that must be used: NFD names, a byte order mark, a photo on its side."""
        draft = self.draft(_TRAIN, number)
        inspect = draft.content["metadata"]["inspect"]
        inspect["emotion"] = unicodedata.normalize("NFD", inspect["emotion"])
        folder = self.save(draft)
        image = folder / _image_name(draft.content["annotations"][_FAULTY])
        image.unlink()
        with Image.open(draft.photo.path) as photo:
            exif = Image.Exif()
            exif[_ORIENTATION_TAG] = 6
            photo.transpose(Image.Transpose.ROTATE_90).save(image, exif=exif)
        label = self._label_path(draft)
        label.write_bytes(b"\xef\xbb\xbf" + label.read_bytes())
        label.rename(label.with_name(f"고양이-{number}.json"))
        folder.rename(folder.with_name(unicodedata.normalize("NFD", f"고양이-{number}")))
        self.counts.animals += 1

    def _write(self, draft: Draft, corrupt: Callable[[bytes], bytes] | None = None) -> Path:
        """Writes the label file and its images, and returns the images' folder."""
        path = self._label_path(draft)
        text = json.dumps(draft.content, ensure_ascii=False).encode()
        path.write_bytes(corrupt(text) if corrupt else text)
        self.counts.label_files[draft.split] += 1
        images = self._folder(draft, self._layout.images) / draft.name
        images.mkdir(parents=True)
        for index, annotation in enumerate(draft.content["annotations"]):
            target = images / _image_name(annotation)
            if index % _WITHOUT_IMAGE != _WITHOUT_IMAGE - 1 and not target.exists():
                os.link(draft.photos[index % len(draft.photos)].path, target)
        return images

    def _label_path(self, draft: Draft) -> Path:
        return self._folder(draft, self._layout.labels) / f"{draft.name}.json"

    def _folder(self, draft: Draft, folders: dict[str, str]) -> Path:
        folder = self._root / folders[draft.split].format(draft.species.lower())
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _corrupt_image(self, reason: PrepareReason, image: Path, draft: Draft) -> None:
        image.unlink()
        if reason == PrepareReason.IMAGE_UNREADABLE:
            image.symlink_to("nowhere.jpg")
        elif reason == PrepareReason.NOT_AN_IMAGE:
            image.write_bytes(draft.photo.path.read_bytes()[1:])
        else:
            portrait = draft.photo.height > draft.photo.width
            os.link(self._photo(draft.mood, draft.species, not portrait).path, image)

    def _photo(self, mood: str, species: str, portrait: bool) -> Photo:
        key = (mood, species, portrait)
        if key not in self._photos:
            number = len(self._photos)
            plan = ClipPlan(f"photo-{number}", number, mood, species, portrait, 1)
            self._photos[key] = next(self._drawn(plan))
        return self._photos[key]

    def _clip_photos(self, number: int, mood: str, species: str, portrait: bool) -> list[Photo]:
        plan = ClipPlan(f"clip-{number}", number, mood, species, portrait, self._settings.frames)
        return list(self._drawn(plan))

    def _drawn(self, plan: ClipPlan) -> Iterator[Photo]:
        settings = SampleSettings(
            seed=self._settings.seed,
            long_side=self._settings.long_side,
            short_side=self._settings.short_side,
        )
        for index, (image, box) in enumerate(draw_clip(plan, settings)):
            path = self._root / "photos" / f"{plan.name}-{index}.jpg"
            image.save(path, quality=settings.jpeg_quality)
            yield Photo(path, box, *image.size)


def _image_name(annotation: dict[str, Any]) -> str:
    return image_name(annotation["frame_number"], annotation["timestamp"])
