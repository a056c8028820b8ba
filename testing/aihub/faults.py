"""Faults to plant in the label files of a drawn tree, by the expected reason of refusal."""

from collections.abc import Callable, Mapping
from typing import Any

from dataset.aihub.preparation import PrepareSettings
from schemas.prepare_reasons import PrepareReason

_OVERHANG = PrepareSettings().box_overhang
_Annotation = dict[str, Any]


def _with_box(annotation: _Annotation, **sides: float) -> _Annotation:
    return annotation | {"bounding_box": annotation["bounding_box"] | sides}


FRAME_FAULTS: Mapping[PrepareReason, Callable[[_Annotation, int], Any]] = {
    PrepareReason.FRAME_MALFORMED: lambda frame, _: frame | {"frame_number": "6"},
    # The first frame's number.
    PrepareReason.DUPLICATE_FRAME: lambda frame, _: frame | {"frame_number": 0, "timestamp": 0},
    PrepareReason.BOX_MISSING: lambda frame, _: frame | {"bounding_box": None},
    PrepareReason.BOX_MALFORMED: lambda frame, _: _with_box(frame, x=17.5),
    PrepareReason.BOX_NEGATIVE: lambda frame, _: _with_box(frame, width=-3),
    PrepareReason.BOX_EMPTY: lambda frame, _: _with_box(frame, width=0),
    # One pixel further than is allowed, so that an off-by-one error would be found.
    PrepareReason.BOX_OUTSIDE_IMAGE: lambda frame, width: _with_box(
        frame, x=width - (side := frame["bounding_box"]["width"]) + int(side * _OVERHANG + 0.5) + 1
    ),
}
"""Returns the faulty form of an annotation, which must not be the clip's first: (annotation, width
of the frame in pixels) to annotation."""
METADATA_FAULTS: Mapping[PrepareReason, Mapping[str, Any]] = {
    PrepareReason.KEY_MISSING: {"inspect": None},
    PrepareReason.VALUE_MALFORMED: {"width": "1080"},
    PrepareReason.SPECIES_MISMATCH: {"species": "HAMSTER"},
    PrepareReason.UNKNOWN_LABEL: {"inspect": {"emotion": "배고픔"}},
}
"""Faulty values of the metadata, by key."""
TEXT_FAULTS: Mapping[PrepareReason, Callable[[bytes], bytes]] = {
    PrepareReason.JSON_EMPTY: lambda _: b"",
    PrepareReason.JSON_MALFORMED: lambda text: text[: len(text) // 2],
    PrepareReason.JSON_NOT_OBJECT: lambda text: b"[" + text + b"]",
}
"""Returns the faulty form of a label file's bytes."""
