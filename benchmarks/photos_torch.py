"""The PyTorch side of ``benchmarks.real_photos``: the recipe that most people use, in a process.

EfficientNetB0 with TensorFlow's padding from geffnet, timm's predecessor by the same author, from
the same start weights; AdamW, one epoch of warm-up and a cosine, random resized crops, mirror,
colours, label smoothing, drop path. PyTorch is no dependency of the project: this runs in an
environment that has torch, geffnet, numpy and pillow.
"""

import json
import math
import random
import resource
import sys
import time
from pathlib import Path
from typing import Any

import geffnet
import numpy as np
import torch
from PIL import Image, ImageEnhance

_MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
_STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
_BATCH_NORM = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}
_TOLERANCE = 1e-3
"""Largest difference of the features from ours, as a share of their mean size."""


class Photos:
    """Crops of a split in memory, each with the view that the box gives.

    Attributes:
      labels: int64[n].
    """

    def __init__(self, path: Path, side: int) -> None:
        with np.load(path) as arrays:
            ends = np.cumsum(arrays["sizes"].prod(axis=1) * 3)
            flat = np.split(arrays["pixels"], ends[:-1])
            self._crops = [
                Image.fromarray(pixels.reshape(*size, 3))
                for pixels, size in zip(flat, arrays["sizes"], strict=True)
            ]
            self._windows = arrays["windows"].tolist()
            self.labels = torch.from_numpy(arrays["labels"]).long()
        self._side = side

    def view(self, index: int) -> Image.Image:
        """Returns the view without changes."""
        y, x, height, width = self._windows[index]
        return self._resized(index, (x, y, x + width, y + height))

    def random_view(self, index: int, least_area: float, colours: float) -> Image.Image:
        """Returns a random crop of the stored picture, half of them mirrored, in other colours.

        As torchvision's RandomResizedCrop, with aspect ratios of 3/4 to 4/3, and ColorJitter.
        """
        whole_width, whole_height = self._crops[index].size
        box = (0.0, 0.0, float(whole_width), float(whole_height))
        for _ in range(10):
            area = whole_width * whole_height * random.uniform(least_area, 1)
            ratio = math.exp(random.uniform(math.log(3 / 4), math.log(4 / 3)))
            width, height = math.sqrt(area * ratio), math.sqrt(area / ratio)
            if width <= whole_width and height <= whole_height:
                x, y = (
                    random.uniform(0, whole_width - width),
                    random.uniform(0, whole_height - height),
                )
                box = (x, y, x + width, y + height)
                break
        picture = self._resized(index, box)
        if random.random() < 0.5:
            picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        for kind in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
            picture = kind(picture).enhance(random.uniform(1 - colours, 1 + colours))
        return picture

    def _resized(self, index: int, box: Any) -> Image.Image:
        size = (self._side, self._side)
        return self._crops[index].resize(size, Image.Resampling.BILINEAR, box=box)


def batch_of(pictures: list[Image.Image]) -> torch.Tensor:
    """Returns float32[n, 3, side, side], normalised as ImageNet's."""
    pixels = torch.from_numpy(np.stack([np.asarray(picture) for picture in pictures]))
    return normalised(pixels)


def normalised(pixels: torch.Tensor) -> torch.Tensor:
    """Returns uint8[n, side, side, 3] as the network wants it."""
    scaled = (pixels.permute(0, 3, 1, 2).float() / 255 - _MEAN) / _STD
    return scaled.contiguous(memory_format=torch.channels_last)


def load(network: torch.nn.Module, path: Path) -> float:
    """Loads our start weights; returns the largest difference of the features from ours.

    Raises:
      ValueError: if the features are others.
    """
    with np.load(path) as arrays:
        state = network.state_dict()
        for name in state:
            if not name.startswith("classifier") and not name.endswith("num_batches_tracked"):
                state[name] = _converted(name, arrays, state[name])
        network.load_state_dict(state)
        network.eval()
        with torch.inference_mode():
            found = network.features(normalised(torch.from_numpy(arrays["pixels"])))
        expected = torch.from_numpy(arrays["features"])
    error = float((found.mean((2, 3)) - expected).abs().max() / expected.abs().mean())
    if error > _TOLERANCE:
        raise ValueError(f"The features must be those of our network. They differ by {error:g}")
    return error


def _converted(name: str, arrays: Any, like: torch.Tensor) -> torch.Tensor:
    layer, leaf = name.rsplit(".", 1)
    ours = _our_layer(layer)
    is_norm = ours.endswith("bn")
    key = _BATCH_NORM[leaf] if is_norm else {"weight": "kernel", "bias": "bias"}[leaf]
    array = torch.from_numpy(arrays[f"{ours}/{key}"])
    if array.ndim == 4:  # Keras: height, width, in, out; a depthwise kernel has its one last.
        array = array.permute((2, 3, 0, 1) if ours.endswith("dwconv") else (3, 2, 0, 1))
    return array.reshape(like.shape)


