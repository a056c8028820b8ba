"""A machine without Hangul fonts is named, with a remedy."""

from pathlib import Path

from runner.doctor import (
    fonts,
)
from testing.runner.planted_machine import planted


def test_no_font_with_hangul(tmp_path: Path) -> None:
    machine = planted(tmp_path, usr__share__fonts__DejaVuSans__ttf="")
    machine = planted(tmp_path, **{"usr__share__fonts__DejaVuSans.ttf": ""})
    finding = fonts.check(machine)
    assert (finding.state, "fonts-noto-cjk" in finding.remedy) == ("warning", True)
    machine = planted(tmp_path, **{"usr__share__fonts__noto__NotoSansCJK-Regular.ttc": ""})
    assert fonts.check(machine).state == "ok"
