"""What the ingest stores for the locator."""

from dataset.scenes import SceneSettings
from pipeline.config import Settings


def scene_settings(settings: Settings) -> SceneSettings:
    """Returns which photos are stored whole; none without a locator."""
    locate = settings.locate
    if not locate.enabled:
        return SceneSettings()
    return SceneSettings(
        side=locate.scene_side, judged_side=locate.judged_side, per_clip=locate.frames_per_clip
    )
