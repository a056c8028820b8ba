"""A version of our own code and schema for TFX's cache keys.

TFX's cache sees a node's inputs and settings. Code that is named by a dotted path, and a
schema file by its path, could change unseen, and a run would show results of older code.
"""

import hashlib
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCHEMA_FILE = ROOT / "schemas" / "schema.pbtxt"


def code_version(*folders: str) -> str:
    """Returns a hash over the source of some folders and files, and of what all build on.

    Args:
      folders: those whose code does the node's work, relative to the project's root. Only
        they are named, so that a change to the network does not read two million photos anew.
    """
    digest = hashlib.sha256()
    for folder in (*folders, "dataset", "schemas"):
        place = ROOT / folder
        # Not in sub-folders: in "dataset" they make data, and no node imports them.
        for path in [place] if place.is_file() else sorted(place.glob("*.py")):
            digest.update(f"{path.relative_to(ROOT).as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def versioned_schema(output: Path) -> Path:
    """Returns a copy of the schema under ``output`` whose path changes with its content."""
    content = SCHEMA_FILE.read_bytes()
    copy = output / "schema" / hashlib.sha256(content).hexdigest()[:16] / "schema.pbtxt"
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(content)
    return copy
