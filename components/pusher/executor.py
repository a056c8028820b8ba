"""The Pusher's executor: a version appears in the serving folder whole and warm, or not at all.

TFX's own executor copies into the serving folder itself. There a polling server may load half a
version, and a crash may leave one.
"""

import posixpath
import time
from pathlib import Path
from typing import Any

from absl import logging
from tfx import types
from tfx.components.pusher import executor as tfx_pusher
from tfx.proto import pusher_pb2
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import io_utils, proto_utils

from components.pusher import object_store, warm_up
from components.pusher.versions import Push, PushedModel, push_version
from schemas import artifacts


class Executor(tfx_pusher.Executor):
    """Pushes a blessed model to ``<base_directory>/<version>`` by a rename.

    The version is the second in which the model was created, or one more than the highest version
    so far, if that is more. A model has one version, however often it is pushed, and a later model
    has a higher one. An object store cannot rename folders: ``components.pusher.object_store``
    says what it gets.
    """

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Pushes the model, or marks the output as not pushed where a blessing is missing."""
        destination = pusher_pb2.PushDestination()
        proto_utils.json_to_proto(
            exec_properties[standard_component_specs.PUSH_DESTINATION_KEY], destination
        )
        base = destination.filesystem.base_directory
        pushed = artifact_utils.get_single_instance(
            output_dict[standard_component_specs.PUSHED_MODEL_KEY]
        )
        if not self.CheckBlessing(input_dict):
            self._MarkNotPushed(pushed)
            return

        source = self.GetModelPath(input_dict)
        model = artifact_utils.get_single_instance(input_dict[standard_component_specs.MODEL_KEY])
        push = _pushed(source, base, model)
        io_utils.copy_dir(source, pushed.uri)
        self._MarkPushed(
            pushed,
            pushed_destination=posixpath.join(base, str(push.version)),
            pushed_version=str(push.version),
        )
        if push.manifest_sha256 is not None:
            pushed.set_string_custom_property(artifacts.MANIFEST_SHA256, push.manifest_sha256)
        how = "Pushed" if push.is_new else "Had already pushed"
        logging.info("%s version %d to %s", how, push.version, base)


def _pushed(source: str, base: str, model: types.Artifact) -> Push:
    """Pushes a servable into a serving folder; returns its version."""
    if "://" in base:
        name = base.rstrip("/").rpartition("/")[2]
        return object_store.push_version(
            source, base, int(time.time()), lambda staged: warm_up.add(staged, name)
        )
    created = model.mlmd_artifact.create_time_since_epoch
    # The model's name is the folder's, as in ``deploy/serving/models.config``.
    return push_version(
        Path(source),
        Path(base),
        PushedModel(model.uri, created),
        created // 1000 or int(time.time()),
        lambda staged: warm_up.add(staged, Path(base).name),
    )
