"""A model for tests of the demo that need no TensorFlow."""

from collections.abc import Callable, Sequence

from client.backends.model import ModelInfo, Response
from dataset.boxes import PixelBox
from testing.models import quadrants

PHOTO = quadrants.encoded(quadrants.red_at(2, 40, 60))


class FakeModel:
    """Returns the same response for all pictures, and records the calls."""

    info = ModelInfo("/home/somebody/a/version", ("공포", "멍멍", "행복/즐거움"), 32)

    def __init__(
        self,
        response: Response | BaseException | None = None,
        before: Callable[[], object] = lambda: None,
    ) -> None:
        """Makes a model.

        Args:
          response: what it returns, or raises.
          before: is called, in the request's thread, before each batch.
        """
        shares = dict(zip(self.info.mood_names, (0.25, 0.125, 0.625), strict=True))
        self.response = response or Response("ok", "행복/즐거움", shares)
        self.before = before
        self.calls: list[tuple[Sequence[bytes], Sequence[PixelBox] | None]] = []

    def predict(
        self, pictures: Sequence[bytes], boxes: Sequence[PixelBox] | None
    ) -> list[Response]:
        self.calls.append((pictures, boxes))
        self.before()
        if isinstance(self.response, BaseException):
            raise self.response
        return [self.response] * len(pictures)
