"""The texts about settings: in ``--help``, and docs/settings.md."""

import re

import pytest

from pipeline.config import GROUPS, setting_infos, setting_names
from pipeline.presets import PRESETS
from runner import settings_help
from testing.paths import ROOT
from tools import settings_page

TOPICS = settings_help.topics()


def test_every_setting_has_a_meaning_in_sentences() -> None:
    for info in setting_infos():
        assert re.match(r".*[.]$", info.meaning, re.DOTALL), info.name


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_lists_its_settings_with_default_and_meaning_and_no_others(group: str) -> None:
    lines = TOPICS[group](78).splitlines()
    listed = [line.split(" = ")[0].strip() for line in lines if re.match(r"  \S+ =", line)]
    assert listed == [name for name in setting_names() if name.startswith(f"{group}.")]
    for name in listed:
        (at,) = [i for i, line in enumerate(lines) if line.startswith(f"  {name} = ")]
        assert lines[at + 1].startswith("      ")


def test_all_lists_every_setting_and_the_presets() -> None:
    text = TOPICS["all"](78)
    assert re.findall(r"(?m)^  (\w+\.\w+) =", text) == setting_names()
    assert all(f"  {name}: " in text for name in PRESETS)


def test_the_first_page_lists_the_common_settings_alone() -> None:
    listed = re.findall(r"(?m)^  (\w+\.\w+) =", TOPICS[""](78))
    assert listed == [info.name for info in setting_infos() if info.common]
    assert 15 <= len(listed) <= 25


def test_default_and_range_are_written_as_one_would_type_and_read_them() -> None:
    text = TOPICS["all"](78)
    assert (
        "  train.batch_size = 64\n"
        "      Examples a step, on all devices together. (at least 1, examples)\n" in text
    )
    assert "  augment.flip = true\n" in text
    assert "(in 32..1024, pixels)" in text
    assert "(in (0, 1])" in text
    assert "(auto, on, off)" in " ".join(text.split())


def test_every_preset_is_listed_with_its_changes() -> None:
    text = TOPICS["presets"](78)
    assert "  default: nothing" in text
    assert "train.epochs=1 " in " ".join(text.split("  quick: ")[1].split())


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("width", [78, 98])
def test_the_texts_keep_to_the_terminals_width(topic: str, width: int) -> None:
    assert max(len(line) for line in TOPICS[topic](width).splitlines()) <= width


@pytest.mark.parametrize("flag", ["--epochs", "--train.epochs"])
def test_a_setting_given_as_a_flag_is_told_how_to_be_set(flag: str) -> None:
    assert settings_help.flag_hint(flag) == "It is a setting: --set train.epochs=VALUE"


def test_the_settings_page_is_up_to_date() -> None:
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    assert page == settings_page.page(), "run: uv run python -m tools.settings_page"
