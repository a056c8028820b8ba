"""The project's version, as in pyproject.toml and CHANGELOG.md."""

VERSION = "0.2.0"
