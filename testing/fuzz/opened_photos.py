"""Photos as the ingest, the client, the demo and the report open them."""

from collections.abc import Sequence

from dataset.photos.decoding import decode_whole
from dataset.photos.opening import opened
from dataset.photos.parsed import PhotoError
from schemas.limits import MAX_IMAGE_PIXELS
from testing.fuzz.photos import sound_photos


class OpenedPhotos:
    """Photos opened and decoded by ``dataset.photos``; a refusal is a PhotoError with a reason."""

    def __init__(self, max_pixels: int = MAX_IMAGE_PIXELS) -> None:
        self.sound = sound_photos()
        self.batch_size = 1
        self._max_pixels = max_pixels

    def outcomes(self, inputs: Sequence[bytes]) -> list[str]:
        return [self._outcome(photo) for photo in inputs]

    def _outcome(self, photo: bytes) -> str:
        try:
            with opened(photo, self._max_pixels) as one:
                pixels = decode_whole(one).pixels
        except PhotoError as error:
            return str(error.reason.value)
        assert pixels.mode == "RGB"
        assert pixels.height * pixels.width <= self._max_pixels
        return "ok"
