"""The PyTorch side of ``benchmarks.serving_speed``, which starts it.

    python -m benchmarks.serving_torch PHOTO.jpg ...

It needs torch, geffnet, numpy and pillow: PyTorch is no dependency of the project, so this runs in
an environment without TensorFlow. Each line of the standard input is a number of pictures. The
reply is the seconds from their JPEG bytes to the probabilities, on the clock and of all cores. An
empty line ends it.
"""

import sys
import time
from itertools import cycle, islice
from pathlib import Path

import geffnet
import numpy as np
import torch

from benchmarks import flags, pictures

RESOLUTION = 224
NUM_CLASSES = 6
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def serve(photos: list[bytes]) -> None:
    """Replies to each line of the standard input until it ends.

    Args:
      photos: JPEG files, which are predicted in turn.
    """
    torch.manual_seed(0)
    network = geffnet.efficientnet_b0(pretrained=False, num_classes=NUM_CLASSES).eval()
    network = network.to(memory_format=torch.channels_last)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    source = cycle(photos)
    print("ready", torch.__version__, torch.get_num_threads(), flush=True)
    with torch.inference_mode():
        for line in iter(sys.stdin.readline, "\n"):
            encoded = list(islice(source, int(line)))
            clock, cpu = time.perf_counter(), time.process_time()
            pixels = np.stack([pictures.resized(photo, RESOLUTION) for photo in encoded])
            # A permutation without a copy is the memory format channels_last.
            batch = torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div_(255)
            torch.softmax(network((batch - mean) / std), 1).numpy()
            print(time.perf_counter() - clock, time.process_time() - cpu, flush=True)


def main() -> None:
    """Reads the photos and serves."""
    parser = flags.parser(__doc__)
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO", help="JPEG files")
    serve([photo.read_bytes() for photo in parser.parse_args().photos])


if __name__ == "__main__":
    main()
