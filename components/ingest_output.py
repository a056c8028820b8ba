"""What other nodes read of the ingest: a split's shards, and the counts of its rows."""

import json
import posixpath
from collections.abc import Sequence

from tfx import types
from tfx.dsl.io import fileio
from tfx.types import artifact_utils

from schemas import artifacts
from schemas.documents.ingest import Ingest
from system.patterns import escaped
from system.storage import open_file


def shards_of(examples: Sequence[types.Artifact], split: str) -> list[str]:
    """Returns the TFRecord files of a split, in order."""
    folder = escaped(artifact_utils.get_split_uri(list(examples), split))
    return sorted(fileio.glob(posixpath.join(folder, "*")))


def read_ingest(rejects_uri: str) -> Ingest:
    """Returns what the ingest counted, which lies beside the refused rows."""
    with open_file(posixpath.join(rejects_uri, artifacts.INGEST_JSON), "r") as file:
        ingest: Ingest = json.loads(file.read())
    return ingest
