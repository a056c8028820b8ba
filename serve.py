#!/usr/bin/env python
# PYTHON_ARGCOMPLETE_OK
"""Gateway: a photo in, its mood out, with limits, figures and a log; for programs of others.

In front of TensorFlow Serving, or, for development, with a pushed version of its own:

    uv run --extra gateway python serve.py --server http://localhost:8501/v1/models/pet_mood/labels/stable
    uv run --extra gateway python serve.py --weight_path build/sample/serving/pet_mood

    curl --data-binary @photo.jpg "http://localhost:8080/v1/mood?box=80,60,420,420"

It speaks TensorFlow Serving's REST form too, and with --grpc-port its gRPC form. Limits on bytes,
pixels, photos a second and time, and the request log, are settings:
--set limit.photos_per_second=10 --set log.folder=build/requests. docs/gateway.md has them all.

Exit codes: 0 ended by Ctrl-C, 2 wrong settings, or the extra packages are missing.
"""

import sys
from pathlib import Path

from client.model_flags import add_access_flags
from system.command_line import CommandLine


def _parser() -> CommandLine:
    parser = CommandLine(__doc__ or "", "(--server URL | --weight_path PATH) [flags]")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "--server",
        metavar="URL",
        help="TensorFlow Serving: http://host:8501 or grpc://host:8500 (with TLS https or grpcs); "
        "/v1/models/NAME may follow (default: pet_mood), then /versions/N or /labels/LABEL, which "
        "is meant where a request names no version",
    )
    where.add_argument(
        "--weight_path",
        type=Path,
        metavar="PATH",
        help="a pushed version, or the folder of versions above it (the highest is used)",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="address to listen on (default: %(default)s, reached from this machine only)",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=8080,
        metavar="N",
        help="port of HTTP; 0 takes a free one (default: %(default)s)",
    )
    parser.add_argument(
        "--grpc-port", type=int, metavar="N", help="port of gRPC (default: there is no gRPC)"
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="without --tokens: another name or address by which clients call this program (may "
        "be repeated; default: none)",
    )
    parser.add_argument(
        "--tokens",
        type=Path,
        metavar="FILE",
        help="file with a line NAME TOKEN for each client, which sends "
        '"Authorization: Bearer TOKEN" (default: PET_MOOD_GATEWAY_TOKENS in the environment, or '
        "everybody is let in)",
    )
    parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="own certificate, PEM")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="its key, not encrypted")
    parser.add_argument(
        "--timeout",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="time limit of one request to the server (default: %(default)g)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="overrides",
        help="one setting of the groups limit and log; may be given several times",
    )
    add_access_flags(parser)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    args = vars(_parser().parse_args(arguments))
    args["allow_hosts"] = tuple(args.pop("allow_host"))
    args["overrides"] = tuple(args["overrides"])
    # Not above: --help and wrong flags need not wait for it.
    from gateway.command import run
    from gateway.request import ServeRequest

    return run(ServeRequest(**args))


if __name__ == "__main__":
    sys.exit(main())
