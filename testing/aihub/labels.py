"""Content of AI Hub's label files, for drawn trees; ``dataset.aihub.clip_json`` reads them."""

from collections.abc import Sequence
from typing import Any

from dataset.boxes import PixelBox

FRAME_STEP = 6
FRAME_MS = 200
"""Frame numbers and milliseconds from one annotated frame to the next."""


def label_content(
    seq: int, species: str, moods: tuple[str, str], size: tuple[int, int], breed: str
) -> dict[str, Any]:
    """Returns a label file's JSON object without annotations.

    Args:
      seq: number of the clip.
      species: in capitals.
      moods: (the inspector's, the owner's).
      size: (width, height) of the frames, pixels.
      breed: of the animal; all other traits are the same in all files.
    """
    action = "팔을 뻗어 휘적거림"
    return {
        "file_video": f"20201028/{species.lower()}-arch-{seq:06d}.mp4",
        "metadata": {
            "seq": seq, "species": species, "action": action, "location": "실내",
            "height": size[1], "width": size[0], "duration": 16.77,
            "animal": {"breed": breed, "gender": "FEMALE", "age": 14, "neuter": "Y"},
            "owner": {"pain": "N", "disease": "N", "emotion": moods[1], "situation": "혼날 때",
                      "animalCount": 2},
            "inspect": {"action": action, "painDisease": "N", "abnormalAction": "N",
                        "emotion": moods[0]},
        },
        "annotations": [],
    }  # fmt: skip


def annotations(boxes: Sequence[PixelBox]) -> list[dict[str, Any]]:
    """Returns an annotation for each box; after every fifth, one frame is not annotated."""
    return [
        {
            "frame_number": FRAME_STEP * step,
            "timestamp": FRAME_MS * step,
            "bounding_box": {"x": box.x, "y": box.y, "width": box.width, "height": box.height},
            "keypoints": _keypoints(box),
        }
        for box, step in ((box, index + index // 5) for index, box in enumerate(boxes))
    ]


def _keypoints(box: PixelBox) -> dict[str, Any]:
    return {
        str(i): {"x": box.x + i * box.width // 16, "y": box.y + i * box.height // 16}
        for i in range(1, 16)
    } | {"2": None}
