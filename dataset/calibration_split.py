"""Division of the eval clips: one half fits the model's temperature, the other half scores it.

It is for runs without a validation split, on which the temperature is fitted otherwise.
"""

import hashlib


def is_calibration_clip(clip: str) -> bool:
    """Returns whether a clip is in the half that fits the temperature.

    The lowest bit of a hash of the clip's name decides. So the Trainer and the Evaluator agree,
    and a clip never changes sides.
    """
    return bool(hashlib.sha256(clip.encode("utf-8", "surrogateescape")).digest()[-1] & 1)
