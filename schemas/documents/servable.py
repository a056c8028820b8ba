"""What the ServableCheck asked and was answered."""

from typing import TypedDict


class ServableCheckRecord(TypedDict):
    """One check of the servable, such as "tf1_loader"; ``message`` says what was measured."""

    check: str
    passed: bool
    message: str


class ProbeRequest(TypedDict):
    """What the process that probes a servable is given.

    It can import nothing of this project, so the names of ``schemas.signatures`` are in here.

    Attributes:
      servable: folder of the SavedModel.
      records: a TFRecord file of Examples.
      expected: a .npy file with the trained model's probabilities of them, float32[n, k].
      signatures: names of all signatures that there must be.
      signature: the signature that is called.
      input: its input.
      status: its output with the statuses.
      ok: the status of a good picture.
      mood: its output with the moods' names.
      probabilities: its output with the probabilities.
    """

    servable: str
    records: str
    expected: str
    signatures: list[str]
    signature: str
    input: str
    status: str
    ok: str
    mood: str
    probabilities: str


class ProbeResult(TypedDict):
    """Checks of a servable in a clean process, on ``pictures`` Examples."""

    pictures: int
    checks: list[ServableCheckRecord]


class Servable(ProbeResult):
    """``SERVABLE_JSON``; ``passed`` is true where all checks passed."""

    passed: bool
