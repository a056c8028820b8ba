"""Scenes in Examples: of which photos, with which boxes, and what they are taken over by."""

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from PIL import Image

from components.pet_example_gen.job import IngestSettings, ShardJob
from components.pet_example_gen.row_keys import row_key
from components.pet_example_gen.scene_choice import scene_boxes
from components.pet_example_gen.shard import write_shard
from dataset.boxes import PixelBox
from dataset.csv_rows import Row
from dataset.partition import SplitShare, partition_rows
from dataset.scenes import SceneSettings
from dataset.settings import DataSettings
from dataset.thinning import ThinSettings
from schemas import features, frame_columns
from schemas.labels import DEFAULT_MOODS
from schemas.splits import EVAL, FRAMES, RECORDS, TRAIN

MOOD = "편안/안정"


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    """Three frames of a clip, the second with two animals, and a photo for itself."""
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 255, (60, 90, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    rows = [
        f'0.png,"1,2,20,28",{MOOD},clip',
        f'1.png,"1,2,20,28",{MOOD},clip',
        f'1.png,"30,45,30,45",{MOOD},clip',
        '1.png,"0,0,30,30",no mood,clip',
        f'2.png,"1,2,20,28",{MOOD},clip',
        f'3.png,"15,9,30,45",{MOOD},',
    ]
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(["image_path,bbox,labels,clip", *rows]) + "\n", encoding="utf-8")
    return path


def job_for(csv: Path, folder: Path, scenes: SceneSettings, split: str = TRAIN) -> ShardJob:
    folder.mkdir()
    (block,) = partition_rows(str(csv), [SplitShare(split, 1)], 100, str(folder)).blocks
    settings = IngestSettings(
        data=DataSettings(), thin=ThinSettings(), moods=DEFAULT_MOODS, side=16, scenes=scenes
    )
    stem = str(folder / "block")
    return ShardJob(block, settings, str(csv.parent), False, frozenset(), stem, block.rows)


def written(job: ShardJob) -> dict[int, tuple[tuple[int, int], list[float]]]:
    """Returns size and boxes of the scenes by the line of their row."""
    write_shard(job)
    found = {}
    for record in tf.data.TFRecordDataset(job.stem + RECORDS).as_numpy_iterator():
        feature = tf.train.Example.FromString(record).features.feature
        if features.SCENE in feature:
            jpeg = feature[features.SCENE].bytes_list.value[0]
            height, width, _ = tf.io.decode_jpeg(jpeg).shape
            boxes = list(feature[features.SCENE_BOXES].float_list.value)
            found[feature[features.SOURCE_LINE].int64_list.value[0]] = (height, width), boxes
    return found


def test_so_many_photos_of_a_clip_are_stored_whole_with_all_boxes_in_them(
    csv: Path, tmp_path: Path
) -> None:
    job = job_for(csv, tmp_path / "out", SceneSettings(side=45, judged_side=80, per_clip=2))
    found = written(job)
    # Of the clip's three photos the first and the second; line 3 is the second one's first row.
    assert {line: size for line, (size, _) in found.items()} == {
        2: (30, 45),
        3: (30, 45),
        7: (30, 45),
    }
    assert found[7][1] == pytest.approx([15 / 60, 9 / 90, 45 / 60, 54 / 90])
    # The third row is refused for its label; there is an animal even so.
    assert len(found[3][1]) == 12
    table = pq.read_table(job.stem + FRAMES).to_pydict()
    with_scene = dict(zip(table[frame_columns.LINE], table[frame_columns.SCENE], strict=True))
    assert with_scene == {2: True, 3: True, 4: False, 6: False, 7: True}


def test_scenes_of_the_eval_split_are_larger(csv: Path, tmp_path: Path) -> None:
    scenes = SceneSettings(side=45, judged_side=80, per_clip=1)
    found = written(job_for(csv, tmp_path / "out", scenes, EVAL))
    assert {line: size for line, (size, _) in found.items()} == {2: (53, 80), 7: (53, 80)}


def test_without_a_locator_there_is_no_scene_and_an_example_is_what_it_was(
    csv: Path, tmp_path: Path
) -> None:
    without = job_for(csv, tmp_path / "without", SceneSettings())
    assert written(without) == {}
    with_scenes = job_for(csv, tmp_path / "with", SceneSettings(side=45, judged_side=45))
    written(with_scenes)
    pairs = zip(
        *(
            tf.data.TFRecordDataset(job.stem + RECORDS).as_numpy_iterator()
            for job in (without, with_scenes)
        ),
        strict=True,
    )
    for plain, other in pairs:
        example = tf.train.Example.FromString(other)
        for name in (features.SCENE, features.SCENE_BOXES):
            example.features.feature.pop(name, None)
        assert example.SerializeToString(deterministic=True) == plain


def test_another_animals_box_and_another_size_change_the_rows_key(
    csv: Path, tmp_path: Path
) -> None:
    job = job_for(csv, tmp_path / "out", SceneSettings(side=45))
    row = Row(2, "0.png", "1,2,20,28", MOOD, "", "clip", "")
    keys = {
        row_key("v", "/data", row, "7,8", scene)
        for scene in ((), (45, PixelBox(1, 2, 3, 4)), (46, PixelBox(1, 2, 3, 4)), (45,))
    }
    assert len(keys) == 4
    settings = job.settings.replace(scenes=SceneSettings())
    assert scene_boxes(dataclasses.replace(job, settings=settings), [[row]]) == {}
