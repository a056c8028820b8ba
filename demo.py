#!/usr/bin/env python
# PYTHON_ARGCOMPLETE_OK
"""Web demo: a page to try a model with a photo.

    uv run --extra demo python demo.py --weight_path build/sample/serving/pet_mood

or, with a model on TensorFlow Serving, over gRPC or REST:

    uv run --extra demo python demo.py --server grpc://localhost:8500

Open the printed address, drop a photo and drag a box around the animal: the page shows the
probability of each mood, and where in the box the likeliest one was found. The page talks to this
program alone: no photo leaves it, except to the server that --server names. Ctrl-C ends it.

There are no users and no passwords: with --host 0.0.0.0 everybody who reaches this machine can use
the model. Other web pages in the same browser cannot: the program answers only under its own names
(127.0.0.1, localhost, the address of --host and the names of --allow-host) and to its own page.

Exit codes: 0 ended by Ctrl-C, 2 wrong settings, or the extra packages are missing, 3 the server is
unreachable or refuses.
"""

import sys

from client.model_flags import add_model_flags
from system.command_line import CommandLine


def _parser() -> CommandLine:
    parser = CommandLine(__doc__ or "", "(--weight_path PATH | --server URL) [flags]")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="address of the page (default: %(default)s, reached from this machine only)",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=7860,
        metavar="N",
        help="port of the page; 0 takes a free one (default: %(default)s)",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="another name or address by which browsers call this program, such as that of a "
        "proxy in front of it (may be repeated; default: none)",
    )
    add_model_flags(parser)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    args = vars(_parser().parse_args(arguments))
    host, port, allow_hosts = (args.pop(name) for name in ("host", "port", "allow_host"))
    # Not above: --help and wrong flags need not wait for it.
    from client.backends.model_source import ModelFlags
    from webdemo.command import run

    return run(ModelFlags(**args), host, port, allow_hosts)


if __name__ == "__main__":
    sys.exit(main())
