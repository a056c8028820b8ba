"""PyTorch's side of ``benchmarks.serving_speed``: run by path, in an environment with PyTorch.

    python benchmarks/serving_torch.py PHOTO.jpg ...

It needs ``torch``, ``geffnet`` and ``pillow``. Each line on the standard input is a number of
pictures; the answer is the seconds from their JPEG bytes to the probabilities, and those of all
cores together. An empty line ends it.
"""

import io
import sys
import time
from itertools import cycle, islice
from pathlib import Path

import geffnet
import numpy as np
import torch
from PIL import Image

SIDE = 224
MOODS = 6
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def main(names: list[str]) -> None:
    """Answers until the input ends."""
    photos = [Path(name).read_bytes() for name in names]
    torch.manual_seed(0)
    network = geffnet.efficientnet_b0(pretrained=False, num_classes=MOODS).eval()
    network = network.to(memory_format=torch.channels_last)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    source = cycle(photos)
    print("ready", torch.__version__, torch.get_num_threads(), flush=True)
    with torch.inference_mode():
        for line in iter(sys.stdin.readline, "\n"):
            asked = list(islice(source, int(line)))
            start, work = time.perf_counter(), time.process_time()
            pixels = np.stack([_pixels(photo) for photo in asked])
            # Permuted, and not copied, this is what channels_last means.
            seen = torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div_(255)
            torch.softmax(network((seen - mean) / std), 1).numpy()
            print(time.perf_counter() - start, time.process_time() - work, flush=True)


def _pixels(photo: bytes) -> np.ndarray:
    image = Image.open(io.BytesIO(photo)).convert("RGB")
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR))


if __name__ == "__main__":
    main(sys.argv[1:])
