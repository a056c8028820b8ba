"""A pushed version is loaded."""

from pathlib import Path

import pytest

from client.backends.model import ModelInfo
from client.backends.saved_model import SavedModel
from schemas.errors import ConfigError
from testing.models.quadrants import MOODS


def test_a_version_that_cannot_be_loaded_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"not a graph")
    with pytest.raises(ConfigError, match=r"broken cannot be loaded.*Name another version"):
        SavedModel(tmp_path, ModelInfo("broken", MOODS, 32))
