#!/usr/bin/env python
# PYTHON_ARGCOMPLETE_OK
r"""Compiles the pipeline for Kubeflow Pipelines and Vertex AI, and sends it there.

The graph and the settings are those of local_runner.py. Every node runs in a container of --image
(deploy/Dockerfile), and all files are in object storage:

    uv run --extra kubeflow python kubeflow_runner.py \
        --image REGISTRY/pet/pipeline:2026-01-31 \
        --data-root gs://BUCKET/data --eval-csv val.csv \
        --pipeline-root gs://BUCKET/runs --serving gs://BUCKET/serving/pet_mood \
        --submit vertex --project PROJECT --region REGION

Without --submit it only writes pipeline.json (for Vertex AI) and pipeline.yaml (for Kubeflow) into
--output. A run that is started from these files by other means may be given other parameters
data_root and data_version.

Exit codes: 0 compiled, and sent where that was asked for; 2 wrong settings or environment, or
refused by the cluster: nothing was sent; 1 stopped.
"""

import sys
from pathlib import Path
from typing import Any

from cluster.cluster_request import ClusterRequest
from cluster.request.target import KUBEFLOW, VERTEX
from runner import environment, settings_help
from runner.display.log_capture import captured
from runner.settings_flags import add_labels_flag, add_settings_flags
from schemas.errors import ConfigError
from system.command_line import CommandLine
from system.printable import error_line
from system.signals import sigterm_as_interrupt


def _parser() -> CommandLine:
    parser = CommandLine(
        __doc__ or "",
        "--image NAME:TAG --data-root URL --pipeline-root URL --serving URL [flags]",
        topics=settings_help.topics(),
        flag_hint=settings_help.flag_hint,
    )
    data = parser.add_argument_group("image, data and folders")
    data.add_argument(
        "--image",
        required=True,
        metavar="NAME:TAG",
        help="image of the nodes, with a tag of its own for each state of the code",
    )
    data.add_argument(
        "--gpu-image",
        metavar="NAME:TAG",
        help="image of the nodes with a GPU, built with --target gpu; goes with cluster.gpu_type",
    )
    data.add_argument(
        "--data-root",
        required=True,
        metavar="URL",
        help="folder that the names of the CSVs start from; relative image paths start from each "
        "CSV's own folder",
    )
    data.add_argument(
        "--train-csv",
        default="train.csv",
        metavar="NAME",
        help="rows to train on, a file name below --data-root; with {SPAN} in it the newest "
        "number's, as weekly/{SPAN}/train.csv (default: %(default)s)",
    )
    data.add_argument(
        "--eval-csv",
        metavar="NAME",
        help="rows to judge the model on, likewise (default: data.eval_fraction of --train-csv's "
        "clips)",
    )
    data.add_argument(
        "--validation-csv",
        metavar="NAME",
        help="rows to choose the epoch and the settings on, likewise, beside both others (default: "
        "data.validation_fraction of train's clips; where that is 0, --eval-csv's rows)",
    )
    data.add_argument(
        "--predict-csv",
        metavar="NAME",
        help="rows without moods, likewise, which the model predicts once it is pushed",
    )
    data.add_argument(
        "--data-version",
        default="1",
        metavar="TEXT",
        help="a new value whenever CSVs or photos have changed; with the same one what was read "
        "before is reused (default: %(default)s)",
    )
    add_labels_flag(data)
    data.add_argument(
        "--pipeline-root", required=True, metavar="URL", help="folder for the nodes' results"
    )
    data.add_argument(
        "--serving",
        required=True,
        metavar="URL",
        help="folder that TensorFlow Serving watches, such as gs://BUCKET/serving/pet_mood",
    )
    settings = parser.add_argument_group("output and settings")
    settings.add_argument(
        "--output",
        type=Path,
        default=Path("build/cluster"),
        metavar="FOLDER",
        help="folder for the compiled pipeline (default: %(default)s)",
    )
    add_settings_flags(settings, "default", "default")
    target = parser.add_argument_group("target")
    target.add_argument(
        "--submit", choices=(VERTEX, KUBEFLOW), help="send the compiled pipeline there"
    )
    target.add_argument("--project", help="Google Cloud project (for vertex)")
    target.add_argument("--region", help="region such as asia-northeast3 (for vertex)")
    target.add_argument(
        "--service-account", metavar="NAME", help="service account that the nodes run as"
    )
    target.add_argument(
        "--endpoint", metavar="URL", help="API of Kubeflow Pipelines (for kubeflow)"
    )
    target.add_argument(
        "--namespace", metavar="NAME", help="namespace in a Kubeflow with several users"
    )
    target.add_argument(
        "--schedule",
        metavar="CRON",
        help="run repeatedly: five fields for vertex, six (seconds first) for kubeflow",
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    args = vars(_parser().parse_args(arguments))
    print_config = args.pop("print_config")
    request = ClusterRequest(**{**args, "overrides": tuple(args["overrides"])})
    if print_config:
        return settings_help.print_config(request)
    try:
        with sigterm_as_interrupt():
            _compile(request)
    except ConfigError as error:
        sys.stderr.write(error_line(error))
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
        return 1
    return 0


def _compile(request: ClusterRequest) -> None:
    """Compiles the pipeline, and sends it where that was asked for.

    Raises:
      ConfigError: the settings or this machine do not allow it, or the cluster refuses.
    """
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
            gpu_image=request.gpu_image,
            scheduled=bool(request.schedule),
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


def _compiler() -> Any:
    """Returns ``cluster.compiling``: wrong settings were told before its imports' half minute."""
    try:
        from cluster import compiling
    except ModuleNotFoundError as error:
        if error.name not in ("kfp", "kfp.pipeline_spec"):
            raise
        raise ConfigError(
            "Compiling needs extra packages: uv run --extra kubeflow python kubeflow_runner.py ..."
        ) from error
    return compiling


if __name__ == "__main__":
    sys.exit(main())
