"""What the training is judged by, epoch for epoch."""

import keras
import numpy as np

from models.hparams import ACCURACY, MACRO_F1


def headline_metrics(classes: int) -> list[keras.metrics.Metric]:
    """Returns accuracy and macro-F1 over one-hot moods, float32[n, classes].

    Macro-F1 is the mean over all moods of the label map; one that the split has no example of
    counts as 0. Given to ``compile`` as ``metrics``, both ignore sample weights.
    """
    macro_f1 = keras.metrics.F1Score(average="macro", name=MACRO_F1)
    # It makes its variables when first used. Made while the training step is being traced,
    # they would have TensorFlow trace it again, which takes 15 s for this network.
    macro_f1.update_state(np.zeros([1, classes]), np.zeros([1, classes]))
    return [keras.metrics.CategoricalAccuracy(name=ACCURACY), macro_f1]
