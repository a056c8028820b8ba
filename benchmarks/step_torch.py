"""The PyTorch sides of ``benchmarks.train_step``: the same architecture from geffnet.

PyTorch is no dependency of the project: this runs in an environment of its own.
"""

import argparse
from collections.abc import Callable

import geffnet
import torch

from benchmarks.step_protocol import BATCH, CLASSES, SIDE, serve


def training(model: torch.nn.Module, pixels: torch.Tensor, half: bool) -> Callable[[], object]:
    """Returns one step with the loss, the clipping and the optimiser of our training."""
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4, weight_decay=0.01)
    truth = torch.arange(BATCH) % CLASSES
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=0.1)

    def step() -> float:
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            logits = model(pixels)
        loss = loss_of(logits.float(), truth)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return float(loss.item())

    return step


def answering(model: torch.nn.Module, pixels: torch.Tensor, half: bool) -> Callable[[], object]:
    """Returns one answer of the network."""
    model.eval()

    def answer() -> torch.Tensor:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=half):
            return torch.softmax(model(pixels).float(), 1)

    return answer


def main() -> None:
    """Serves one side, in channels_last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--what", choices=("training", "inference"), required=True)
    parser.add_argument("--bfloat16", action="store_true")
    parser.add_argument("--threads", type=int, required=True)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    model = geffnet.efficientnet_b0(num_classes=CLASSES, drop_rate=0.0, drop_connect_rate=0.2)
    model = model.to(memory_format=torch.channels_last)
    pixels = torch.randn(BATCH, 3, SIDE, SIDE).to(memory_format=torch.channels_last)
    make = training if asked.what == "training" else answering
    serve(make(model, pixels, asked.bfloat16))


if __name__ == "__main__":
    main()
