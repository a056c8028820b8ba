"""What callers send: formats by their first bytes, limits before decoding, and turned photos."""

import io
import time
from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from dataset.photos import exif as core_exif
from models.inputs.photo import PhotoPreprocessor
from models.inputs.prepared_photo import Limits, Outcome, Source
from models.inputs.preprocessing import preprocess, whole_picture
from schemas import signatures
from testing import bombs, memory
from testing.models import quadrants, samples

ROWS, COLUMNS = 40, 60
PICTURE = samples.mottled(ROWS, COLUMNS)
FORMATS = ("JPEG", "PNG", "GIF", "BMP")
BOMBS = bombs.bombs()
_TOO_LONG = ("texts", "chunks", "segments", "extensions", "behind")


def _has_few_pixels(name: str) -> bool:
    """Whether a bomb is used without what is too long in it, or not read."""
    return any(word in name for word in _TOO_LONG)


Prepare = Callable[..., tuple[np.ndarray, Outcome]]


@pytest.fixture(scope="module")
def prepare() -> Prepare:
    """Prepares photos to 32 pixels; the limits are one pixel more than ``PICTURE``, and 30 KB."""
    limits = Limits(ROWS * COLUMNS + 1, 30_000)
    preprocessor = PhotoPreprocessor(32, 0.0, limits, box_overhang=0.05)

    def traced(encoded: tf.Tensor, box: tf.Tensor, source: Source) -> tf.Tensor:
        return preprocessor(encoded, box, source, in_parallel=True)

    functions = {
        source: tf.function(
            lambda encoded, box, source=source: traced(encoded, box, source),
            input_signature=[tf.TensorSpec([], tf.string), tf.TensorSpec([4], tf.int64)],
            autograph=False,
        )
        for source in Source
    }

    def call(
        encoded: bytes,
        box: tuple[int, ...] = (0, 0, 0, 0),
        source: Source = Source.WHOLE_PHOTO,
    ) -> tuple[np.ndarray, Outcome]:
        photo = functions[source](encoded, np.int64(box))
        return photo.pixels.numpy(), Outcome(int(photo.outcome))

    return call


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS)
def test_pixels_are_those_of_the_training(prepare: Prepare, kind: str) -> None:
    photo = samples.encoded(PICTURE, kind)
    pixels, outcome = prepare(photo)
    assert outcome is Outcome.OK
    expected = preprocess(tf.constant(photo), whole_picture, 32).pixels
    np.testing.assert_array_equal(pixels, expected)


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(("rows", "outcome"), [(1, Outcome.OK), (2, Outcome.TOO_LARGE)])
def test_the_limit_on_pixels_is_the_last_size_that_is_decoded(
    prepare: Prepare, kind: str, rows: int, outcome: Outcome
) -> None:
    # 2,401 pixels are allowed: 1 x 2,401, and not 2 x 2,401.
    photo = samples.encoded(samples.mottled(rows, ROWS * COLUMNS + 1), kind)
    assert prepare(photo)[1] is outcome


def test_the_limit_on_bytes_is_the_last_length_that_is_decoded(prepare: Prepare) -> None:
    photo = samples.jpeg(PICTURE)
    longest = photo + bytes(30_000 - len(photo))
    assert prepare(longest)[1] is Outcome.OK
    pixels, outcome = prepare(longest + b"\0")
    assert outcome is Outcome.TOO_LARGE
    assert not pixels.any()


@pytest.mark.parametrize("kind", ["WEBP", "TIFF", "PPM", "ICO", "AVIF"])
def test_other_formats_are_not_decoded_whatever_tensorflow_can(prepare: Prepare, kind: str) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="JPEG, PNG, GIF or BMP"):
        prepare(samples.encoded(PICTURE, kind))


@pytest.mark.slow
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_photo_and_its_box_are_turned_upright(
    prepare: Prepare, orientation: int, kind: str
) -> None:
    metadata = Image.Exif()
    metadata[0x0112] = orientation
    photo = samples.encoded(PICTURE, kind, exif=metadata)
    stored = Image.fromarray(np.asarray(Image.open(io.BytesIO(photo)).convert("RGB")))
    upright = samples.encoded(core_exif.turn(stored, orientation))
    box = (3, 5, 32, 30)
    for arguments in ((), (box, Source.BOXED_PHOTO)):
        expected, _ = prepare(upright, *arguments)
        pixels, outcome = prepare(photo, *arguments)
        assert outcome is Outcome.OK
        # The resize rounds, and here it is done before the turn.
        assert np.abs(pixels.astype(int) - expected).max() <= 1
    as_stored, _ = prepare(samples.encoded(stored), box, Source.EXAMPLE)
    np.testing.assert_array_equal(prepare(photo, box, Source.EXAMPLE)[0], as_stored)


