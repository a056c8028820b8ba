"""The index of a split, from the ingest's tables and from shards without them."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from dataset.frames_schema import arrow_schema
from models.inputs import shard_index
from models.inputs.label_index import LabelIndexer
from models.inputs.record_reader import RecordReader
from schemas import features, frame_columns
from schemas.errors import ConfigError
from schemas.splits import frames_file
from system.arrow import pa
from system.parquet import write_table
from testing.models import samples

MOODS = samples.MOODS


def clip_example(label: str, clip: str) -> bytes:
    """Returns an Example without a picture."""
    record = tf.train.Example.FromString(samples.example(b"no picture", label))
    record.features.feature[features.CLIP].bytes_list.value.append(clip.encode())
    return bytes(record.SerializeToString())


RECORDS = [
    [clip_example(MOODS[0], "가"), clip_example(MOODS[0], "가"), clip_example(MOODS[3], "b-long")],
    [],
    [clip_example(MOODS[1], "c"), clip_example(MOODS[3], "d")],
]


def shards(folder: Path) -> list[str]:
    return [
        samples.write_shard(folder / "Split-train" / f"0000{number}-of-00003.tfrecord", records)
        for number, records in enumerate(RECORDS)
    ]


def write_frames(files: list[str], records: list[list[bytes]]) -> None:
    """Writes the columns that are read of the ingest's tables; the others are zeros or empty."""
    zeros = {"string": "", "bool": False}
    empty = {name: zeros.get(kind, 0) for name, kind in frame_columns.COLUMNS.items()}
    for file, shard in zip(files, records, strict=True):
        rows, offset = [], 0
        for record in shard:
            feature = tf.train.Example.FromString(record).features.feature
            rows.append(
                empty
                | {
                    frame_columns.LABEL: feature[features.LABEL].bytes_list.value[0].decode(),
                    frame_columns.CLIP: feature[features.CLIP].bytes_list.value[0].decode(),
                    frame_columns.OFFSET: offset,
                    frame_columns.RECORD_BYTES: len(record),
                }
            )
            offset += len(record) + 16
        path = Path(frames_file(file))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_table(pa.Table.from_pylist(rows, schema=arrow_schema()), str(path))


@pytest.mark.parametrize("has_tables", [True, False])
def test_the_index_has_each_record_with_its_clip_mood_and_place(
    tmp_path: Path, indexer: LabelIndexer, has_tables: bool
) -> None:
    files = shards(tmp_path)
    if has_tables:
        write_frames(files, RECORDS)
    index = shard_index.load(files, indexer)
    assert index.files == tuple(files)
    assert index.shards.tolist() == [0, 0, 0, 2, 2]
    assert index.label_indices.tolist() == [0, 0, 3, 1, 3]
    assert index.label_counts(4) == [2, 1, 0, 2]
    first, second, *others = index.clips.tolist()
    assert first == second
    assert len({first, *others}) == 4
    order = np.array([4, 0, 3, 2, 1])
    flat = [record for shard in RECORDS for record in shard]
    assert RecordReader(index).read(order).tolist() == [flat[example] for example in order]


def test_with_tables_no_record_is_read(tmp_path: Path, indexer: LabelIndexer) -> None:
    files = shards(tmp_path)
    write_frames(files, RECORDS)
    for file in map(Path, files):
        file.write_bytes(b"\0" * file.stat().st_size)
    assert shard_index.load(files, indexer).label_counts(4) == [2, 1, 0, 2]


def test_records_without_a_clip_are_clips_of_their_own(
    tmp_path: Path, indexer: LabelIndexer
) -> None:
    records = [samples.example(b"", MOODS[0])] * 3 + [clip_example(MOODS[0], "a")] * 2
    index = shard_index.load([samples.write_shard(tmp_path / "0", records)], indexer)
    assert len(set(index.clips.tolist())) == 4


@pytest.mark.parametrize("has_tables", [True, False])
def test_a_label_outside_the_map_is_an_error_that_counts(
    tmp_path: Path, indexer: LabelIndexer, has_tables: bool
) -> None:
    records = [clip_example(label, "a") for label in (MOODS[0], "졸림", "배고픔")]
    files = [samples.write_shard(tmp_path / "Split-eval" / "0.tfrecord", records)]
    if has_tables:
        write_frames(files, [records])
    with pytest.raises(ConfigError, match="2 of 3 examples"):
        shard_index.load(files, indexer)


def test_a_shard_that_is_not_as_long_as_its_table_says_is_an_error(
    tmp_path: Path, indexer: LabelIndexer
) -> None:
    files = shards(tmp_path)
    write_frames(files, [*RECORDS[:2], RECORDS[2][:1]])
    with pytest.raises(ConfigError, match="as long as its frames table"):
        shard_index.load(files, indexer)


@pytest.mark.parametrize(
    ("place", "change"),
    [(0, 1), (15, 1), (-1, 1)],
    ids=["length", "picture", "checksum"],
)
def test_a_damaged_record_is_an_error(
    tmp_path: Path, indexer: LabelIndexer, place: int, change: int
) -> None:
    files = shards(tmp_path)
    index = shard_index.load(files, indexer)
    content = bytearray(Path(files[2]).read_bytes())
    end = len(RECORDS[2][0]) + 16
    content[place if place >= 0 else end + place] ^= change
    Path(files[2]).write_bytes(content)
    reader = RecordReader(index)
    with pytest.raises(ValueError, match="00002-of-00003"):
        reader.read(np.array([3]))
    assert reader.read(np.array([4])).tolist() == [RECORDS[2][1]]


def test_a_shard_that_became_shorter_is_an_error(tmp_path: Path, indexer: LabelIndexer) -> None:
    files = shards(tmp_path)
    index = shard_index.load(files, indexer)
    Path(files[2]).write_bytes(Path(files[2]).read_bytes()[:-1])
    with pytest.raises(ValueError, match="whole records"):
        RecordReader(index).read(np.array([4]))


def test_more_shards_than_may_be_open_are_read(tmp_path: Path, indexer: LabelIndexer) -> None:
    record = clip_example(MOODS[0], "a")
    files = [samples.write_shard(tmp_path / f"{n:03d}", [record]) for n in range(300)]
    reader = RecordReader(shard_index.load(files, indexer))
    assert len(reader.read(np.arange(300).repeat(2))) == 600
