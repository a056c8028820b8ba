"""What is asked of the exports of a model, and what became of them."""

from typing import TypedDict

from typing_extensions import NotRequired


class LocatorExport(TypedDict):
    """The locator in one format, asked eval photos without a box and pictures of background.

    Attributes:
      kept: whether it finds what the servable finds; else the format takes photos as a whole.
      reason: the rule and the figures that decided.
      max_difference: largest difference of a score to the servable's; None where the locator could
        not be converted or asked.
      same_finds: share of photos with the servable's find: none, or nearly its box; likewise.
      same_empty: the same of pictures of background beside the animals; None also where there are
        none, and missing in documents of before, like ``milliseconds``.
      bytes: of its model files; likewise.
      milliseconds: median of one look of two at one picture; see ``Export``.
    """

    kept: bool
    reason: str
    max_difference: float | None
    same_finds: float | None
    same_empty: NotRequired[float | None]
    bytes: int | None
    milliseconds: NotRequired[float | None]


class Export(TypedDict):
    """One format of the exported network.

    Attributes:
      format: one of ``schemas.exports.FORMATS``.
      kept: whether it answers as the servable does.
      reason: the rule and the figures that decided.
      max_difference: largest difference of a probability to the servable's; None where the network
        could not be converted or asked.
      same_mood: share of rows with the servable's mood; likewise.
      macro_f1: on these rows; likewise.
      bytes: of all its model files; likewise.
      milliseconds: median of single pictures, for the network alone, on the machine of the run.
      locator: None of a model without one, and missing in documents of before.
    """

    format: str
    kept: bool
    reason: str
    max_difference: float | None
    same_mood: float | None
    macro_f1: float | None
    bytes: int | None
    milliseconds: float | None
    locator: NotRequired[LocatorExport | None]


class Exports(TypedDict):
    """``EXPORTS_JSON``.

    Attributes:
      version: of the pushed model; None where nothing was pushed, and so nothing exported.
      folder: of the formats; None where nothing was exported.
      rows: eval rows that each format was asked.
      macro_f1: the servable's on these rows.
      macro_f1_interval: of that, 95 %, by animals or clips.
      exports: by format, in the order of the setting.
    """

    version: str | None
    folder: str | None
    rows: int
    macro_f1: float | None
    macro_f1_interval: list[float] | None
    exports: list[Export]


class ExportSplit(TypedDict):
    """Shards of a split, and the number of Examples in all of them."""

    shards: list[str]
    total: int


class ExportJob(TypedDict):
    """What a process that makes exports is told.

    Attributes:
      checkpoint: file of the trained network, for Keras.
      locator: file of the trained locator; "" where the servable has none.
      servable: SavedModel that the formats are compared with.
      formats: to make, of ``schemas.exports.FORMATS``.
      eval, train: rows to compare on, and to calibrate 8 bits on.
      rows, calibration_rows: how many of them, at most.
      folder: gets a sub-folder for each format that is kept, ``ASKED_JSON``, and a file with
        ``Export`` for each format that is done.
    """

    checkpoint: str
    locator: str
    servable: str
    formats: list[str]
    eval: ExportSplit
    train: ExportSplit
    rows: int
    calibration_rows: int
    folder: str


class Asked(TypedDict):
    """``ASKED_JSON``: what each format was compared with; see ``Exports``."""

    rows: int
    macro_f1: float
    macro_f1_interval: list[float]
