"""Perceptual hash and mean colour: changes of a view that alter them, and changes that do not."""

import io

import numpy as np
from PIL import Image

from dataset.similarity import hash_distance, mean_colour, perceptual_hash


def scene(seed):
    small = np.random.default_rng(seed).integers(0, 255, (9, 9, 3), np.uint8)
    return Image.fromarray(small).resize((220, 220), Image.Resampling.BICUBIC)


def hash_of(image):
    return perceptual_hash(image.convert("L"))


def test_the_hash_is_imagehashs_with_the_first_bit_highest():
    import imagehash

    grey = scene(1).convert("L").resize((64, 64))
    assert f"{perceptual_hash(grey):016x}" == str(imagehash.phash(grey))


def test_a_second_encoding_and_a_resize_hardly_change_the_hash():
    image = scene(2)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=60)
    for copy in (Image.open(file), image.resize((160, 160))):
        assert hash_distance(hash_of(image), hash_of(copy)) <= 3


def test_different_scenes_have_different_hashes():
    hashes = [hash_of(scene(seed)) for seed in range(10, 20)]
    distances = [hash_distance(a, b) for i, a in enumerate(hashes) for b in hashes[:i]]
    assert min(distances) > 10


def test_distance_counts_bits():
    assert hash_distance(0, 2**63 + 1) == 2
    assert hash_distance(5, 5) == 0


def test_mean_colour_is_written_as_on_the_web():
    view = Image.new("RGB", (4, 2), (255, 0, 0))
    view.paste((0, 0, 128), (0, 0, 2, 2))
    # Half red, half dark blue.
    assert mean_colour(view) in (0x7F0040, 0x800040)