def test_of_a_gif_the_first_frame_alone_is_read(prepare: Prepare) -> None:
    first, second = (Image.fromarray(samples.plain(level, 8, 8)).convert("P") for level in (0, 255))
    file = io.BytesIO()
    first.save(file, "GIF", save_all=True, append_images=[second] * 3)
    photo = file.getvalue()
    pixels, outcome = prepare(photo)
    assert outcome is Outcome.OK
    assert not pixels.any()
    # Nothing behind the first frame is looked at.
    end = photo.index(b"\x21\xf9", photo.index(b",\0\0\0\0"))
    np.testing.assert_array_equal(prepare(photo[:end] + b"\xff" * 500)[0], pixels)


def test_a_photo_without_pixels_is_unreadable(prepare: Prepare) -> None:
    assert prepare(bombs.png(0, 8))[1] is Outcome.UNREADABLE


def test_a_jpeg_of_too_many_scans_is_cut(prepare: Prepare) -> None:
    photo = samples.jpeg(PICTURE, progressive=True)
    last = photo.rindex(b"\xff\xda")
    began = time.perf_counter()
    try:
        prepare(photo[:-2] + photo[last:-2] * 100 + photo[-2:])
    except tf.errors.InvalidArgumentError as error:
        assert "JPEG" in str(error)
    assert time.perf_counter() - began < 1


@pytest.mark.slow
@pytest.mark.parametrize("name", list(BOMBS))
def test_a_bomb_is_answered_at_once_and_without_memory(predict: samples.Ask, name: str) -> None:
    sound = samples.jpeg(samples.red_at(3))
    alone = predict(image_bytes=[sound])[signatures.PROBABILITIES][0]
    photos = [BOMBS[name](), sound]
    box = np.int64([[0, 0, 10, 10], [0, 0, 32, 32]])

    def ask() -> tuple[samples.Answer, samples.Answer]:
        boxed = predict(signatures.SERVE_BOX, image_bytes=photos, box=box)
        return predict(image_bytes=photos), boxed

    ask()  # TensorFlow prepares each format's functions once.
    rest = memory.resident_mb()
    memory.forget_peak()
    began = time.process_time()
    whole, boxed = ask()
    took = time.process_time() - began
    # The file itself is copied into a tensor.
    assert memory.peak_mb() - rest < 50 + 2 * len(photos[0]) / 2**20
    # 50 ms each without other work on the machine: see benchmarks/serving_bombs.py.
    assert took < 0.5
    expected = ["image_unreadable", "ok"] if _has_few_pixels(name) else ["image_too_large"]
    for answer in (whole, boxed):
        status, neighbour = samples.words(answer[signatures.STATUS])
        assert status in expected
        assert neighbour == "ok"
        np.testing.assert_allclose(answer[signatures.PROBABILITIES][1], alone, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("orientation", [1, 6])
def test_of_an_overhanging_box_the_pixels_are_those_of_its_part(
    prepare: Prepare, orientation: int
) -> None:
    photo = quadrants.encoded(PICTURE, "PNG", orientation)
    rows, columns = (COLUMNS, ROWS) if orientation == 6 else (ROWS, COLUMNS)
    # 5 % of 20 rows, and of 41 columns, which are rounded: 1 and 2.
    asked = (rows - 19, -2, 20, 41)
    overhanging, outcome = prepare(photo, asked, Source.BOXED_PHOTO)
    assert outcome is Outcome.OK
    part, outcome = prepare(photo, (rows - 19, 0, 19, 39), Source.BOXED_PHOTO)
    assert outcome is Outcome.OK
    np.testing.assert_array_equal(overhanging, part)
    for further in ((rows - 18, 0, 20, 39), (0, -3, 20, 41), (0, columns - 38, 20, 41)):
        assert prepare(photo, further, Source.BOXED_PHOTO)[1] is Outcome.BOX_OUTSIDE
    # A window of the ingest's is never clipped.
    window = (0, COLUMNS - 39, 20, 40)
    assert prepare(photo, window, Source.EXAMPLE)[1] is Outcome.BOX_OUTSIDE
