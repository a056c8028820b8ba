"""Documents of earlier runs (``report.overview.history``) that nothing needs any more."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from report.overview.history import documents_beyond_trend
from system.pushed_versions import version_number


def old_records(output: Path, results: int, versions: Collection[int]) -> list[Path]:
    """Returns the documents that go, the oldest first.

    Stay do those that the trend may read, and for each version in the serving folder, and for the
    model that was blessed last, the newest document that tells of it.

    Args:
      output: the output folder.
      results: so many documents stay at least.
      versions: numbers of the versions that stay.
    """
    recent, older = documents_beyond_trend(output, results)
    if not older:
        return []
    told = [_told(path) for path in recent]
    known = {one.version for one in told}
    blessed = any(one.blessed for one in told)
    going = []
    for path in older:  # The newest first.
        one = _told(path)
        is_last_blessed = one.blessed and not blessed
        if is_last_blessed or (one.version in versions and one.version not in known):
            known.add(one.version)
            blessed = blessed or one.blessed
        else:
            going.append(path)
    return going[::-1]


class _Told(NamedTuple):
    """The version that a run has pushed, None without one; and whether its model was blessed."""

    version: int | None
    blessed: bool


def _told(path: Path) -> _Told:
    try:
        document = json.loads(path.read_text("utf-8"))
        pushed = document["record"]["pushed"]
        verdict = (document["metrics"] or {}).get("verdict") or {}
        return _Told(
            version_number(Path(pushed).name) if pushed else None, verdict.get("blessed") is True
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return _Told(None, False)  # The trend leaves it out too.
