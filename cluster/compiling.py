"""Compiles the pipeline into the specification that Kubeflow Pipelines and Vertex AI run.

TFX's compiler writes the graph. It has no means to set retries, which nodes are reused, an
ExampleGen's resources and the parameters' defaults; these are added to what it writes.
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

from cluster import check_node, report_node
from components.tuner import on_vertex
from pipeline import nodes
from pipeline.cluster_settings import ClusterSettings
from pipeline.config import Settings
from pipeline.container.refusals import RETRIES
from pipeline.pipeline import pipeline_at
from pipeline.platforms.cluster import DATA_ROOT, DATA_VERSION, ClusterPlatform
from pipeline.run_inputs import ClusterInputs
from system.buckets.stores import S3_ENDPOINTS
from system.files import write_whole

JOB_JSON = "pipeline.json"
"""A PipelineJob, for Vertex AI."""
SPEC_YAML = "pipeline.yaml"
"""The PipelineSpec in it alone, for Kubeflow."""

_DATA_NODES = (
    *(nodes.EXAMPLE_GEN, nodes.STATISTICS_GEN, nodes.LEAK_CHECK),
    *(nodes.UNLABELLED_GEN, nodes.BULK_INFERRER),
)
"""Nodes with the resources ``cluster.data_cpus`` and ``cluster.data_memory_gb``."""
_ACCELERATED = (nodes.EVALUATOR, nodes.BULK_INFERRER, nodes.LOCATOR)
"""Nodes that predict all rows of a split, and the locator's short training, with one GPU where the
training has any."""
_NEVER_RETRIED = (nodes.DATA_GATE, check_node.TASK)
"""They say the same each time."""
_OURS = (*report_node.TASKS, check_node.TASK)
"""Tasks that read and write every bucket by themselves."""
_READ_NEW = (nodes.EXAMPLE_GEN, nodes.UNLABELLED_GEN)
"""Nodes that run each time where the same parameters stand for new data: in a schedule, and where a
CSV is the newest of several."""
_VERTEX_EXECUTORS = {
    nodes.TRAINER: vertex_trainer.GenericExecutor,
    nodes.TUNER: on_vertex.Executor,
}
"""The nodes that train, and the executors that run them as custom jobs on several machines."""
_ALWAYS_RUN = (nodes.LAST_BLESSED, check_node.TASK)
"""They read folders, which change without any change of the node's inputs."""

_ENTRY_POINT = "pipeline.container"

Resources = pipeline_spec_pb2.PipelineDeploymentConfig.PipelineContainerSpec.ResourceSpec


def compile_pipeline(
    settings: Settings,
    inputs: ClusterInputs,
    image: str,
    *,
    gpu_image: str | None = None,
    scheduled: bool = False,
    project: str | None = None,
    region: str | None = None,
    service_account: str | None = None,
) -> dict[str, Any]:
    """Returns the pipeline as a PipelineJob, as a JSON document.

    Args:
      settings: of the pipeline and of its nodes' machines.
      inputs: the data and folders.
      image: container image that every node runs in that has no GPU.
      gpu_image: the same for those that have; None is ``image``.
      scheduled: whether it runs again and again, each time on what is there by then.
      project: Google Cloud project of Vertex AI, for several training machines and an endpoint.
      region: its region, for the same.
      service_account: of the training machines; None is Vertex AI's default.

    Raises:
      ConfigError: the settings need something that a cluster does not have.
    """
    pipeline = pipeline_at(ClusterPlatform(inputs, project=project, region=region), settings)
    if settings.cluster.machines > 1:
        job_spec = _custom_job_spec(settings.cluster, gpu_image or image, service_account)
        for node in pipeline.components:
            if node.id in _VERTEX_EXECUTORS:
                _train_on_vertex(node, job_spec, str(project), str(region))

    runner = tfx.orchestration.experimental.KubeflowV2DagRunner(
        config=tfx.orchestration.experimental.KubeflowV2DagRunnerConfig(
            default_image=image,
            display_name=pipeline.pipeline_info.pipeline_name,
            use_pipeline_spec_2_1=True,
        )
    )
    job: dict[str, Any] = runner.run(pipeline, write_out=False)

    spec = job["pipelineSpec"]
    for name, default in ((DATA_ROOT, inputs.data_root), (DATA_VERSION, inputs.data_version)):
        spec["root"]["inputDefinitions"]["parameters"][name]["defaultValue"] = default
    report_node.add_tasks(spec, settings, image)
    check_node.add_task(spec, settings, inputs, image)
    reads_new = scheduled or inputs.has_spans
    for node_id in spec["root"]["dag"]["tasks"]:
        _configure_task(spec, node_id, settings.cluster, gpu_image or image, reads_new=reads_new)
    return job


