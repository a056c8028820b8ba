"""LastPushed: the model that is served now, as what a new one must not fall behind.

On this machine a resolver asks ML Metadata (``components.model_resolvers.last_blessed``).
Kubeflow's compiler knows two strategies of TFX's own only, and a plain Kubeflow cluster runs no
resolver at all; the serving folder says the same, for only blessed models get there.
"""

import logging
import posixpath

from tfx.dsl.component.experimental.annotations import OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.io import fileio
from tfx.types import standard_artifacts
from tfx.utils import io_utils, path_utils

_LOGGER = logging.getLogger(__name__)


@component
def LastPushed(serving: Parameter[str], model: OutputArtifact[standard_artifacts.Model]) -> None:
    """Copies the highest version of a serving folder; puts out an empty model if there is none.

    Args:
      serving: the folder that TensorFlow Serving polls.
      model: gets the servable where TFX looks for one.
    """
    version = highest_version(serving)
    fileio.makedirs(model.uri)
    if version is None:
        _LOGGER.info("Nothing has been pushed to %s yet", serving)
        return
    io_utils.copy_dir(
        posixpath.join(serving, str(version)), path_utils.serving_model_dir(model.uri)
    )
    _LOGGER.info("The last pushed model is version %d of %s", version, serving)


def highest_version(serving: str) -> int | None:
    """Returns the highest whole version in a serving folder; None where there is none.

    A version that is being copied has no ``saved_model.pb`` yet: it comes last.
    """
    if not fileio.exists(serving):
        return None
    numbers = sorted(
        int(name)
        for name in map(_bare, fileio.listdir(serving))
        if name.isascii() and name.isdigit()
    )
    whole = [
        number
        for number in numbers
        if fileio.exists(posixpath.join(serving, str(number), "saved_model.pb"))
    ]
    return whole[-1] if whole else None


def _bare(name: str) -> str:
    # An object store's listing ends folders in a slash.
    return name.rstrip("/")
