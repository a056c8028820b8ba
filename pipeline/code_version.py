"""A version of our own code and schema for TFX's cache keys.

TFX's cache sees a node's inputs and settings. Code that is named by a dotted path, and a
schema file by its path, could change unseen, and a run would show results of older code.
"""

import hashlib
from modulefinder import ModuleFinder
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCHEMA_FILE = ROOT / "schemas" / "schema.pbtxt"


def code_version(*modules: str) -> str:
    """Returns a hash of the source of some modules and of all that they import of this project.

    Imports inside functions count too. What a node does not import does not: a change of the
    network does not read two million photos anew.

    Args:
      modules: dotted names of the modules that a node runs.

    Raises:
      ImportError: there is no such module.
    """
    digest = hashlib.sha256()
    for path in sources(*modules):
        digest.update(f"{path.relative_to(ROOT).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def sources(*modules: str) -> list[Path]:
    """Returns the files of some modules and of all that they import of this project, sorted."""
    # Whatever is not below this folder is not found, and left out.
    finder = ModuleFinder(path=[str(ROOT)])
    for module in modules:
        finder.import_hook(module)
    files = (vars(module)["__file__"] for module in finder.modules.values())
    return sorted(Path(file) for file in files if file is not None)


def versioned_schema(output: Path) -> Path:
    """Returns a copy of the schema under ``output`` whose path changes with its content."""
    content = SCHEMA_FILE.read_bytes()
    copy = output / "schema" / hashlib.sha256(content).hexdigest()[:16] / "schema.pbtxt"
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(content)
    return copy
