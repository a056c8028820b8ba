"""A stand-in for Vertex AI with several machines: ``vertex_stand_in.py -m MODULE ARGS``.

It runs a module. A custom job that the module starts runs on this machine, one process for each
machine of the job, with the ``TF_CONFIG`` that Vertex AI would set. The network has no batch norm
and no dropout: with them, several machines need not give the result of one.
"""

import runpy
import sys
from pathlib import Path
from typing import Any

from google.cloud.aiplatform_v1.types import CustomJob, JobState
from tfx.extensions.google_cloud_ai_platform import training_clients

from models.network import classifier
from testing.models import machines
from testing.models.device_process import build
from testing.processes.forked import Forked

JOBS = ("chief", "worker")
"""Vertex AI's names of the machines in the first and in the second worker pool."""


class Client(training_clients.VertexJobClient):
    """Vertex AI's client, whose machines are child processes."""

    def create_client(self) -> None:
        """Does nothing: no credentials are needed."""

    def launch_job(self, project: str, training_job: dict[str, Any]) -> None:
        """Starts a process for each machine of the job."""
        job = CustomJob(training_job)  # Raises if it is not a custom job.
        self._job_name = f"projects/{project}/customJobs/{job.display_name}"
        pools = dict(zip(JOBS, job.job_spec.worker_pool_specs, strict=True))
        cluster = machines.addresses({name: pool.replica_count for name, pool in pools.items()})
        self._machines = [
            Forked(
                [__file__, *list(pools[name].container_spec.command)[1:]],
                Path.cwd(),
                {"TF_CONFIG": machines.tf_config(cluster, name, index)},
            )
            for name in pools
            for index in range(len(cluster[name]))
        ]

    def get_job(self) -> CustomJob:
        """Waits for the job and returns how it ended."""
        codes = [machine.wait() for machine in self._machines]
        for machine in self._machines:
            sys.stderr.write(machine.output())
        ended = JobState.JOB_STATE_FAILED if any(codes) else JobState.JOB_STATE_SUCCEEDED
        return CustomJob(state=ended)


if __name__ == "__main__":
    classifier.build = build
    training_clients.VertexJobClient = Client
    option, module, *sys.argv[1:] = sys.argv[1:]
    assert option == "-m"
    runpy.run_module(module, run_name="__main__", alter_sys=True)
