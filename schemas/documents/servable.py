"""What the ServableCheck asked and was answered."""

from typing import TypedDict


class ServableCheckRecord(TypedDict):
    """One check of the servable, such as "tf1_loader"; ``message`` says what was measured."""

    check: str
    passed: bool
    message: str


class Expected(TypedDict):
    """``EXPECTED_JSON``: predictions of the trained network, in float32 on a CPU.

    Attributes:
      moods: names in index order, as the training's labels had them.
      probabilities: [n][k], of the Examples in ``EXPECTED_RECORDS``.
      boxes: [n][4], (y, x, height, width) in pixels of each Example's crop.
      box_probabilities: [n][k], of these boxes on the crops, with the settings' margin.
      rounding: largest difference of a log-probability when the kernels are rounded to 10 bits.
      places: [m][4], (top, left, bottom, right) over the sides, of the best place in each scene
        of ``EXPECTED_SCENES``; empty without a locator.
      scores: [m], of these places.
      min_score: score from which on a place is an animal.
    """

    moods: list[str]
    probabilities: list[list[float]]
    boxes: list[list[int]]
    box_probabilities: list[list[float]]
    rounding: float
    places: list[list[float]]
    scores: list[float]
    min_score: float


class ProbeRequest(TypedDict):
    """What the process that probes a servable is given.

    It can import nothing of this project, so the names of ``schemas.signatures`` are in here.

    Attributes:
      servable: folder of the SavedModel.
      records: a TFRecord file of Examples.
      expected: the file with ``Expected``.
      scenes: a TFRecord file of Examples with scenes; "" where the servable has no locator.
      scene_feature: feature of an Example with its scene.
      by_photo: the signature that takes photos alone, and ``found`` its output with scores.
      no_animal: the status of a photo without an animal.
      image_feature: feature of an Example with its crop.
      signatures: names of all signatures that there must be.
      by_example: the signature that takes Examples, and ``examples`` its input.
      by_box: the signature that takes boxes, and ``image`` and ``box`` its inputs.
      status: output with the statuses.
      ok: the status of a good picture.
      mood: output with the likeliest moods' names.
      moods: output with all moods' names, in index order.
      probabilities: output with the probabilities.
    """

    servable: str
    records: str
    expected: str
    scenes: str
    scene_feature: str
    by_photo: str
    found: str
    no_animal: str
    image_feature: str
    signatures: list[str]
    by_example: str
    examples: str
    by_box: str
    image: str
    box: str
    status: str
    ok: str
    mood: str
    moods: str
    probabilities: str


class ProbeResult(TypedDict):
    """Checks of a servable in a clean process, on ``pictures`` Examples."""

    pictures: int
    checks: list[ServableCheckRecord]


class Servable(ProbeResult):
    """``SERVABLE_JSON``; ``passed`` is true where all checks passed."""

    passed: bool
