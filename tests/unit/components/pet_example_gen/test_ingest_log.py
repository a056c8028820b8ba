"""Rows that are taken over where results and photos lie in a bucket, as on a cluster."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from components.pet_example_gen.earlier_results import (
    EarlierResult,
    add_to_log,
    deal_out,
    find_logged,
)
from components.pet_example_gen.job import IngestSettings, ShardJob
from components.pet_example_gen.row_keys import reading_version
from components.pet_example_gen.shard import write_shard
from components.pet_example_gen.shard_files import read_counts
from dataset.partition import SplitShare, partition_rows
from dataset.photos import states
from dataset.photos.states import photo_states
from dataset.settings import DataSettings
from dataset.thinning import ThinSettings
from schemas.labels import DEFAULT_MOODS
from schemas.splits import FRAMES, RECORDS, TRAIN, split_folder
from system import storage

if TYPE_CHECKING:
    from testing.buckets.google_process import GoogleCloudProcess

pytestmark = pytest.mark.slow
SETTINGS = IngestSettings(
    data=DataSettings(shard_rows=6), thin=ThinSettings(), moods=DEFAULT_MOODS, side=16, code="1"
)


def put_photo(address: str, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 255, (24, 32, 3)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    with storage.open_file(address, "wb") as written:
        written.write(file.getvalue())


class Case:
    """A bucket with photos, and the ingests that have been done of it."""

    def __init__(self, bucket: str, work: Path) -> None:
        self.bucket = bucket
        self.rows: list[str] = []
        self._work = work
        self._ingests = 0

    def add_clip(self, number: int) -> None:
        for frame in range(2):
            name = f"강아지/c{number}/{frame}.png"
            put_photo(f"{self.bucket}/photos/{name}", 10 * number + frame)
            self.rows.append(f'{name},"1,2,20,28",편안/안정,c{number}')

    def ingest(self, settings: IngestSettings = SETTINGS) -> tuple[int, int]:
        """Returns how many rows were taken over, and of how many the photos were read."""
        self._ingests += 1
        place, work = f"{self.bucket}/run-{self._ingests}", self._work / str(self._ingests)
        work.mkdir()
        csv = f"{self.bucket}/photos/rows.csv"
        storage.write_whole(csv, "\n".join(["image_path,bbox,labels,clip", *self.rows]) + "\n")
        partition = partition_rows(
            csv, [SplitShare(TRAIN, 1)], settings.data.shard_rows, str(work), storage.open_file
        )
        log, version = f"{self.bucket}/ingests", reading_version(settings)
        earlier = deal_out(find_logged(log, version), [partition], f"{place}/rows")
        result = EarlierResult(f"{place}/examples", f"{place}/frames")
        reused = read = 0
        for block in partition.blocks:
            job = ShardJob(
                *(block, settings, f"{self.bucket}/photos", False, frozenset()),
                *(str(work / f"block-{block.number}"), block.rows, earlier.get(block[:2], ())),
            )
            write_shard(job)
            for folder, ending in zip(result, (RECORDS, FRAMES), strict=True):
                name = f"{folder}/{split_folder(TRAIN)}/{job.shard_name}{ending}"
                storage.put_files([(job.stem + ending, name)])
            counts = read_counts(job.stem)
            reused, read = reused + counts["reused"], read + counts["read"]
        add_to_log(log, version, result)
        return reused, read


@pytest.fixture
def case(bucket: str, tmp_path: Path) -> Case:
    case = Case(bucket, tmp_path)
    for number in range(8):
        case.add_clip(number)
    assert case.ingest() == (0, 16)
    return case


def test_only_new_clips_and_changed_photos_are_read(case: Case) -> None:
    assert case.ingest() == (16, 0)
    case.add_clip(20)
    assert case.ingest() == (16, 2)
    put_photo(f"{case.bucket}/photos/강아지/c3/1.png", 99)
    assert case.ingest() == (17, 1)
    assert case.ingest(SETTINGS.replace(code="2")) == (0, 18)


def test_an_entry_that_is_none_and_a_result_that_is_gone_are_passed_over(case: Case) -> None:
    log = f"{case.bucket}/ingests/{reading_version(SETTINGS)}"
    for name, text in (("8" * 20, "["), ("9" * 20, "{}")):
        storage.write_whole(f"{log}/{name}.json", text)
    assert case.ingest() == (16, 0)
    for number in (1, 2):
        storage.remove_folder(f"{case.bucket}/run-{number}")
    assert case.ingest() == (0, 16)


def test_a_folder_of_many_more_photos_than_are_wanted_is_not_listed_to_its_end(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"강아지/c{number}/0.png" for number in range(8)]
    known = photo_states(f"{case.bucket}/photos", [*names, "none.png", "gs:/odd.png"])
    assert [known[name] != states.UNKNOWN for name in known] == [True] * 8 + [False] * 2
    monkeypatch.setattr(states, "_LEAST_LISTED", 1)
    monkeypatch.setattr(states, "_LISTED_FOR_EACH", 1)
    monkeypatch.setattr("system.buckets.folders.PAGE", 1)
    # Of each clip's two photos the first is listed.
    assert photo_states(f"{case.bucket}/photos", names) == {name: known[name] for name in names}
    second = photo_states(f"{case.bucket}/photos", ["강아지/c0/1.png"])
    assert set(second.values()) == {states.UNKNOWN}


def test_a_folder_is_asked_for_once_and_no_photo(
    case: Case, google_cloud: "GoogleCloudProcess"
) -> None:
    if not case.bucket.startswith("gs://"):
        pytest.skip("only the server of gs:// counts its requests")
    before = google_cloud.requests
    names = [f"강아지/c{number}/{frame}.png" for number in range(8) for frame in range(2)]
    assert states.UNKNOWN not in photo_states(f"{case.bucket}/photos", names).values()
    asked = google_cloud.requests - before
    assert sum(asked.values()) == 8, asked
