"""The error for wrong settings or a wrong environment: the run stops before it starts."""


class ConfigError(ValueError):
    """A setting or an environment that cannot work.

    The message says the rule, what was received and what to do.
    """


class DataRefusedError(ValueError):
    """Data that must not be trained on: the run stops before training.

    The message says which rule was broken, by what, and where to look.
    """
