"""Paths as patterns and back."""

import pytest

from system.patterns import escaped, unescaped


@pytest.mark.parametrize(
    "path", ["w/{SPAN}/t.csv", "a[1]*?.csv", "[{]", "[[]", "[*", r"a\b\\c", "한글 %#", "]{]["]
)
def test_a_pattern_tells_its_path(path: str) -> None:
    assert unescaped(escaped(path)) == path
