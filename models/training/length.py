"""The length of a training, which may become known while it runs."""

import dataclasses
import math

_UNDECIDED_EPOCHS = 10**6


@dataclasses.dataclass
class Length:
    """Length of a training, which may become known while it runs.

    Attributes:
      steps_per_epoch: batches after which the model is validated.
      steps: all steps; None as long as they are not known.
    """

    steps_per_epoch: int
    steps: int | None

    @property
    def epochs(self) -> int:
        """Epochs, of which the last may be short; a very large number if they are not known."""
        if self.steps is None:
            return _UNDECIDED_EPOCHS
        return math.ceil(self.steps / self.steps_per_epoch)
