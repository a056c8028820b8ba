"""LastPushed: the model that is served now, as the baseline of an evaluation.

On this machine a resolver finds the baseline in ML Metadata
(``components.model_resolvers.last_blessed``). Kubeflow's compiler supports two of TFX's own
strategies alone, and a plain Kubeflow cluster runs no resolver at all. The serving folder gives the
same model, because only blessed models are pushed.
"""

import logging
import posixpath

from tfx.dsl.component.experimental.annotations import OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.io import fileio
from tfx.types import standard_artifacts
from tfx.utils import io_utils, path_utils

from components import serving_folder

_LOGGER = logging.getLogger(__name__)


@component
def LastPushed(serving: Parameter[str], model: OutputArtifact[standard_artifacts.Model]) -> None:
    """Copies the highest version of a serving folder; the model is empty if there is none.

    Args:
      serving: the folder that TensorFlow Serving watches.
      model: the output; the servable is copied to TFX's folder for it.

    Raises:
      ConfigError: the copy's files are not those of the version's manifest.
    """
    version = highest_version(serving)
    fileio.makedirs(model.uri)
    if version is None:
        _LOGGER.info("Nothing has been pushed to %s yet", serving)
        return
    copy = path_utils.serving_model_dir(model.uri)
    io_utils.copy_dir(posixpath.join(serving, str(version)), copy)
    # The copy, for that is what will be loaded.
    if serving_folder.check_version(copy) is None:
        _LOGGER.warning("Version %d has no manifest: nothing vouches for its contents", version)
    _LOGGER.info("The last pushed model is version %d of %s", version, serving)


def highest_version(serving: str) -> int | None:
    """Returns the highest whole version in a serving folder; None where there is none.

    A version that is being copied has no ``saved_model.pb`` yet, because that file comes last.
    """
    whole = [
        number
        for number in serving_folder.version_numbers(serving)
        if fileio.exists(posixpath.join(serving, str(number), serving_folder.GRAPH))
    ]
    return whole[-1] if whole else None