def write(job: dict[str, Any], folder: Path) -> tuple[Path, Path]:
    """Writes the job for Vertex AI and its specification for Kubeflow; returns the two paths."""
    folder.mkdir(parents=True, exist_ok=True)
    json_path, yaml_path = folder / JOB_JSON, folder / SPEC_YAML
    write_whole(json_path, json.dumps(job, ensure_ascii=False, indent=1, sort_keys=True))
    spec = yaml.safe_dump(job["pipelineSpec"], allow_unicode=True, sort_keys=True)
    write_whole(yaml_path, spec)
    return json_path, yaml_path


def _configure_task(
    spec: dict[str, Any],
    node_id: str,
    cluster: ClusterSettings,
    gpu_image: str,
    *,
    reads_new: bool,
) -> None:
    """Sets a node's caching, retries, resources and image in place."""
    task = spec["root"]["dag"]["tasks"][node_id]
    never_reused = (*_ALWAYS_RUN, *cluster.never_reused, *(_READ_NEW if reads_new else ()))
    reusable = node_id not in never_reused
    task["cachingOptions"] = {"enableCache": reusable}
    is_retried = cluster.retries and node_id not in _NEVER_RETRIED
    if is_retried:
        task["retryPolicy"] = {
            "maxRetryCount": cluster.retries,
            "backoffDuration": f"{cluster.retry_seconds}s",
            "backoffFactor": 2.0,
        }
    executor = spec["components"][node_id]["executorLabel"]
    container = spec["deploymentSpec"]["executors"][executor]["container"]
    resources = _resources(node_id, cluster)
    container["resources"] = json_format.MessageToDict(resources)
    if resources.HasField("accelerator"):
        container["image"] = gpu_image
    variables = {S3_ENDPOINTS[-1]: cluster.s3_endpoint} if cluster.s3_endpoint else {}
    if is_retried and node_id not in _OURS:
        variables[RETRIES] = str(cluster.retries)
    if variables:
        container["env"] = [{"name": name, "value": text} for name, text in variables.items()]
    if node_id in _OURS:
        return
    container["command"] = _wrapped(container["command"])
    if before := container.get("lifecycle", {}).get("preCacheCheck"):
        before["command"] = _wrapped(before["command"])


def _wrapped(command: list[str]) -> list[str]:
    """Returns TFX's command under ours, which checks the buckets first."""
    if command[:2] != ["python", "-m"]:
        raise ValueError(f"TFX's commands must begin with python -m. Received: {command}")
    return [*command[:2], _ENTRY_POINT, *command[2:]]


def _resources(node_id: str, cluster: ClusterSettings) -> Any:
    """Returns a node's CPUs, memory and accelerators."""
    gpus = 0
    if node_id in _DATA_NODES:
        resources = Resources(cpu_limit=cluster.data_cpus, memory_limit=cluster.data_memory_gb)
    elif node_id in (*_VERTEX_EXECUTORS, nodes.LOCATOR):
        resources = Resources(cpu_limit=cluster.train_cpus, memory_limit=cluster.train_memory_gb)
        # With several machines the node itself only waits for the custom job.
        gpus = cluster.gpus if cluster.machines == 1 else 0
    else:
        resources = Resources(cpu_limit=cluster.cpus, memory_limit=cluster.memory_gb)
    if node_id in _ACCELERATED:
        gpus = 1
    if cluster.gpu_type and gpus:
        resources.accelerator.type = cluster.gpu_type
        resources.accelerator.count = gpus
    return resources


def _custom_job_spec(
    cluster: ClusterSettings, image: str, service_account: str | None
) -> dict[str, Any]:
    """Returns the specification of a custom job whose machines train together.

    Vertex AI describes all machines to each of them in ``TF_CONFIG``, which
    ``models.training.devices`` reads.
    """
    machine: dict[str, Any] = {"machine_type": cluster.machine_type}
    if cluster.gpu_type:
        machine |= {"accelerator_type": cluster.gpu_type, "accelerator_count": cluster.gpus}
    pools = [
        {"machine_spec": machine, "replica_count": count, "container_spec": {"image_uri": image}}
        for count in (1, cluster.machines - 1)
    ]
    job_spec: dict[str, Any] = {"worker_pool_specs": pools}
    if service_account:
        job_spec["service_account"] = service_account
    return job_spec


def _train_on_vertex(node: Any, job_spec: dict[str, Any], project: str, region: str) -> None:
    """Makes a node start a custom job and wait for it, in place of training itself."""
    config = json.loads(node.exec_properties["custom_config"])
    config |= {
        constants.ENABLE_VERTEX_KEY: True,
        constants.VERTEX_REGION_KEY: region,
        vertex_trainer.TRAINING_ARGS_KEY: {"project": project, "job_spec": job_spec},
    }
    node.exec_properties["custom_config"] = json.dumps(config, sort_keys=True)
    node.executor_spec.executor_class = _VERTEX_EXECUTORS[node.id]
