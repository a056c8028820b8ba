"""The flags that name a model, for all commands that need one. Nothing heavy is imported."""

import argparse
from pathlib import Path


def add_model_flags(parser: argparse.ArgumentParser) -> None:
    """Adds ``--weight_path``, ``--server``, ``--timeout`` and the flags about the model."""
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "--weight_path",
        type=Path,
        metavar="PATH",
        help="model on this machine: a pushed version, the folder of versions above it "
        "(the highest is used), an export (a folder with model.onnx, model.xml or model.tflite), "
        "or a checkpoint (best.keras, or Keras weights .h5)",
    )
    where.add_argument(
        "--server",
        metavar="URL",
        help="model on TensorFlow Serving: grpc://host:8500 or http://host:8501 (with TLS grpcs "
        "or https); /v1/models/NAME may follow (default: pet_mood), then /versions/N or "
        "/labels/LABEL. Or a Vertex AI endpoint, https://REGION-aiplatform.googleapis.com"
        "/v1/projects/PROJECT/locations/REGION/endpoints/ID. Requests that a busy or restarting "
        "server refuses are repeated, 6 attempts within some seconds. REST does not load "
        "TensorFlow",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="time limit of one request to a server, from its start to the end of the answer "
        "(default: %(default)g)",
    )
    add_access_flags(parser)

    about = parser.add_argument_group(
        "the model",
        "A pushed version and an export record all of these, a checkpoint its input size and "
        "number of moods, a server its moods. Flags that are given must agree with the model. "
        "With a checkpoint, boxes are widened by the default margin, because it does not record "
        "the margin of its training.",
    )
    about.add_argument(
        "--input_size", type=int, metavar="PIXELS", help="side of the model's square input"
    )
    about.add_argument("--classes", type=int, metavar="N", help="number of moods")
    about.add_argument(
        "--label",
        type=Path,
        metavar="FILE",
        help='label map, JSON {"name": index} (default for a checkpoint: AI Hub\'s six moods)',
    )


def add_access_flags(parser: argparse.ArgumentParser) -> None:
    """Adds ``--token-file``, ``--ca``, ``--cert`` and ``--key``."""
    access = parser.add_argument_group(
        "access to a server",
        "A token also comes from PET_MOOD_TOKEN in the environment. It is sent over TLS only, or "
        "to this machine. Proxies and authorities that the environment names (HTTPS_PROXY, "
        "NO_PROXY, SSL_CERT_FILE, ...) hold for REST and gRPC; a server on this machine is never "
        "asked through a proxy.",
    )
    for flag, meaning in (
        ("--token-file", 'file with the token that is sent as "Authorization: Bearer"'),
        ("--ca", "PEM file of the authority that the server's certificate must come from"),
        ("--cert", "PEM file of this machine's certificate, where the server asks for one"),
        ("--key", "PEM file of that certificate's key, not encrypted"),
    ):
        access.add_argument(flag, type=Path, metavar="FILE", help=meaning)
