"""Settings of the gateway, by group: ``serve.py --set limit.photo_pixels=24000000``."""

from typing import ClassVar

from pydantic import model_validator

from dataset.settings import DataSettings
from schemas.errors import ConfigError
from schemas.limits import MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS
from schemas.settings import SettingsGroup, setting


class LimitSettings(SettingsGroup):
    """What clients may ask of the gateway: bytes, pixels, photos a second, time."""

    GROUP: ClassVar[str] = "limit"

    upload_bytes: int = setting(32 << 20, "Largest body of a request (413).", ge=1024, unit="bytes")
    all_uploads_bytes: int = setting(
        256 << 20, "Bodies in memory at the same time; one more gets 503.", ge=1024, unit="bytes"
    )
    photo_bytes: int = setting(
        20 << 20, "Largest encoded photo (413).", ge=1024, le=MAX_IMAGE_BYTES, unit="bytes"
    )
    photo_pixels: int = setting(
        MAX_IMAGE_PIXELS,
        "Largest photo, height x width, by its header (413). A model refuses more than 64 million "
        "itself.",
        ge=1,
        le=MAX_IMAGE_PIXELS,
        unit="pixels",
    )
    photos: int = setting(64, "Photos in one request of TensorFlow Serving's form.", ge=1, le=4096)
    photos_per_second: float = setting(
        100.0,
        "Photos that one client (its token, or else its address) may send in a second, in the "
        "long run (429). 0 is no limit.",
        ge=0,
    )
    burst: int = setting(
        200, "Photos that a client may send at once after a pause, at least limit.photos.", ge=1
    )
    at_work: int = setting(
        16, "Requests that are with the model at the same time.", ge=1, le=10_000
    )
    waiting: int = setting(64, "Requests that may wait for that; one more gets 503.", ge=0)
    waiting_seconds: float = setting(5.0, "Longest wait (503).", gt=0, unit="seconds")
    stall_seconds: float = setting(10.0, "Longest pause within a body (408).", gt=0, unit="seconds")
    upload_seconds: float = setting(60.0, "Longest time for a body (408).", gt=0, unit="seconds")
    header_seconds: float = setting(
        10.0,
        "From a connection to the end of its first request's header; then it is closed.",
        gt=0,
        unit="seconds",
    )
    write_seconds: float = setting(
        10.0, "How long a client may leave an answer unread.", gt=0, unit="seconds"
    )
    connections: int = setting(512, "Open connections (HTTP).", ge=2)
    retry_seconds: int = setting(
        2, "After which a refused client should try again (Retry-After).", ge=1, unit="seconds"
    )

    @model_validator(mode="after")
    def _check(self) -> "LimitSettings":
        if self.burst < self.photos:
            raise ConfigError(
                "limit.burst must be at least limit.photos, else a full request never passes. "
                f"Received: {self.burst} and {self.photos}"
            )
        return self


class LogSettings(SettingsGroup):
    """The request log: which requests, what of them, and how long it is kept."""

    GROUP: ClassVar[str] = "log"

    folder: str = setting("", "Folder on this machine for the log's Parquet files; empty is none.")
    share: float = setting(1.0, "Share of the requests that are logged, by chance.", ge=0, le=1)
    photos: bool = setting(
        False,
        "Keep the photos too. Without it the log has numbers and words only, from which no photo "
        "can be made again.",
    )
    rows: int = setting(2000, "Rows after which a file is written.", ge=1, le=1_000_000)
    seconds: float = setting(
        300.0, "Time after which a file is written, if there are rows.", gt=0, unit="seconds"
    )
    days: float = setting(30.0, "Age at which a file is deleted.", gt=0, unit="days")
    max_bytes: int = setting(
        1 << 30, "Size of all files; beyond it the oldest are deleted.", ge=1 << 16, unit="bytes"
    )
    queue_bytes: int = setting(
        64 << 20,
        "Requests that wait to be measured and written; more are left out and counted.",
        ge=1 << 16,
        unit="bytes",
    )
    resolution: int = setting(
        224,
        "Side to which a view is shrunk before it is measured: the model's model.resolution.",
        ge=8,
        le=4096,
        unit="pixels",
    )
    box_margin: float = setting(
        DataSettings().box_margin,
        "Margin of the view around a box: that of the model's training, data.box_margin.",
        ge=0,
        le=2,
    )
