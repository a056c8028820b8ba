"""The options of an engine, as a text of ``--name=value`` words and by name."""

import shlex

from schemas.errors import ConfigError


def words_of(text: str) -> list[str]:
    """Returns the words of ``beam.options``.

    Raises:
      ConfigError: for a word that is not of the form ``--name=value``.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ConfigError(f"beam.options: {error}. Received: {text!r}") from error
    wrong = [word for word in words if not word.startswith("--")]
    if wrong:
        raise ConfigError(
            "beam.options must be words of the form --name=value. "
            f"Received: {' '.join(wrong)} (in {text!r})"
        )
    return words


def by_name(words: list[str]) -> dict[str, str]:
    """Returns the values of ``--name=value`` words by name."""
    parts = (word.partition("=") for word in words)
    return {name.removeprefix("--"): value for name, _, value in parts}
