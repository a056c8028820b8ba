"""The page on input files names what the code refuses and opens."""

import re

from dataset.photos.opening import FORMATS
from schemas.limits import MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS
from schemas.reasons import RejectReason
from testing.paths import ROOT

PAGE = (ROOT / "docs" / "input-files.md").read_text("utf-8")


def test_every_reason_to_refuse_a_row_is_explained_once() -> None:
    named = [
        reason
        for line in PAGE.splitlines()
        if line.startswith("| `")
        for reason in re.findall(r"`(\w+)`", line.split("|")[1])
    ]
    assert named == [reason.value for reason in RejectReason]


def test_every_format_and_limit_is_named() -> None:
    assert all(name in PAGE.upper() for name in FORMATS)
    assert f"({MAX_IMAGE_PIXELS // 10**6} million)" in PAGE
    assert f"({MAX_IMAGE_BYTES // 2**20} MiB)" in PAGE
