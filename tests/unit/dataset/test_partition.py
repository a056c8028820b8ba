"""Partitions of a CSV: every row once, clips whole, splits by clip or group."""

import pytest

from dataset import partition
from dataset.partition import SplitShare, bucket_of, partition_rows, rows_of_block, split_of
from schemas.errors import DataRefusedError

SHARES = (SplitShare("train", 800), SplitShare("eval", 200))


def write_csv(tmp_path, rows, header="image_path,bbox,labels,clip,group"):
    path = tmp_path / "data.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return str(path)


def clip_rows(clips, frames, group=""):
    # Frames of different clips alternate, unlike in a sorted CSV.
    frames_of_clips = [(clip, frame) for frame in range(frames) for clip in range(clips)]
    return [f'c{c}/{f}.jpg,"1,2,3,4",공포,c{c},{group}' for c, f in frames_of_clips]


def rows_by_block(partition):
    return {(b.split, b.number): list(rows_of_block(b)) for b in partition.blocks}


def test_every_row_is_in_one_block_with_its_line(tmp_path):
    source = write_csv(tmp_path, clip_rows(40, 5))
    blocks = rows_by_block(partition_rows(source, [SplitShare("train", 1)], 50, str(tmp_path)))
    assert len(blocks) == 4
    assert sorted(row.line for rows in blocks.values() for row in rows) == list(range(2, 202))


def test_a_clip_is_in_one_block_in_the_order_of_the_csv(tmp_path):
    source = write_csv(tmp_path, clip_rows(40, 5))
    blocks = rows_by_block(partition_rows(source, [SplitShare("train", 1)], 50, str(tmp_path)))
    for clip in range(40):
        with_clip = [rows for rows in blocks.values() if any(r.clip == f"c{clip}" for r in rows)]
        assert len(with_clip) == 1
        frames = [row.image_path for row in with_clip[0] if row.clip == f"c{clip}"]
        assert frames == [f"c{clip}/{f}.jpg" for f in range(5)]


def test_one_csv_is_split_by_clip_in_about_the_given_shares(tmp_path):
    source = write_csv(tmp_path, clip_rows(500, 2))
    blocks = rows_by_block(partition_rows(source, SHARES, 1000, str(tmp_path)))
    clips = {
        split: {
            row.clip for rows in (r for (s, _), r in blocks.items() if s == split) for row in rows
        }
        for split in ("train", "eval")
    }
    assert not clips["train"] & clips["eval"]
    assert len(clips["train"] | clips["eval"]) == 500
    # 100 expected; five standard deviations of a fair hash are 45.
    assert 55 < len(clips["eval"]) < 145


def test_a_group_is_never_in_two_splits(tmp_path):
    source = write_csv(tmp_path, clip_rows(60, 1, group="rex"))
    blocks = partition_rows(source, SHARES, 1000, str(tmp_path)).blocks
    assert len({block.split for block in blocks if block.rows}) == 1


def test_the_same_clip_has_the_same_bucket_and_split_on_every_machine():
    # Computed with sha256sum: the first 8 bytes of the hash, modulo 1000.
    assert bucket_of("c1", 1000) == 0xD0F631CA1DDBA8DB % 1000 == 755
    assert 0x39B1DED7B977AE0C % 1000 == 676  # sha256 of "split:c1"; below 800.
    assert split_of("c1", SHARES) == "train"
    assert split_of("c1", [SplitShare("train", 676), SplitShare("eval", 324)]) == "eval"


def test_rows_are_written_in_parts_to_bound_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(partition, "_BUFFERED_ROWS", 30)
    source = write_csv(tmp_path, clip_rows(10, 10))
    (block,) = partition_rows(source, [SplitShare("train", 1)], 1000, str(tmp_path)).blocks
    assert len(block.parts) == 4
    assert [row.line for row in rows_of_block(block)] == list(range(2, 102))


def test_a_csv_without_rows_is_refused(tmp_path):
    with pytest.raises(DataRefusedError, match="no rows"):
        partition_rows(write_csv(tmp_path, []), SHARES, 10, str(tmp_path))


def test_a_split_without_rows_still_has_a_block(tmp_path):
    source = write_csv(tmp_path, clip_rows(1, 1))
    blocks = partition_rows(source, SHARES, 10, str(tmp_path)).blocks
    assert sorted((block.split, block.rows) for block in blocks) in (
        [("eval", 0), ("train", 1)],
        [("eval", 1), ("train", 0)],
    )


