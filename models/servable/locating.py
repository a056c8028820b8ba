"""The trained locator as the servable has it."""

from dataclasses import dataclass

import keras
import tensorflow as tf

from models.location.decoding import peaks
from models.network.folding import fold_batch_norms
from models.servable.serving_spec import Locator


@dataclass(frozen=True)
class LocatorNetwork:
    """A trained locator.

    Attributes:
      model: of ``models.location.network.build``, in float32.
      resolution: side of the square that it sees, pixels.
      min_score: score from which on a place is an animal.
    """

    model: keras.Model
    resolution: int
    min_score: float

    def as_served(self) -> Locator:
        """Returns its function for the signatures, with its batch norms folded away."""
        folded = fold_batch_norms(self.model)

        def locate(pixels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            found = peaks(folded(pixels, training=False))
            return found.boxes[:, 0], found.scores[:, 0]

        square = [None, self.resolution, self.resolution, 3]
        function = tf.function(
            locate, input_signature=[tf.TensorSpec(square, tf.uint8)], autograph=False
        )
        return Locator(function, self.resolution, self.min_score)
