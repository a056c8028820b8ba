"""Settings of the LeakCheck."""

from typing import ClassVar

from schemas.settings import SettingsGroup, setting


class LeakLimits(SettingsGroup):
    """What two splits may have in common; more stops the run."""

    GROUP: ClassVar[str] = "leak"

    max_clips: int = setting(0, "Largest number of clips in both of two splits.", ge=0)
    max_groups: int = setting(
        0, "Largest number of animals (groups) in both of two splits.", ge=0, common=True
    )
    max_picture_share: float = setting(
        0.001,
        "Largest share of eval frames that nearly equal a train frame, and likewise of each split "
        "against one before it. They can raise the share of right answers by no more than this; at "
        "two million frames some tens are alike by chance.",
        ge=0,
        le=1,
    )
    # dataset.leaks.MAX_DISTANCE, whose module would load numpy for a command's --help.
    hash_distance: int = setting(
        4,
        "Bits in which the perceptual hashes of nearly equal frames may differ, of 64. A copy that "
        "was saved again or resized differs in up to 4.",
        ge=0,
        le=8,
        unit="bits",
    )
    colour_tolerance: int = setting(
        4,
        "Difference of the mean colours of nearly equal frames, in each channel.",
        ge=0,
        le=255,
        unit="levels",
    )
