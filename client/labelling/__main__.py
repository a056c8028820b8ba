r"""Chooses the photos to label next, and reads back what people have labelled.

    uv run python inference.py --weight_path build/run/serving/pet_mood --csv new.csv \
        --out new.parquet
    uv run python -m client.labelling queue --predictions new.parquet \
        --train-csv data/train.csv --count 200 --out queue
    uv run python -m client.labelling read --queue queue --export export.json --out labelled.csv

"queue" takes the least sure photos, those that look least like the training's, and, with the
predictions of a second version (--other), those on which the versions differ. It writes a folder
for Label Studio and CVAT. "read" makes a CSV for --train-csv of an export of either. The guide is
docs/labelling.md.

Exit codes: 0 done, 1 some photos or labels could not be used, 2 wrong flags or files.
"""

import argparse
import sys
from pathlib import Path

from client.labelling import cvat, label_studio, labelled_rows, queue_files
from client.labelling.choosing import DISAGREEING, NOVEL, UNSURE, Best, disagreements, queue_of
from client.labelling.choosing import uncertainty as uncertainty_of
from client.labelling.novelty import TrainingViews, sampled
from client.labelling.predicted import read_predicted
from schemas.errors import ConfigError, DataRefusedError
from schemas.labels import DEFAULT_MOODS, LabelMapError, read_moods
from system.command_line import CommandLine
from system.printable import error_line, printable

DONE, SOME_NOT, CONFIG = 0, 1, 2


def _parser() -> CommandLine:
    parser = CommandLine(
        __doc__ or "",
        "queue --predictions FILE --out FOLDER [flags] | read --queue FOLDER --export FILE --out "
        "FILE [flags]",
        prog="python -m client.labelling",
    )
    parser.add_argument("command", choices=("queue", "read"), help="what to do")
    parser.add_argument("--labels", type=Path, metavar="FILE", help="label map (default: AI Hub's)")
    parser.add_argument("--out", type=Path, metavar="PATH", required=True, help="what to write")
    queue = parser.add_argument_group("queue")
    queue.add_argument(
        "--predictions",
        metavar="FILE",
        help="of inference.py --out (CSV or Parquet), or the folder of a gateway's request log",
    )
    queue.add_argument("--other", metavar="FILE", help="the same photos by a second version")
    queue.add_argument("--train-csv", type=Path, metavar="FILE", help="rows that are labelled")
    queue.add_argument(
        "--image-root", type=Path, metavar="FOLDER", help="of the predictions' relative paths"
    )
    queue.add_argument(
        "--train-image-root", type=Path, metavar="FOLDER", help="of the train table's"
    )
    queue.add_argument("--count", type=int, default=200, metavar="N", help="photos (200)")
    queue.add_argument("--per-clip", type=int, default=1, metavar="N", help="of a clip (1)")
    queue.add_argument(
        "--novel-of",
        type=int,
        default=5000,
        metavar="N",
        help="photos, drawn at random, and train rows that novelty is asked of (5000; 0 is none)",
    )
    queue.add_argument(
        "--photo-url",
        default=label_studio.LOCAL_FILES,
        metavar="TEXT",
        help=f"what Label Studio finds the photos below (default: {label_studio.LOCAL_FILES})",
    )
    queue.add_argument("--model-version", default="", metavar="NAME", help="for the suggestions")
    read = parser.add_argument_group("read")
    read.add_argument("--queue", type=Path, metavar="FOLDER", help="that was labelled")
    read.add_argument(
        "--export", type=Path, metavar="FILE", help="Label Studio's JSON, or CVAT's annotations.xml"
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    parser = _parser()
    args = parser.parse_args(arguments)
    needed = ("predictions",) if args.command == "queue" else ("queue", "export")
    for name in needed:
        if getattr(args, name) is None:
            parser.error(f"{args.command} needs --{name}")
    if min(args.count, args.per_clip) < 1 or args.novel_of < 0:
        parser.error("--count and --per-clip must be at least 1, --novel-of at least 0")
    try:
        return _queue(args) if args.command == "queue" else _read(args)
    except (ConfigError, DataRefusedError) as error:
        sys.stderr.write(error_line(error))
    except OSError as error:
        sys.stderr.write(error_line(f"A file cannot be used: {error}"))
    return CONFIG


def _queue(args: argparse.Namespace) -> int:
    moods = _moods(args.labels)
    found = {UNSURE: Best(args.count, args.per_clip)}
    for photo in read_predicted(args.predictions):
        found[UNSURE].add(uncertainty_of(photo.probabilities), photo)
    root = args.image_root or Path(args.predictions).parent
    if args.train_csv is not None and args.novel_of:
        found[NOVEL] = _novel(args, root)
    if args.other is not None:
        found[DISAGREEING] = Best(args.count, args.per_clip)
        pairs = disagreements(read_predicted(args.predictions), read_predicted(args.other))
        for score, photo in pairs:
            found[DISAGREEING].add(score, photo)
    best = {kind: each.best() for kind, each in found.items()}
    queue = queue_of(best, args.count, args.per_clip)
    if not queue:
        raise ConfigError(
            f"{args.predictions} has no photo with a prediction. A request log has photos only "
            "where it keeps them (log.photos)"
        )
    failed = queue_files.write(
        args.out, queue, str(root), moods, args.photo_url, args.model_version or "pet_mood"
    )
    kinds = {kind: sum(each.kind == kind for each in queue) for kind in best}
    sys.stdout.write(
        f"{len(queue) - failed} photos in {args.out}: "
        + ", ".join(f"{number} {kind}" for kind, number in kinds.items())
        + (f"; {failed} could not be read" if failed else "")
        + "\n"
    )
    return SOME_NOT if failed else DONE


def _moods(labels: Path | None) -> tuple[str, ...]:
    try:
        return DEFAULT_MOODS if labels is None else read_moods(labels)
    except LabelMapError as error:
        raise ConfigError(f"--labels: {error}") from error


def _novel(args: argparse.Namespace, root: Path) -> Best:
    views = TrainingViews(args.train_csv, args.train_image_root, args.novel_of)
    best = Best(args.count, args.per_clip)
    for photo in sampled(read_predicted(args.predictions), args.novel_of):
        content = queue_files.content_of(photo, str(root))
        novelty = None if content is None else views.novelty(content, photo.box)
        if novelty is not None:
            best.add(novelty, photo)
    return best


def _read(args: argparse.Namespace) -> int:
    moods = _moods(args.labels)
    sources = queue_files.read_sources(args.queue)
    tool = cvat if args.export.suffix.lower() == ".xml" else label_studio
    rows, reasons = labelled_rows.write(tool.read_export(args.export), sources, moods, args.out)
    sys.stdout.write(f"{rows} rows in {args.out}\n")
    for reason, number in sorted(reasons.items()):
        sys.stdout.write(f"{number} not used: {printable(reason)}\n")
    return SOME_NOT if reasons else DONE


if __name__ == "__main__":
    sys.exit(main())
