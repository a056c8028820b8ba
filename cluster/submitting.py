"""Submits a compiled pipeline to Vertex AI or Kubeflow Pipelines, once or on a schedule."""

from pathlib import Path

from cluster.cluster_request import ClusterRequest
from cluster.request.target import VERTEX
from schemas.errors import ConfigError

NAME = "pet-mood"
"""Of runs, schedules and experiments on the cluster."""


def submit(request: ClusterRequest, job_json: Path, spec_yaml: Path) -> str:
    """Submits the pipeline; returns the address of the run or of the schedule.

    Args:
      request: a request with ``submit`` set.
      job_json: path of the job that ``cluster.compiling.write`` wrote.
      spec_yaml: path of the specification that it wrote.

    Raises:
      ConfigError: there are no credentials, or the endpoint does not answer or refuses.
    """
    if request.submit == VERTEX:
        return _submit_to_vertex(request, job_json)
    return _submit_to_kubeflow(request, spec_yaml)


def _submit_to_vertex(request: ClusterRequest, job_json: Path) -> str:
    from google.api_core import exceptions
    from google.auth.exceptions import GoogleAuthError
    from google.cloud import aiplatform

    try:
        aiplatform.init(project=request.project, location=request.region)
        job = aiplatform.PipelineJob(
            display_name=NAME, template_path=str(job_json), pipeline_root=request.pipeline_root
        )

        if request.schedule:
            schedule = job.create_schedule(
                display_name=NAME,
                cron=request.schedule,
                max_concurrent_run_count=1,
                service_account=request.service_account,
            )
            return str(schedule._dashboard_uri())

        job.submit(service_account=request.service_account)
        return str(job._dashboard_uri())
    except GoogleAuthError as error:
        raise ConfigError(
            f"Vertex AI needs credentials. Received: {error}. Log in with gcloud auth "
            "application-default login, or name a key file in GOOGLE_APPLICATION_CREDENTIALS"
        ) from error
    except exceptions.GoogleAPICallError as error:
        raise ConfigError(
            f"Vertex AI refused the pipeline: {error}. docs/kubeflow.md lists the permissions"
        ) from error


def _submit_to_kubeflow(request: ClusterRequest, spec_yaml: Path) -> str:
    import kfp
    from kfp_server_api.exceptions import ApiException
    from urllib3.exceptions import HTTPError

    pages = str(request.endpoint).rstrip("/")
    try:
        client = kfp.Client(host=request.endpoint, namespace=request.namespace or "kubeflow")

        if request.schedule:
            experiment = client.create_experiment(NAME, namespace=request.namespace)
            recurring = client.create_recurring_run(
                experiment.experiment_id,
                NAME,
                cron_expression=request.schedule,
                max_concurrency=1,
                no_catchup=True,
                pipeline_package_path=str(spec_yaml),
                pipeline_root=request.pipeline_root,
            )
            return f"{pages}/#/recurringrun/details/{recurring.recurring_run_id}"

        run = client.create_run_from_pipeline_package(
            str(spec_yaml),
            run_name=NAME,
            experiment_name=NAME,
            namespace=request.namespace,
            pipeline_root=request.pipeline_root,
            service_account=request.service_account,
        )
        return f"{pages}/#/runs/details/{run.run_id}"
    except (ApiException, HTTPError) as error:
        raise ConfigError(
            f"Kubeflow Pipelines at {request.endpoint} did not take the pipeline: {error}. Check "
            "that --endpoint is the address of its API and that this account may create runs"
        ) from error
