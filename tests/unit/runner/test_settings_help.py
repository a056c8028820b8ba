"""The list of settings in ``--help``."""

from pipeline.config import PRESETS, setting_names
from runner.settings_help import settings_text


def test_every_setting_is_listed_with_a_meaning() -> None:
    lines = settings_text().splitlines()
    for name in setting_names():
        (place,) = [i for i, line in enumerate(lines) if line.startswith(f"  {name} = ")]
        assert lines[place + 1].startswith("      "), name
        assert len(lines[place + 1].strip()) > 5, name


def test_a_default_is_written_as_one_would_type_it() -> None:
    text = settings_text()
    assert "  train.epochs = 100\n      passes over the training split at most.\n" in text
    assert "  augment.flip = true\n" in text


def test_every_preset_is_listed_with_its_changes() -> None:
    text = settings_text()
    assert "  default: nothing" in text
    assert "train.epochs=1 " in " ".join(text.split("  quick: ")[1].split())
    assert all(f"  {name}: " in text for name in PRESETS)


def test_the_list_fits_a_terminal_of_80_columns() -> None:
    assert max(len(line) for line in settings_text().splitlines()) < 80