def _our_layer(name: str) -> str:
    """Returns Keras' name of a layer of geffnet's EfficientNet."""
    outer = {"conv_stem": "stem_conv", "bn1": "stem_bn", "conv_head": "top_conv", "bn2": "top_bn"}
    if name in outer:
        return outer[name]
    _, stage, repeat, part = name.split(".", 3)
    is_first = stage == "0"  # Without expansion.
    parts = {
        "conv_dw": "dwconv",
        "se.conv_reduce": "se_reduce",
        "se.conv_expand": "se_expand",
        "conv_pw": "project_conv" if is_first else "expand_conv",
        "bn1": "bn" if is_first else "expand_bn",
        "bn2": "project_bn" if is_first else "bn",
        "conv_pwl": "project_conv",
        "bn3": "project_bn",
    }
    return f"block{int(stage) + 1}{'abcdefgh'[int(repeat)]}_{parts[part]}"


def measure(job: dict[str, Any]) -> dict[str, Any]:
    """Trains and returns the figures.

    Args:
      job: "train" and "eval", files with crops; "weights"; "moods", a number; "side"; "seed";
        "epochs"; "threads"; "recipe", with "batch", "rate", "decay", "drop_path", "smoothing",
        "least_area" and "colours".
    """
    recipe = job["recipe"]
    torch.set_num_threads(job["threads"])
    torch.manual_seed(job["seed"])
    random.seed(job["seed"])
    network = geffnet.tf_efficientnet_b0(
        num_classes=job["moods"], drop_rate=0.0, drop_connect_rate=recipe["drop_path"]
    )
    error = load(network, Path(job["weights"]))
    network = network.to(memory_format=torch.channels_last)
    train, evaluation = (Photos(Path(job[name]), job["side"]) for name in ("train", "eval"))
    decayed = [each for each in network.parameters() if each.ndim > 1]
    others = [each for each in network.parameters() if each.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": recipe["decay"]}, {"params": others}],
        recipe["rate"],
        weight_decay=0.0,
    )
    steps = len(train.labels) // recipe["batch"]
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: _rate_share(step, steps, job["epochs"] * steps)
    )
    loss_fn = torch.nn.CrossEntropyLoss(label_smoothing=recipe["smoothing"])

    began, cpu = time.perf_counter(), _cpu_seconds()
    figures: list[tuple[float, float]] = []
    for _ in range(job["epochs"]):
        network.train()
        right = 0
        for indices in torch.randperm(len(train.labels))[: steps * recipe["batch"]].split(
            recipe["batch"]
        ):
            pictures = [
                train.random_view(index, recipe["least_area"], recipe["colours"])
                for index in indices.tolist()
            ]
            optimizer.zero_grad(set_to_none=True)
            logits = network(batch_of(pictures))
            loss_fn(logits, train.labels[indices]).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            right += int((logits.argmax(1) == train.labels[indices]).sum())
        figures.append(_scores(network, evaluation, job["moods"]))
    return {
        "macro_f1": [round(macro_f1, 4) for macro_f1, _ in figures],
        "accuracy": [round(accuracy, 4) for _, accuracy in figures],
        "train_accuracy": round(right / (steps * recipe["batch"]), 4),
        "images": steps * recipe["batch"] * job["epochs"],
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(_cpu_seconds() - cpu, 1),
        "largest_difference_of_features": error,
    }


def _rate_share(step: int, warmup: int, steps: int) -> float:
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def _scores(network: torch.nn.Module, photos: Photos, moods: int) -> tuple[float, float]:
    """Returns macro-F1 over the moods that there are, and accuracy."""
    network.eval()
    found = []
    with torch.inference_mode():
        for indices in torch.arange(len(photos.labels)).split(64):
            pictures = [photos.view(index) for index in indices.tolist()]
            found.append(network(batch_of(pictures)).argmax(1))
    counts = np.zeros((moods, moods))
    np.add.at(counts, (photos.labels.numpy(), torch.cat(found).numpy()), 1)
    right, true, predicted = np.diag(counts), counts.sum(1), counts.sum(0)
    present = true > 0
    f1 = 2 * right[present] / (true + predicted)[present]
    return float(f1.mean()), float(right.sum() / counts.sum())


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Prints the figures as the last line, JSON; takes the job as JSON on standard input."""
    print(json.dumps(measure(json.load(sys.stdin))))


if __name__ == "__main__":
    main()
