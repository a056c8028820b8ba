"""The pipeline as the specification that Kubeflow Pipelines and Vertex AI run.

TFX's compiler writes the graph. Retries, which nodes are reused, an ExampleGen's resources and the
parameters' defaults, for which it has no words, are added to what it writes.
"""

import json
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2
from tfx import v1 as tfx
from tfx.extensions.google_cloud_ai_platform import constants
from tfx.extensions.google_cloud_ai_platform.trainer import executor as vertex_trainer

from components.tuner import on_vertex
from pipeline import nodes
from pipeline.cluster_settings import ClusterSettings
from pipeline.config import Settings
from pipeline.pipeline import pipeline_at
from pipeline.platforms.cluster import DATA_ROOT, DATA_VERSION, ClusterPlatform
from pipeline.run_inputs import ClusterInputs

JOB_JSON = "pipeline.json"
"""A PipelineJob, which Vertex AI takes."""
SPEC_YAML = "pipeline.yaml"
"""The PipelineSpec in it alone, which Kubeflow takes."""

_DATA_NODES = (
    *(nodes.EXAMPLE_GEN, nodes.STATISTICS_GEN, nodes.LEAK_CHECK),
    *(nodes.UNLABELLED_GEN, nodes.BULK_INFERRER),
)
_JOBS = {nodes.TRAINER: vertex_trainer.GenericExecutor, nodes.TUNER: on_vertex.Executor}
"""The nodes that train, and what has Vertex AI do it on several machines."""
_ALWAYS_RUN = (nodes.LAST_BLESSED,)
"""Looks at the serving folder, which changes without its inputs changing."""

Resources = pipeline_spec_pb2.PipelineDeploymentConfig.PipelineContainerSpec.ResourceSpec


def compiled(
    settings: Settings,
    inputs: ClusterInputs,
    image: str,
    *,
    project: str | None = None,
    region: str | None = None,
    service_account: str | None = None,
) -> dict[str, Any]:
    """Returns the pipeline as a PipelineJob, in JSON's terms.

    Args:
      settings: how it works, and what its nodes get.
      inputs: what it works on.
      image: that every node runs in.
      project: Vertex AI's, for a training on several machines and for an endpoint.
      region: the same.
      service_account: that those machines run as; None is Vertex AI's default.

    Raises:
      ConfigError: the settings ask for what there is not on a cluster.
    """
    pipeline = pipeline_at(ClusterPlatform(inputs, project=project, region=region), settings)
    for node in pipeline.components:
        if node.id in _JOBS and settings.cluster.machines > 1:
            job_spec = _several_machines(settings.cluster, image)
            if service_account:
                job_spec["service_account"] = service_account
            _have_vertex_train(node, job_spec, str(project), str(region))
    runner = tfx.orchestration.experimental.KubeflowV2DagRunner(
        config=tfx.orchestration.experimental.KubeflowV2DagRunnerConfig(
            default_image=image,
            display_name=pipeline.pipeline_info.pipeline_name,
            use_pipeline_spec_2_1=True,
        )
    )
    job: dict[str, Any] = runner.run(pipeline, write_out=False)
    spec = job["pipelineSpec"]
    for name, value in ((DATA_ROOT, inputs.data_root), (DATA_VERSION, inputs.data_version)):
        spec["root"]["inputDefinitions"]["parameters"][name]["defaultValue"] = value
    for name, task in spec["root"]["dag"]["tasks"].items():
        reused = name not in (*_ALWAYS_RUN, *settings.cluster.never_reused)
        task["cachingOptions"] = {"enableCache": reused}
        if settings.cluster.retries:
            task["retryPolicy"] = {
                "maxRetryCount": settings.cluster.retries,
                "backoffDuration": f"{settings.cluster.retry_seconds}s",
                "backoffFactor": 2.0,
            }
        executor = spec["components"][name]["executorLabel"]
        container = spec["deploymentSpec"]["executors"][executor]["container"]
        container["resources"] = json_format.MessageToDict(_resources(name, settings.cluster))
    return job


def write(job: dict[str, Any], folder: Path) -> tuple[Path, Path]:
    """Writes the job for Vertex AI and its specification for Kubeflow; returns the two paths."""
    folder.mkdir(parents=True, exist_ok=True)
    json_path, yaml_path = folder / JOB_JSON, folder / SPEC_YAML
    json_path.write_text(
        json.dumps(job, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8"
    )
    yaml_path.write_text(
        yaml.safe_dump(job["pipelineSpec"], allow_unicode=True, sort_keys=True), encoding="utf-8"
    )
    return json_path, yaml_path


def _resources(node: str, cluster: ClusterSettings) -> Any:
    """Returns how much of a machine a node gets."""
    if node not in _JOBS:
        if node in _DATA_NODES:
            return Resources(cpu_limit=cluster.data_cpus, memory_limit=cluster.data_memory_gb)
        return Resources(cpu_limit=cluster.cpus, memory_limit=cluster.memory_gb)
    resources = Resources(cpu_limit=cluster.train_cpus, memory_limit=cluster.train_memory_gb)
    waits_only = cluster.machines > 1
    if cluster.gpu_type and not waits_only:
        resources.accelerator.type = cluster.gpu_type
        resources.accelerator.count = cluster.gpus
    return resources


def _several_machines(cluster: ClusterSettings, image: str) -> dict[str, Any]:
    """Returns the specification of a custom job whose machines train together.

    Vertex AI tells each machine of the others in ``TF_CONFIG``, which
    ``models.training.devices`` reads.
    """
    machine: dict[str, Any] = {"machine_type": cluster.machine_type}
    if cluster.gpu_type:
        machine |= {"accelerator_type": cluster.gpu_type, "accelerator_count": cluster.gpus}
    pools = [
        {"machine_spec": machine, "replica_count": count, "container_spec": {"image_uri": image}}
        for count in (1, cluster.machines - 1)
    ]
    return {"worker_pool_specs": pools}


def _have_vertex_train(node: Any, job_spec: dict[str, Any], project: str, region: str) -> None:
    """Has a node that trains start a custom job and wait for it."""
    config = json.loads(node.exec_properties["custom_config"])
    config |= {
        constants.ENABLE_VERTEX_KEY: True,
        constants.VERTEX_REGION_KEY: region,
        vertex_trainer.TRAINING_ARGS_KEY: {"project": project, "job_spec": job_spec},
    }
    node.exec_properties["custom_config"] = json.dumps(config, sort_keys=True)
    node.executor_spec.executor_class = _JOBS[node.id]
