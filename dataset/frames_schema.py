"""Arrow schema of the Frames table."""

from schemas import frame_columns
from system.arrow import pa


def arrow_schema() -> pa.Schema:
    """Returns the schema of a Frames shard: ``frame_columns.COLUMNS``, none nullable."""
    return pa.schema(
        [
            pa.field(name, pa.type_for_alias(kind), nullable=False)
            for name, kind in frame_columns.COLUMNS.items()
        ]
    )
