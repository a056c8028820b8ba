"""The flags that name a model, shared by the commands that ask one. Nothing heavy is imported."""

import argparse
from pathlib import Path


def add_model_flags(parser: argparse.ArgumentParser) -> None:
    """Adds ``--weight_path`` or ``--server``, ``--timeout`` and what the model is said to be."""
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument(
        "--weight_path",
        type=Path,
        metavar="PATH",
        help="a pushed version, the folder of versions above it (the highest "
        "is taken), or a checkpoint (best.keras, or Keras weights .h5)",
    )
    asked.add_argument(
        "--server",
        metavar="URL",
        help="a model on TensorFlow Serving: grpc://host:8500 or http://host:8501 (grpcs, "
        "https: with TLS), maybe with /v1/models/NAME (default pet_mood) and /versions/N or "
        "/labels/LABEL. What a busy or restarting server turns away is asked again, 6 "
        "times in some seconds. Over REST TensorFlow need not be loaded",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="that a request to a server may take (default: %(default)g)",
    )
    model = parser.add_argument_group(
        "the model",
        "A pushed version knows these, a checkpoint its input size and classes, and a\n"
        "server its classes and label map; what is given must agree. Neither a\n"
        "checkpoint nor a flag says by how much boxes were widened in training: with a\n"
        "checkpoint it is the default margin.",
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
