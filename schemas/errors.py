"""Errors of the user's settings and data, as opposed to faults of the program."""


class ConfigError(ValueError):
    """A setting or an environment that cannot work: the run stops before it starts.

    The message has the rule, the received value and the remedy.
    """


class DataRefusedError(ValueError):
    """Data that must not be used for training: the run stops before training.

    The message names the broken rule, the data that break it, and the file with the details.
    """
