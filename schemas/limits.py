"""Limits on photos, alike in the ingest, the servable, the client and the demo."""

MAX_IMAGE_PIXELS = 64_000_000
"""Height x width. Phones take photos of 8192 x 6144, which are 50.3 million pixels."""

MAX_IMAGE_SIDE = 65_535
"""Pixels: the most that a JPEG or a GIF can have. A PNG of one row could have 60 million columns,
and resizing it in TensorFlow would take 160 GB."""

MAX_IMAGE_BYTES = 64 * 2**20
"""Length of an encoded photo. A photo of so many pixels has about 20 MB as JPEG."""
