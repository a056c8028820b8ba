"""The ingest's settings and jobs, which are sent to its executor and to Beam's workers."""

from dataclasses import dataclass

from dataset.partition import SPLIT_BUCKETS, Block
from dataset.scenes import SceneSettings
from dataset.settings import DataSettings
from dataset.thinning import ThinSettings
from schemas.settings import SettingsGroup


class IngestSettings(SettingsGroup):
    """How PetExampleGen reads rows; as JSON it is part of the node's cache key.

    Attributes:
      data: rules for rows, boxes and stored crops.
      thin: which frames of the training clips are kept.
      moods: names in index order; a row with another label is refused.
      side: the training resolution, pixels.
      image_root: folder that relative image paths start from; "" is the CSV's own folder.
      photos: fingerprint of the photos; changes when one of them does.
      code: version of our code; only there to be part of the cache key.
      labelled: whether the rows have labels; otherwise the Examples have none either.
      scenes: which photos are stored whole and small, too; see ``dataset.scenes``.
    """

    data: DataSettings
    thin: ThinSettings
    moods: tuple[str, ...]
    side: int
    image_root: str = ""
    photos: str = ""
    code: str = ""
    labelled: bool = True
    scenes: SceneSettings = SceneSettings()

    @property
    def validation_share(self) -> int:
        """How many of ``SPLIT_BUCKETS`` of train become validation."""
        return round(self.data.validation_fraction * SPLIT_BUCKETS)


def unlabelled(settings: IngestSettings) -> IngestSettings:
    """Returns the settings for rows without labels, which are never trained on."""
    data = settings.data.replace(surplus=0.0, validation_fraction=0.0)
    return settings.replace(data=data, thin=ThinSettings(), labelled=False, scenes=SceneSettings())


@dataclass(frozen=True)
class ShardJob:
    """One worker's task: a block of rows becomes a shard of Examples and one of frames.

    Attributes:
      block: the rows.
      settings: how the rows are read.
      image_root: folder that relative image paths start from.
      thinned: whether ``settings.thin`` applies to the block's split.
      unthinned_moods: moods of which every frame is kept even so.
      stem: path of the files that the worker writes, without their endings.
      split_rows: number of rows of the whole split, for the progress.
      earlier: files with the frames that earlier results have of the block's clips.
    """

    block: Block
    settings: IngestSettings
    image_root: str
    thinned: bool
    unthinned_moods: frozenset[str]
    stem: str
    split_rows: int
    earlier: tuple[str, ...] = ()

    @property
    def shard_name(self) -> str:
        """Name of the block's shards, without ending."""
        return f"{self.block.number:05d}-of-{self.block.num_blocks:05d}"
