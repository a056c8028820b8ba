"""Division of clips by a hash: what fits temperature and threshold, and what checks the fit.

For runs without a validation split, half of the eval clips fit and the other half scores. The
clips that fit are halved again, to tell whether a temperature helps on others.
"""

import hashlib


def is_calibration_clip(clip: str) -> bool:
    """Returns whether a clip is in the half that fits the temperature.

    The lowest bit of a hash of the clip's name decides. So the Trainer and the Evaluator agree,
    and a clip never changes sides.
    """
    return bool(_last_byte(clip) & 1)


def is_second_half(clip: str) -> bool:
    """Returns whether a clip is in the second half of those that fit: by the next bit."""
    return bool(_last_byte(clip) & 2)


def _last_byte(clip: str) -> int:
    return hashlib.sha256(clip.encode("utf-8", "surrogateescape")).digest()[-1]
