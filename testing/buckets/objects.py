"""Objects in memory, as Google Cloud Storage keeps them: by name, without folders."""

import base64
import hashlib
import struct
import threading
import time
from typing import Any, NamedTuple

import google_crc32c


class StoredObject(NamedTuple):
    """A finished object: its bytes, and what changes whenever they are written anew."""

    data: bytes
    generation: int

    @property
    def md5(self) -> str:
        return base64.b64encode(hashlib.md5(self.data).digest()).decode()

    @property
    def crc32c(self) -> str:
        return base64.b64encode(struct.pack(">I", google_crc32c.value(self.data))).decode()


class Listing(NamedTuple):
    """A page of a listing: objects by name, "folders", and where the next page begins."""

    objects: dict[str, StoredObject]
    prefixes: list[str]
    next_page: str


class PreconditionError(Exception):
    """The object is there, or is another generation than was asked for."""


class Objects:
    """The objects of a server, by bucket; several threads may use them."""

    def __init__(self, *buckets: str) -> None:
        self.buckets: dict[str, dict[str, StoredObject]] = {bucket: {} for bucket in buckets}
        self.uploads: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._generation = time.time_ns() // 1000

    def get(self, bucket: str, name: str) -> StoredObject:
        """Returns an object; raises KeyError."""
        return self.buckets[bucket][name]

    def put(
        self, bucket: str, name: str, data: bytes, generation_match: str | None = None
    ) -> StoredObject:
        """Writes an object at once; raises KeyError where there is no such bucket."""
        with self._lock:
            objects = self.buckets[bucket]
            there = objects[name].generation if name in objects else 0
            if generation_match is not None and int(generation_match) != there:
                raise PreconditionError(name)
            self._generation += 1
            objects[name] = StoredObject(data, self._generation)
            return objects[name]

    def delete(self, bucket: str, name: str) -> None:
        """Removes an object; raises KeyError."""
        with self._lock:
            del self.buckets[bucket][name]

    def begin_upload(self, state: Any) -> str:
        """Returns the id of an upload in parts, whose state is kept in ``uploads``."""
        with self._lock:
            self._generation += 1
            upload_id = str(self._generation)
        self.uploads[upload_id] = state
        return upload_id

    def listing(
        self, bucket: str, prefix: str, delimiter: str, start_after: str, limit: int
    ) -> Listing:
        """Returns what begins with a prefix, in the order of the names; raises KeyError."""
        with self._lock:
            names = sorted(self.buckets[bucket])
            found: dict[str, StoredObject] = {}
            prefixes: list[str] = []
            last = ""
            for name in names:
                if not name.startswith(prefix):
                    continue
                rest = name[len(prefix) :]
                folder = ""
                if delimiter and delimiter in rest:
                    folder = prefix + rest[: rest.index(delimiter) + len(delimiter)]
                if (folder or name) <= start_after or (folder and folder == last):
                    continue
                if len(found) + len(prefixes) == limit:
                    return Listing(found, prefixes, last)
                last = folder or name
                if folder:
                    prefixes.append(folder)
                else:
                    found[name] = self.buckets[bucket][name]
            return Listing(found, prefixes, "")
