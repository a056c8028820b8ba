"""Tells the mood of the dog or cat on each picture.

    uv run python inference.py --weight_path build/run/serving/pet_mood photos/

PICTURE is a file, or a folder whose pictures are taken with those of its
sub-folders. Photos that a phone has stored on their side are turned upright.

On a terminal the answers are a table. Elsewhere, or with --json, each picture
gets a line of JSON in UTF-8, in the order of the pictures:

    {"image": "a.jpg", "mood": "행복/즐거움", "probabilities": {"화남/불쾌": 0.01, ...}}
    {"image": "b.jpg", "mood": null, "error": "image_truncated", "detail": "..."}

error is one of image_missing, not_an_image, image_truncated, image_too_large,
box_outside_image, image_unreadable (the model cannot decode it) and
answer_not_finite (the model is spoilt).

Exit codes: 0 every picture got a mood, 1 some or all did not, or it was
stopped, 2 the settings are wrong: nothing was asked.

What TensorFlow prints is held back; TF_CPP_MIN_LOG_LEVEL=0 in the environment
lets it through to the standard error.
"""

import argparse
import sys
from pathlib import Path

EXAMPLE = """\
Name the pictures, files or folders, for example:

    python inference.py --weight_path {weights} photos/ cat.jpg

(The original project's list of pictures stood in its code; there is none here.)
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("pictures", nargs="*", metavar="PICTURE", help="files and folders")
    parser.add_argument(
        "--weight_path",
        type=Path,
        metavar="PATH",
        required=True,
        help="a pushed version, the folder of versions above it (the highest "
        "is taken), or a checkpoint (best.keras, or Keras weights .h5)",
    )
    parser.add_argument(
        "--box",
        metavar="Y,X,HEIGHT,WIDTH",
        help="where the animal is, in pixels of the upright picture; the same "
        "for every picture (default: the whole picture)",
    )
    parser.add_argument("--json", action="store_true", help="lines of JSON on a terminal, too")
    model = parser.add_argument_group(
        "the model",
        "A pushed version knows these, and a checkpoint its input size and classes;\n"
        "what is given must agree. Neither a checkpoint nor a flag says by how much\n"
        "boxes were widened in training: with a checkpoint it is the default margin.",
    )
    model.add_argument(
        "--input_size", type=int, metavar="PIXELS", help="side of the square that the model sees"
    )
    model.add_argument("--classes", type=int, metavar="N", help="how many moods it tells apart")
    model.add_argument(
        "--label",
        type=Path,
        metavar="FILE",
        help='its label map, JSON {"name": index} (default for a checkpoint: AI Hub\'s six moods)',
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    parser = _parser()
    # Flags may stand between the pictures.
    wishes = vars(parser.parse_intermixed_args(arguments))
    if not wishes["pictures"]:
        parser.print_usage(sys.stderr)
        sys.stderr.write("error: " + EXAMPLE.format(weights=wishes["weight_path"]))
        return 2
    # Not above: --help and wrong flags need not wait for it.
    from client.run import Request, run

    return run(Request(**{**wishes, "pictures": tuple(wishes["pictures"])}))


if __name__ == "__main__":
    sys.exit(main())
