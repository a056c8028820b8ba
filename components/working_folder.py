"""A node's own folder for what outlives a try that has failed."""

import posixpath

from schemas import artifacts


def working_folder(uri: str, key: str, name: str = artifacts.UNFINISHED) -> str:
    """Returns a folder that no other node has, and each try of this node has again.

    Not in the outputs' own folders, which TFX removes when a node fails.

    Args:
      uri: of one of the node's outputs.
      key: of that output. On this machine TFX's folders are NODE/KEY/NUMBER; on a cluster
        they are TASK/KEY, and the folder above is that of the whole run.
      name: of the folder.
    """
    folder = posixpath.dirname(uri.rstrip("/"))
    is_cluster = posixpath.basename(uri.rstrip("/")) == key
    return posixpath.join(folder if is_cluster else posixpath.dirname(folder), name)
