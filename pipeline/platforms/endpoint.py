"""A Vertex AI endpoint that a pushed model is deployed to as well."""

from typing import Any

from tfx.extensions.google_cloud_ai_platform import constants
from tfx.v1.extensions import google_cloud_ai_platform

from pipeline import nodes
from pipeline.cluster_settings import ClusterSettings


def endpoint_pusher(
    cluster: ClusterSettings, project: str | None, region: str | None, pusher: Any, **blessed: Any
) -> Any:
    """Returns TFX's node that deploys what was pushed.

    Args:
      cluster: whose ``endpoint`` is set.
      project: Vertex AI's.
      region: Vertex AI's.
      pusher: the node that has pushed it before; its folder stays what a new model is compared
        with.
      **blessed: channels "model", "model_blessing" and "infra_blessing".
    """
    node = google_cloud_ai_platform.Pusher(
        **blessed,
        custom_config={
            constants.ENABLE_VERTEX_KEY: True,
            constants.VERTEX_REGION_KEY: region,
            constants.VERTEX_CONTAINER_IMAGE_URI_KEY: cluster.endpoint_image,
            constants.SERVING_ARGS_KEY: {
                "project": project,
                "endpoint_name": cluster.endpoint,
                "machine_type": cluster.endpoint_machine_type,
            },
        },
    ).with_id(nodes.ENDPOINT_PUSHER)
    node.add_upstream_node(pusher)
    return node
