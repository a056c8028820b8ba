"""The ingest's settings and jobs, which are sent to its executor and to Beam's workers."""

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

from dataset.partition import Block
from dataset.settings import DataSettings
from dataset.thinning import ThinSettings


@dataclass(frozen=True)
class IngestSettings:
    """How PetExampleGen reads rows; as JSON it is part of the node's cache key.

    Attributes:
      data: rules for rows, boxes and stored crops.
      thin: which frames of the training clips are kept.
      moods: names in index order; a row with another label is refused.
      side: the training resolution, pixels.
      image_root: folder that relative image paths start from; "" is the CSV's own folder.
      photos: fingerprint of the photos; changes when one of them does.
      code: version of our code; only there to be part of the cache key.
      labelled: whether the rows have labels; else there is none in the Examples either.
    """

    data: DataSettings
    thin: ThinSettings
    moods: tuple[str, ...]
    side: int
    image_root: str = ""
    photos: str = ""
    code: str = ""
    labelled: bool = True

    def to_json(self) -> str:
        """Returns the settings as JSON with a fixed order of keys."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "IngestSettings":
        """Returns the settings that ``to_json`` wrote."""
        fields: dict[str, Any] = json.loads(text)
        return cls(
            **{
                **fields,
                "data": DataSettings(**fields["data"]),
                "thin": ThinSettings(**fields["thin"]),
                "moods": tuple(fields["moods"]),
            }
        )


def unlabelled(settings: IngestSettings) -> IngestSettings:
    """Returns the settings for rows without labels, which are never trained on."""
    data = dataclasses.replace(settings.data, surplus=0.0)
    return dataclasses.replace(settings, data=data, thin=ThinSettings(), labelled=False)


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
    """

    block: Block
    settings: IngestSettings
    image_root: str
    thinned: bool
    unthinned_moods: frozenset[str]
    stem: str
    split_rows: int

    @property
    def shard_name(self) -> str:
        """Name of the block's shards, without ending."""
        return f"{self.block.number:05d}-of-{self.block.of:05d}"
