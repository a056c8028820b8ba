#!/usr/bin/env python
# PYTHON_ARGCOMPLETE_OK
"""Tells the mood of the dog or cat on each picture.

    uv run python inference.py --weight_path build/run/serving/pet_mood photos/

or, of a model on TensorFlow Serving, over gRPC or REST:

    uv run python inference.py --server grpc://localhost:8500 photos/
    uv run python inference.py --server http://localhost:8501/v1/models/pet_mood photos/

PICTURE is a file, or a folder whose pictures are taken with those of its
sub-folders. Photos that a phone has stored on their side are turned upright.

On a terminal the answers are a table. Elsewhere, or with --json, each picture
gets a line of JSON in UTF-8, in the order of the pictures:

    {"image": "a.jpg", "mood": "행복/즐거움", "probabilities": {"화남/불쾌": 0.01, ...}}
    {"image": "b.jpg", "mood": null, "error": "image_truncated", "detail": "..."}

With --out FILE the answers go to a CSV or Parquet file, a row for every picture;
a million pictures need no more memory than a few thousand. A CSV may name them:

    uv run python inference.py --weight_path W --csv pictures.csv --out moods.parquet

Its column image_path has paths, relative ones from the CSV's folder; a column
bbox, "y,x,height,width", may say where the animal is. The file has the columns
row (from 0, blank lines not counted), image, bbox, mood, probability_<mood> for
each, error and detail. What is finished lies in FILE.parts meanwhile: after Ctrl-C
or a crash the same command goes on. It refuses to if the model, the CSV or the
list of pictures is another by then; name a server's model with /versions/N, for
its latest may change unnoticed. A file that is there is not overwritten.

error is one of image_missing, not_an_image, image_truncated, image_too_large,
box_outside_image, image_unreadable (the model cannot decode it),
answer_not_finite (the model is spoilt), request_too_large (a server does not take
the picture) and, of a row of a CSV, row_malformed, box_malformed, box_negative and
box_empty.

Exit codes: 0 every picture got a mood, 1 some or all did not, or it was
stopped, 2 the settings are wrong or a folder cannot be read or written, 3 the
server cannot be asked (any more). What was answered before is printed, or kept
in FILE.parts.

What TensorFlow prints is held back; TF_CPP_MIN_LOG_LEVEL=0 in the environment
lets it through to the standard error.
"""

import sys
from pathlib import Path

from client.model_flags import add_model_flags
from system.command_line import CommandLine

EXAMPLE = """\
Name the pictures, files or folders, for example:

    python inference.py {model} photos/ cat.jpg

(The original project's list of pictures stood in its code; there is none here.)
"""


def _parser() -> CommandLine:
    parser = CommandLine(__doc__ or "", "(--weight_path PATH | --server URL) [flags] PICTURE ...")
    parser.add_argument("pictures", nargs="*", metavar="PICTURE", help="files and folders")
    add_model_flags(parser)
    parser.add_argument(
        "--batch",
        type=int,
        default=32,
        metavar="N",
        help="pictures asked at a time (default: %(default)s)",
    )
    parser.add_argument(
        "--box",
        metavar="Y,X,HEIGHT,WIDTH",
        help="where the animal is, in pixels of the upright picture; the same "
        "for every picture that has no box in the CSV (default: the whole picture)",
    )
    parser.add_argument(
        "--csv", type=Path, metavar="FILE", help="names the pictures in place of PICTURE"
    )
    told = parser.add_mutually_exclusive_group()
    told.add_argument("--json", action="store_true", help="lines of JSON on a terminal, too")
    told.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="write the answers to this file, .csv or .parquet; goes on where it was stopped",
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    parser = _parser()
    # Flags may stand between the pictures.
    args = vars(parser.parse_intermixed_args(arguments))
    if not args["pictures"] and args["csv"] is None:
        parser.print_usage(sys.stderr)
        model = "--server" if args["server"] else "--weight_path"
        named = f"{model} {args['server'] or args['weight_path']}"
        sys.stderr.write("error: " + EXAMPLE.format(model=named))
        return 2
    # Not above: --help and wrong flags need not wait for it.
    from client.inference import run
    from client.predict_request import PredictRequest

    return run(PredictRequest(**{**args, "pictures": tuple(args["pictures"])}))


if __name__ == "__main__":
    sys.exit(main())
