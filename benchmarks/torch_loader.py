"""Pictures a second of a PyTorch DataLoader over ready crops; ``benchmarks.input_speed`` starts it.

PyTorch is no dependency of the project: this runs in an environment that has torch, numpy and
pillow.
"""

import random
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks import flags

RESOLUTION = 224
WARM_UP_BATCHES = 8


class Crops(torch.utils.data.Dataset):
    """The JPEG crops of a folder over and over: random squares of them, half of them mirrored."""

    def __init__(self, folder: Path, length: int) -> None:
        self._paths = sorted(folder.glob("*.jpg"))
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> torch.Tensor:
        with Image.open(self._paths[index % len(self._paths)]) as image:
            pixels = np.asarray(image.convert("RGB"))
        y, x = (random.randint(0, side - RESOLUTION) for side in pixels.shape[:2])
        pixels = pixels[y : y + RESOLUTION, x : x + RESOLUTION]
        if random.random() < 0.5:
            pixels = pixels[:, ::-1]
        return torch.from_numpy(np.ascontiguousarray(pixels))


def main() -> None:
    """Prints pictures a second, without the workers' start."""
    parser = flags.parser(__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="folder with the JPEG crops")
    parser.add_argument(
        "--images", type=int, required=True, metavar="N", help="pictures that count"
    )
    parser.add_argument(
        "--batch-size", type=int, required=True, metavar="N", help="pictures in a batch"
    )
    flags.add_workers(parser)
    args = parser.parse_args()

    crops = Crops(args.folder, args.images + WARM_UP_BATCHES * args.batch_size)
    loader = torch.utils.data.DataLoader(
        crops, batch_size=args.batch_size, num_workers=args.workers, shuffle=True, drop_last=True
    )
    batches = iter(loader)
    for _ in range(WARM_UP_BATCHES):
        next(batches)

    begin = time.perf_counter()
    count = sum(len(batch) for batch in batches)
    print(count / (time.perf_counter() - begin))


if __name__ == "__main__":
    main()
