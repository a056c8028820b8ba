"""The examples of docs/preprocessing.md compute with the numbers of its steps."""

import re

import pytest

from dataset import model_pixels
from testing.paths import ROOT

PAGE = (ROOT / "docs" / "preprocessing.md").read_text("utf-8")
EXAMPLES = dict(re.findall(r"```(kotlin|swift)\n(.*?)```", PAGE, re.DOTALL))


@pytest.mark.parametrize("language", ["kotlin", "swift"])
def test_an_example_has_the_numbers_of_the_page(language: str) -> None:
    code = EXAMPLES[language]
    offset, radius = re.findall(
        r"(?:OFFSET|offset: Float|MIN_RADIUS|minRadius: Float) = ([\d.]+)", code
    )
    assert f"centre = (i + {offset}) * inverse" in PAGE
    assert f"centre - radius - {offset}" in PAGE
    assert f"radius = max(inverse, {radius})" in PAGE
    # Margins round half up, levels half to even, as the steps say.
    assert "⌊side · `box_margin` + 0.5⌋" in PAGE
    assert re.search(r"margin \+ 0\.5\)", code)
    assert "**Round** half to even" in PAGE
    assert re.search(r"Math\.rint|toNearestOrEven", code)


def test_the_page_has_the_numbers_of_the_reference() -> None:
    for orientations, words in (
        (model_pixels.ROWS_MIRRORED, "mirror the rows if o is 3, 4, 6 or 7"),
        (model_pixels.COLUMNS_MIRRORED, "mirror the columns if o is 2, 3, 7 or 8"),
        (model_pixels.ON_ITS_SIDE, "swap rows and columns if o is 5 to 8"),
    ):
        assert words in " ".join(PAGE.split())
        first, last = re.findall(r"\d", words)[0], re.findall(r"\d", words)[-1]
        assert (orientations[0], orientations[-1]) == (int(first), int(last))
    assert "w is above 16 h and above 8,192" in PAGE
    assert (model_pixels._WIDE, model_pixels._WIDE_COLUMNS) == (16, 8192)


def test_weights_worked_out_by_hand() -> None:
    # Of 4 inputs 2 outputs: the centre of the first is 1, the radius 2. Inputs 0..2 weigh
    # 0.75, 0.75 and 0.25 of 1.75.
    first, weights = model_pixels.spans(4, 2)[0]
    assert first == 0
    assert [round(float(weight), 6) for weight in weights] == [0.428571, 0.428571, 0.142857]
