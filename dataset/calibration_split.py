"""Which half of the eval clips a model's temperature is fitted on; the other half judges it."""

import hashlib


def is_fitted_on(clip: str) -> bool:
    """Returns whether a clip is in the half that the temperature is fitted on.

    It is the lowest bit of a hash of the name, so that the Trainer and the Evaluator agree and a
    clip never changes sides.
    """
    return bool(hashlib.sha256(clip.encode("utf-8", "surrogateescape")).digest()[-1] & 1)
