"""Faults of a label file, by the reason that each is to be refused for, for drawn trees."""

from collections.abc import Callable, Mapping
from typing import Any

from schemas.prepare_reasons import PrepareReason

_Annotation = dict[str, Any]


def _with_box(annotation: _Annotation, **sides: float) -> _Annotation:
    return annotation | {"bounding_box": annotation["bounding_box"] | sides}


FRAME_FAULTS: Mapping[PrepareReason, Callable[[_Annotation, int], Any]] = {
    PrepareReason.FRAME_MALFORMED: lambda frame, _: frame | {"frame_number": "6"},
    # The first frame's number.
    PrepareReason.DUPLICATE_FRAME: lambda frame, _: frame | {"frame_number": 0, "timestamp": 0},
    PrepareReason.BOX_MISSING: lambda frame, _: frame | {"bounding_box": None},
    PrepareReason.BOX_MALFORMED: lambda frame, _: _with_box(frame, x=17.5),
    PrepareReason.BOX_NEGATIVE: lambda frame, _: _with_box(frame, x=-3),
    PrepareReason.BOX_EMPTY: lambda frame, _: _with_box(frame, width=0),
    # One pixel past the right edge, so that an off-by-one shows.
    PrepareReason.BOX_OUTSIDE_IMAGE: lambda frame, width: _with_box(
        frame, x=width - frame["bounding_box"]["width"] + 1
    ),
}
"""What becomes of an annotation that is not the first, given the frame's width in pixels."""
METADATA_FAULTS: Mapping[PrepareReason, Mapping[str, Any]] = {
    PrepareReason.KEY_MISSING: {"inspect": None},
    PrepareReason.VALUE_MALFORMED: {"width": "1080"},
    PrepareReason.SPECIES_MISMATCH: {"species": "HAMSTER"},
    PrepareReason.UNKNOWN_LABEL: {"inspect": {"emotion": "배고픔"}},
}
"""What takes the place of values in the metadata."""
TEXT_FAULTS: Mapping[PrepareReason, Callable[[bytes], bytes]] = {
    PrepareReason.JSON_EMPTY: lambda _: b"",
    PrepareReason.JSON_MALFORMED: lambda text: text[: len(text) // 2],
    PrepareReason.JSON_NOT_OBJECT: lambda text: b"[" + text + b"]",
}
"""What becomes of the file's bytes."""
