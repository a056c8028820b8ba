"""Arrow for the whole project: every module imports it from here, or reads by ``system.parquet``.

A file's schema may hold a pickle, which Arrow below 14.0.1 runs while it reads the schema
(CVE-2023-47248). TFX 1.16 needs Arrow 10, so that ``pyarrow_hotfix`` refuses such files; it works
in the process that has installed it, which is why it stands beside the import of Arrow.
"""

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow_hotfix

pyarrow_hotfix.install()

PICKLE = "arrow.py_extension_type"
"""Arrow's name of the column type that is a pickle."""

__all__ = ["PICKLE", "pa", "pq"]
