"""What the ingest needs to know, as it travels to the executor and to Beam's workers."""

from dataclasses import dataclass

from dataset.partition import Block
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
    """

    data: DataSettings
    thin: ThinSettings
    moods: tuple[str, ...]
    side: int
    image_root: str = ""
    photos: str = ""
    code: str = ""
    labelled: bool = True


def unlabelled(settings: IngestSettings) -> IngestSettings:
    """Returns the same for rows without labels, which nothing is trained on."""
    data = settings.data.replace(surplus=0.0)
    return settings.replace(data=data, thin=ThinSettings(), labelled=False)


@dataclass(frozen=True)
class ShardJob:
    """One worker's task: a block of rows becomes a shard of Examples and one of frames.

    Attributes:
      block: the rows.
      settings: how they are read.
      image_root: folder that relative image paths start from.
      thinned: whether ``settings.thin`` applies to the block's split.
      whole_moods: moods of which every frame is kept all the same.
      stem: path of the files that the worker writes, without their endings.
      split_rows: rows of the whole split, for the progress.
    """

    block: Block
    settings: IngestSettings
    image_root: str
    thinned: bool
    whole_moods: frozenset[str]
    stem: str
    split_rows: int

    @property
    def shard_name(self) -> str:
        """Name of the block's shards, without ending."""
        return f"{self.block.number:05d}-of-{self.block.num_blocks:05d}"
