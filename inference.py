#!/usr/bin/env python
# PYTHON_ARGCOMPLETE_OK
"""Predicts the mood of the dog or cat on each picture.

    uv run python inference.py --weight_path build/run/serving/pet_mood photos/

or, with a model on TensorFlow Serving, over gRPC or REST:

    uv run python inference.py --server grpc://localhost:8500 photos/
    uv run python inference.py --server http://localhost:8501 photos/

PICTURE is a file, or a folder whose pictures are taken with those of its subfolders. Photos that a
phone has stored on their side are turned upright.

On a terminal the predictions are a table. Elsewhere, or with --json, each picture gets a line of
JSON in UTF-8, in the order of the pictures:

    {"image": "a.jpg", "mood": "행복/즐거움", "probabilities": {...}, "box": [y, x, height, width],
     "box_source": "found", "found": 0.93}
    {"image": "b.jpg", "mood": null, "error": "image_truncated", "detail": "..."}

With --out FILE the predictions go to a CSV or Parquet file, one row for each picture, in the same
memory for any number of pictures. A CSV may list them:

    uv run python inference.py --weight_path W --csv pictures.csv --out moods.parquet

Exit codes: 0 every picture got a mood, 1 some or all did not, or the command was stopped, 2 wrong
settings, or a folder cannot be read or written, 3 the server is unreachable or refuses. Earlier
predictions are printed, or kept in FILE.parts.
"""

import sys
from functools import partial
from pathlib import Path

from client.model_flags import add_model_flags
from system.command_line import CommandLine, filled

FILES = """
Input (--csv): the column image_path has paths, relative ones from the CSV's folder; a column bbox,
"y,x,height,width" in pixels of the upright picture, may say where the animal is.

Output (--out): the columns row (from 0, blank lines not counted), image, bbox, mood,
probability_<mood> for each mood, error, detail, box, box_source and found. A file that exists is
not overwritten.

box is the box that was used, and box_source says where it comes from: given, found by the model,
or whole, where the model has no locator and takes a picture without a box as a whole. It has not
learnt from whole pictures, so that its answer is then a guess. found is the locator's score, 0..1.

Until the file is complete its parts lie in FILE.parts: after Ctrl-C or a crash the same command
goes on. It refuses if the model, the CSV or the list of pictures has changed since then. Name a
server's model with /versions/N: its latest version may change unnoticed.
"""
ERRORS = """
error is one of

    image_missing        there is no such file, or it cannot be opened
    not_an_image         the file is not an image in a known format
    image_truncated      the image breaks off, or is damaged
    image_too_large      the image has too many pixels or bytes
    box_outside_image    the box reaches further past the image than the model allows
    image_unreadable     the model cannot decode the image
    no_animal            the model finds no animal in the image: give a box around it
    answer_not_finite    the model's weights are corrupted (NaN)
    request_too_large    a server does not accept the image
    unexpected_error     the file could not be prepared; the detail tells the error

and, for a row of a CSV, row_malformed, box_malformed, box_negative and box_empty.

TensorFlow's own messages are held back; TF_CPP_MIN_LOG_LEVEL=0 in the environment lets them through
to the standard error.
"""
EXAMPLE = """\
Name pictures or folders, for example:

    python inference.py {model} photos/ cat.jpg

(The original project's list of pictures stood in its code; there is none here.)
"""


def _parser() -> CommandLine:
    parser = CommandLine(
        __doc__ or "",
        "(--weight_path PATH | --server URL) [flags] PICTURE ...",
        topics={"files": partial(filled, FILES), "errors": partial(filled, ERRORS)},
    )
    parser.add_argument("pictures", nargs="*", metavar="PICTURE", help="files and folders")
    add_model_flags(parser)
    parser.add_argument(
        "--batch",
        type=int,
        default=32,
        metavar="N",
        help="pictures a batch (default: %(default)s)",
    )
    parser.add_argument(
        "--box",
        metavar="Y,X,HEIGHT,WIDTH",
        help="box around the animal in pixels of the upright picture, for every picture that has "
        "none in the CSV (default: the model finds the animal)",
    )
    parser.add_argument(
        "--csv",
        type=Path,
        metavar="FILE",
        help="CSV that lists the pictures, in place of PICTURE (--help files)",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON lines even on a terminal")
    form.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="write the predictions to this file, .csv or .parquet; goes on where it was stopped "
        "(--help files)",
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    parser = _parser()
    # Flags may stand between the pictures.
    args = vars(parser.parse_intermixed_args(arguments))
    if not args["pictures"] and args["csv"] is None:
        parser.print_usage(sys.stderr)
        # Not the server's own address: one with a password has not been refused yet.
        flag = "--server URL" if args["server"] else f"--weight_path {args['weight_path']}"
        sys.stderr.write("error: " + EXAMPLE.format(model=flag))
        return 2
    # Not above: --help and wrong flags need not wait for it.
    from client.inference import run
    from client.predict_request import PredictRequest

    return run(PredictRequest(**{**args, "pictures": tuple(args["pictures"])}))


if __name__ == "__main__":
    sys.exit(main())
