"""A serving folder by TFX's file systems, as a source of versions to copy."""

from pathlib import Path

import pytest

from components.serving_folder import BucketSource
from schemas.errors import ConfigError
from system import manifest

pytestmark = pytest.mark.slow


def test_whole_versions_are_listed_checked_and_copied(tmp_path: Path) -> None:
    for number in ("2", "10", "30"):
        (tmp_path / "pet_mood" / number / "variables").mkdir(parents=True)
        (tmp_path / "pet_mood" / number / "variables" / "v").write_text(number)
    for number in ("2", "10"):
        (tmp_path / "pet_mood" / number / "saved_model.pb").write_text("graph")
    digest = manifest.write(tmp_path / "pet_mood" / "10")

    source = BucketSource(str(tmp_path / "pet_mood"))
    assert source.numbers() == [2, 10], "30 is still being pushed"
    assert (source.check(2), source.check(10)) == (None, digest)
    source.copy(10, tmp_path / "copy")
    assert manifest.check(tmp_path / "copy") == digest

    (tmp_path / "pet_mood" / "10" / "variables" / "v").write_text("altered")
    with pytest.raises(ConfigError, match="variables/v changed"):
        source.check(10)
