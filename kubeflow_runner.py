r"""Compiles the pipeline for Kubeflow Pipelines and Vertex AI, and sends it there.

The same graph and the same settings as local_runner.py; every node runs in a
container of --image (deploy/Dockerfile), and all files are in object storage:

    uv run python kubeflow_runner.py \
        --image REGISTRY/pet/pipeline:2026-01-31 \
        --data-root gs://BUCKET/data --eval-csv val.csv \
        --pipeline-root gs://BUCKET/runs --serving gs://BUCKET/serving/pet_mood \
        --set cluster.gpu_type=NVIDIA_L4 \
        --submit vertex --project PROJECT --region REGION

Without --submit it only writes pipeline.json (for Vertex AI) and pipeline.yaml
(for Kubeflow) into --output. A run that is started from these files by other
means may be given other parameters data_root and data_version.

Exit codes: 0 compiled, and sent where that was asked; 2 settings, environment or
refused by the cluster: nothing was sent.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from cluster.cluster_request import KUBEFLOW, VERTEX, ClusterRequest
from runner import environment
from runner.log_capture import captured
from runner.settings_flags import add_labels_flag, add_settings_flags
from runner.settings_help import settings_text
from schemas.errors import ConfigError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=settings_text(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    what = parser.add_argument_group("what it works on")
    what.add_argument(
        "--image", required=True, metavar="NAME:TAG", help="of the steps, with a tag of its own"
    )
    what.add_argument(
        "--data-root",
        required=True,
        metavar="URL",
        help="folder of the CSVs, from which relative image paths start",
    )
    what.add_argument(
        "--train-csv", default="train.csv", metavar="NAME", help="below it (default: %(default)s)"
    )
    what.add_argument(
        "--eval-csv", metavar="NAME", help="below it (default: a share of --train-csv's clips)"
    )
    what.add_argument(
        "--predict-csv",
        metavar="NAME",
        help="below it: rows without moods, which the model is asked for once it is pushed",
    )
    what.add_argument(
        "--data-version",
        default="1",
        metavar="TEXT",
        help="another than last time where CSVs or photos have changed: else what was read then "
        "is reused (default: %(default)s)",
    )
    add_labels_flag(what)
    what.add_argument(
        "--pipeline-root", required=True, metavar="URL", help="folder for what the nodes make"
    )
    what.add_argument(
        "--serving",
        required=True,
        metavar="URL",
        help="folder that TensorFlow Serving polls, such as gs://BUCKET/serving/pet_mood",
    )
    how = parser.add_argument_group("how")
    how.add_argument(
        "--output",
        type=Path,
        default=Path("build/cluster"),
        metavar="FOLDER",
        help="for the compiled pipeline (default: %(default)s)",
    )
    add_settings_flags(how, "default", "default")
    where = parser.add_argument_group("where to")
    where.add_argument("--submit", choices=(VERTEX, KUBEFLOW), help="send it there")
    where.add_argument("--project", help="Google Cloud project (vertex)")
    where.add_argument("--region", help="such as asia-northeast3 (vertex)")
    where.add_argument("--service-account", metavar="NAME", help="that the nodes run as")
    where.add_argument("--endpoint", metavar="URL", help="of Kubeflow Pipelines (kubeflow)")
    where.add_argument("--namespace", metavar="NAME", help="of a Kubeflow with several users")
    where.add_argument(
        "--schedule",
        metavar="CRON",
        help="run again and again: five fields for vertex, six (seconds first) for kubeflow",
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    args = vars(_parser().parse_args(arguments))
    request = ClusterRequest(**{**args, "overrides": tuple(args["overrides"])})
    try:
        environment.check_versions()
        settings, inputs = request.settings(), request.inputs()
        environment.check_output(request.output)
        log = request.output / "compile.log"
        print(f"Compiling, which takes half a minute; libraries talk into {log}", flush=True)
        # Google's and TFX's packages warn of each other by the page.
        with captured(log) as terminal, environment.prepared():
            compiling = _compiler()
            job = compiling.compile_pipeline(
                settings,
                inputs,
                request.image,
                project=request.project,
                region=request.region,
                service_account=request.service_account,
            )
            job_json, spec_yaml = compiling.write(job, request.output)
            terminal.out.write(f"Vertex AI takes {job_json}, Kubeflow Pipelines {spec_yaml}\n")
            terminal.out.flush()
            if request.submit:
                from cluster.submitting import submit

                terminal.out.write(f"Sent: {submit(request, job_json, spec_yaml)}\n")
    except ConfigError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def _compiler() -> Any:
    """Returns ``cluster.compiling``: wrong settings were told before its imports' half minute."""
    try:
        from cluster import compiling
    except ModuleNotFoundError as error:
        if error.name not in ("kfp", "kfp.pipeline_spec"):
            raise
        raise ConfigError("Compiling needs the extra packages: uv sync --extra kubeflow") from error
    return compiling


if __name__ == "__main__":
    sys.exit(main())
