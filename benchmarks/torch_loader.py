"""What a PyTorch DataLoader reads a second of ready crops; run by ``benchmarks.input_speed``.

Needs torch, numpy and Pillow and nothing of this project: PyTorch is no dependency of it.
"""

import argparse
import random
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

SIDE = 224


class Crops(torch.utils.data.Dataset):
    """JPEG crops of a folder over and over, each a random square of them, half of them mirrored."""

    def __init__(self, folder: Path, length: int) -> None:
        self._paths = sorted(folder.glob("*.jpg"))
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, place: int) -> torch.Tensor:
        with Image.open(self._paths[place % len(self._paths)]) as image:
            pixels = np.asarray(image.convert("RGB"))
        y, x = (random.randint(0, side - SIDE) for side in pixels.shape[:2])
        pixels = pixels[y : y + SIDE, x : x + SIDE]
        if random.random() < 0.5:
            pixels = pixels[:, ::-1]
        return torch.from_numpy(np.ascontiguousarray(pixels))


def main() -> None:
    """Prints images a second, the workers' start left out."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--workers", type=int, required=True)
    asked = parser.parse_args()
    warm_up = 8
    crops = Crops(asked.folder, asked.images + warm_up * asked.batch)
    loader = torch.utils.data.DataLoader(
        crops, batch_size=asked.batch, num_workers=asked.workers, shuffle=True, drop_last=True
    )
    batches = iter(loader)
    for _ in range(warm_up):
        next(batches)
    begin = time.perf_counter()
    count = sum(len(batch) for batch in batches)
    print(count / (time.perf_counter() - begin))


if __name__ == "__main__":
    main()
