"""Puts a version's exports beside the serving folder, where no server looks.

A version is ``<exports>/<version>`` with a folder for each kept format. Each of them stands alone:
model, label map, parameters of the preprocessing, and a manifest with the SHA-256 of all files.
"""

import json
import posixpath
import tempfile
from pathlib import Path

from tfx.dsl.io import fileio

from schemas import exports, signatures
from schemas.documents.exports import Exports
from system import manifest
from system.buckets import folders
from system.files import PARTIAL, put, remove


def complete(made: Path, servable: str, document: Exports) -> None:
    """Adds to each format's folder what it needs to stand alone, and the document above them.

    Args:
      made: a folder with a sub-folder for each kept format.
      servable: the SavedModel that they are exports of.
      document: is written to ``EXPORTS_JSON``.
    """
    extras = posixpath.join(servable, signatures.EXTRAS_FOLDER)
    for export in document["exports"]:
        if export["kept"]:
            folder = made / export["format"]
            for name in (signatures.LABELS_ASSET, signatures.SPEC_ASSET):
                fileio.copy(posixpath.join(extras, name), str(folder / name), overwrite=True)
            located = export.get("locator")
            if located is None or not located["kept"]:
                _take_photos_whole(folder / signatures.SPEC_ASSET)
            manifest.write(folder)
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    (made / exports.EXPORTS_JSON).write_text(text, "utf-8")


def _take_photos_whole(path: Path) -> None:
    """Takes the locator out of the parameters, for a format that has none."""
    document = json.loads(path.read_text("utf-8"))
    if document.get("locator") is not None:
        path.write_text(json.dumps({**document, "locator": None}, ensure_ascii=False), "utf-8")


def publish(made: Path, target: str) -> None:
    """Moves a version's exports to a folder, or sends them to a bucket, ``EXPORTS_JSON`` last.

    On this machine they appear by a rename. Exports that the version had before are replaced.
    """
    if "://" in target:
        folders.upload(made, target, last=[exports.EXPORTS_JSON])
        return
    path = Path(target)
    old = path.with_name(path.name + exports.OLD)
    remove(old)
    if path.exists():
        path.rename(old)
    put(made, path)
    remove(old)


def working_folder(target: str) -> Path:
    """Returns a new empty folder in which the exports for ``target`` are made."""
    if "://" in target:
        return Path(tempfile.mkdtemp(prefix="pet-mood-exports-"))
    folder = Path(target + PARTIAL)
    remove(folder)
    folder.mkdir(parents=True)
    return folder