def test_blocks_are_of_nearly_equal_size_for_clips_of_different_sizes(tmp_path):
    # Clips of 1 to 40 frames, 2050 rows in all, in blocks of about 205.
    rows = [f'c{c}/{f}.jpg,"1,2,3,4",공포,c{c},' for c in range(100) for f in range(c % 40 + 1)]
    blocks = partition_rows(
        write_csv(tmp_path, rows), [SplitShare("train", 1)], 205, str(tmp_path)
    ).blocks
    sizes = [block.rows for block in blocks]
    assert sum(sizes) == len(rows) == 1850
    assert len(sizes) == 10
    assert max(sizes) - min(sizes) <= 5


def test_rows_of_each_label_are_counted_by_split(tmp_path):
    rows = ['a.jpg,"1,2,3,4",공포,c1,', 'b.jpg,"1,2,3,4",공포,c1,', "c.jpg,x,화남/불쾌,c1,"]
    labels = partition_rows(write_csv(tmp_path, rows), SHARES, 10, str(tmp_path)).labels
    # The hash of c1 is below 800, as computed above.
    assert labels == {"train": {"공포": 2, "화남/불쾌": 1}, "eval": {}}


def names_by_split(source, folder, shares, validation_share, column="clip"):
    blocks = partition_rows(
        source, shares, 10**6, str(folder), validation_share=validation_share
    ).blocks
    return {block.split: {getattr(row, column) for row in rows_of_block(block)} for block in blocks}


@pytest.mark.parametrize(("group", "column"), [("", "clip"), ("g{}", "group")])
def test_three_splits_share_no_clip_and_no_animal(tmp_path, group, column):
    rows = [f'c{c}/0.jpg,"1,2,3,4",공포,c{c},{group.format(c // 3)}' for c in range(1500)]
    names = names_by_split(write_csv(tmp_path, rows), tmp_path, SHARES, 250, column)
    assert list(names) == ["train", "validation", "eval"]
    assert len(set.union(*names.values())) == sum(map(len, names.values()))
    # A quarter of four fifths; five standard deviations of a fair hash are at most 0.09 of 500.
    share = len(names["validation"]) / sum(map(len, names.values()))
    assert 0.11 < share < 0.29


def test_a_validation_split_takes_from_train_and_leaves_eval_as_it_is(tmp_path):
    source = write_csv(tmp_path, clip_rows(2000, 1))
    before = names_by_split(source, tmp_path, SHARES, 0)
    after = names_by_split(source, tmp_path, SHARES, 100)
    assert list(before) == ["train", "eval"]
    assert after["eval"] == before["eval"]
    assert after["train"] | after["validation"] == before["train"]
    # Independent of the hash that makes eval: a tenth of train, and not the buckets next to eval's.
    assert len(after["validation"]) / len(before["train"]) == pytest.approx(0.1, abs=0.02)
    grown = names_by_split(source, tmp_path, SHARES, 200)
    assert after["validation"] < grown["validation"]


def test_of_two_csvs_train_alone_gives_to_validation(tmp_path):
    source = write_csv(tmp_path, clip_rows(200, 1))
    assert list(names_by_split(source, tmp_path, [SplitShare("eval", 1)], 500)) == ["eval"]
    train = names_by_split(source, tmp_path, [SplitShare("train", 1)], 500)
    assert list(train) == ["train", "validation"]
    assert 64 < len(train["validation"]) < 136  # Five standard deviations.


def test_the_same_clip_is_in_validation_on_every_machine():
    # sha256 of "validation:c1" begins with c2b0cad1a95f36b9.
    bucket = 0xC2B0CAD1A95F36B9 % 1000
    shares = [SplitShare("train", 1)]
    assert split_of("c1", shares, bucket) == "train"
    assert split_of("c1", shares, bucket + 1) == "validation"


def test_a_clip_is_found_in_its_block_and_in_no_other_split(tmp_path):
    source = write_csv(tmp_path, clip_rows(80, 5))
    partition = partition_rows(source, SHARES, 50, str(tmp_path))
    assert len(partition.blocks) > 4
    for block in partition.blocks:
        for row in rows_of_block(block):
            found = {share.name: partition.block_of(share.name, row.clip) for share in SHARES}
            assert found.pop(block.split) == block.number
            # A bucket of another split may by chance be the clip's; of so few clips none is.
            assert {*found.values()} == {None}
    assert partition.block_of("unlabelled", "clip-0") is None
