"""Single records of a TFRecord file."""

from pathlib import Path

import pytest
import tensorflow as tf

from system.tfrecords import unframed


@pytest.fixture
def framed(tmp_path: Path) -> bytes:
    path = tmp_path / "shard"
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(b"a record")
    return path.read_bytes()


def test_a_record_that_tensorflow_wrote_is_found(framed: bytes) -> None:
    assert unframed(framed, 8) == b"a record"


def test_no_record_is_given_of_another_length_or_with_a_changed_byte(framed: bytes) -> None:
    assert unframed(framed, 7) is None
    assert unframed(framed[:-1], 8) is None
    assert unframed(b"", 8) is None
    # The length's own checksum (bytes 8 to 11) is not looked at: the length is known.
    for index in {*range(len(framed))} - {*range(8, 12)}:
        changed = bytearray(framed)
        changed[index] ^= 1
        assert unframed(bytes(changed), 8) is None
