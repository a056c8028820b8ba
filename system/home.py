"""A home folder and a user's name for processes that have none.

A container may run under any number as its user (OpenShift, ``docker run --user``), without an
entry in /etc/passwd and without ``HOME``. Matplotlib, which Keras imports, and ``getpass`` then
raise errors (matplotlib issue 17707).
"""

import atexit
import getpass
import os
import shutil
import tempfile
from pathlib import Path


def ensure_home() -> None:
    """Gives the process and its children a home folder until its end, if it has none.

    What libraries keep there, such as Keras' downloaded weights, is lost with it: ``KERAS_HOME``
    names a lasting folder.
    """
    if not os.environ.get("HOME", "absent"):
        del os.environ["HOME"]
    try:
        Path.home()
    except RuntimeError:
        folder = tempfile.mkdtemp(prefix="pet_mood-home-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ["HOME"] = folder
    try:
        getpass.getuser()
    except (KeyError, OSError):  # OSError from Python 3.13 on.
        os.environ["LOGNAME"] = f"user-{os.getuid()}"
