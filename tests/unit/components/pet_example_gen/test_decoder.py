"""The decoder of a part of a JPEG: the pixels of the whole, and nothing else harms it."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components.pet_example_gen.decoder import decode_region
from dataset.boxes import PixelBox
from dataset.photo import make_crop
from dataset.photos import decoding
from dataset.photos.parsed import PhotoError
from dataset.settings import DataSettings
from schemas.reasons import RejectReason
from testing.components.ingested import jpeg, photo


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
@pytest.mark.parametrize(
    "box",
    [
        PixelBox(0, 0, 400, 640),  # whole, reduced
        PixelBox(150, 220, 120, 110),  # in the middle, not reduced
        PixelBox(0, 0, 90, 200),  # at two edges
        PixelBox(301, 441, 99, 199),  # at the other two, odd corners
    ],
)
def test_a_part_of_a_jpeg_gives_the_pixels_of_the_whole(options, box):
    encoded = jpeg(photo(5), **options)
    rules = DataSettings()
    part, whole = (make_crop(encoded, box, rules, 64, decoder) for decoder in (decode_region, None))
    assert part.window == whole.window
    pixels = [np.asarray(Image.open(io.BytesIO(crop.jpeg)), int) for crop in (part, whole)]
    assert pixels[0].shape == pixels[1].shape
    # Chroma is smoothed a little differently where the part begins.
    assert np.abs(pixels[0] - pixels[1]).mean() < 0.5
    assert np.abs(pixels[0] - pixels[1]).max() <= 12


def test_a_jpeg_that_breaks_off_below_its_box_is_truncated():
    encoded = jpeg(photo(6))
    with pytest.raises(PhotoError) as error:
        make_crop(
            encoded[: len(encoded) * 2 // 3],
            PixelBox(0, 0, 60, 60),
            DataSettings(),
            32,
            decode_region,
        )
    assert error.value.reason is RejectReason.IMAGE_TRUNCATED


def test_bytes_after_the_end_of_a_jpeg_do_no_harm():
    encoded = jpeg(photo(7)) + b"\0" * 20
    make_crop(encoded, PixelBox(0, 0, 60, 60), DataSettings(), 32, decode_region)


def test_a_jpeg_that_the_region_decoder_cannot_decode_is_given_to_pillow():
    broken = bytearray(jpeg(photo(8)))
    # The first quantisation table is cut out: no decoder can go on.
    start = broken.index(b"\xff\xdb")
    del broken[start : start + 2 + int.from_bytes(broken[start + 2 : start + 4], "big")]
    with pytest.raises(PhotoError) as error:
        make_crop(bytes(broken), PixelBox(0, 0, 60, 60), DataSettings(), 32, decode_region)
    assert isinstance(error.value.reason, RejectReason)


@pytest.mark.parametrize(("factor", "ratio"), [(2.9, 1), (3.1, 2), (3.9, 2), (6.2, 4)])
def test_a_reduced_decode_costs_less_than_storing_does(factor, ratio, monkeypatch):
    """The factors lie beside those at which another ratio begins, and at AI Hub's boxes."""
    grain = np.random.default_rng(3).normal(0, 8, (720, 960, 3))
    grainy = (np.asarray(photo(4, (960, 720))) + grain).clip(0, 255).astype(np.uint8)
    encoded, box, side = jpeg(Image.fromarray(grainy)), PixelBox(60, 100, 600, 600), 600 / factor
    full = decode_region(encoded, box, 1)
    served = tf.image.resize(full, (round(side), round(side)), antialias=True).numpy()
    ratios = []

    def difference():
        def decode(content, region, at):
            ratios.append(at)
            return decode_region(content, region, at)

        rules = DataSettings(box_margin=0.0, surplus=0.0)
        crop = make_crop(encoded, box, rules, round(side), decode)
        return float(np.abs(np.asarray(Image.open(io.BytesIO(crop.jpeg)), float) - served).mean())

    reduced = difference()
    monkeypatch.setattr(decoding, "_MIN_DECODED_PER_STORED", 1e9)
    only_stored = difference()
    assert ratios == [ratio, 1]
    # Measured 0.014 to 0.036 levels more, beside 1.2 of storing at quality 95.
    assert reduced - only_stored <= 0.1 * only_stored
