"""Exit codes of the command lines."""

import enum


class RunExit(enum.IntEnum):
    """Exit codes of ``local_runner.py`` and ``train.py``."""

    PUSHED = 0
    """Also a smoke test (``--preset quick``) whose steps all ran."""
    OTHER = 1
    CONFIG = 2
    DATA_REFUSED = 3
    NOT_BLESSED = 4


class PredictExit(enum.IntEnum):
    """Exit codes of ``inference.py``, ``demo.py`` and ``serve.py``."""

    ALL_ANSWERED = 0
    NOT_ALL_ANSWERED = 1
    CONFIG = 2
    SERVER = 3


class MonitorExit(enum.IntEnum):
    """Exit codes of ``monitor.py``."""

    STEADY = 0
    DRIFT = 1
    CONFIG = 2
    TOO_FEW = 3


class RolloutExit(enum.IntEnum):
    """Exit codes of ``rollout.py``."""

    DONE = 0
    NOT_YET = 1
    CONFIG = 2
    SERVER = 3


class CompareExit(enum.IntEnum):
    """Exit codes of ``compare.py``."""

    COMPARED = 0
    NOT_ROW_BY_ROW = 1
    CONFIG = 2


class DoctorExit(enum.IntEnum):
    """Exit codes of ``doctor.py``."""

    HEALTHY = 0
    FAULTS = 1
    CONFIG = 2
