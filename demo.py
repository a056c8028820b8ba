#!/usr/bin/env python
# PYTHON_ARGCOMPLETE_OK
"""A page to try a model: drop a photo, drag a box, see the moods and where they were found.

    uv run --extra demo python demo.py --weight_path build/sample/serving/pet_mood

or, of a model on TensorFlow Serving, over gRPC or REST:

    uv run --extra demo python demo.py --server grpc://localhost:8500

Then open the address that is printed. The page asks this program alone: no photo
leaves it, but for the server that --server names. Ctrl-C ends it.

It knows no users and no passwords: with --host 0.0.0.0 whoever reaches this machine
can ask the model.

Exit codes: 0 ended by Ctrl-C, 2 the settings are wrong or the extra is not
installed, 3 the server cannot be asked.
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
        help="that the page is offered on (default: %(default)s, which this machine alone reaches)",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=7860,
        metavar="N",
        help="of the page; 0 takes a free one (default: %(default)s)",
    )
    add_model_flags(parser)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    args = vars(_parser().parse_args(arguments))
    host, port = args.pop("host"), args.pop("port")
    # Not above: --help and wrong flags need not wait for it.
    from client.backends.model_source import ModelFlags
    from webdemo.command import run

    return run(ModelFlags(**args), host, port)


if __name__ == "__main__":
    sys.exit(main())
