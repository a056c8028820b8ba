"""The PyTorch sides of ``benchmarks.train_step``: the same architecture from geffnet.

PyTorch is no dependency of the project: this runs in an environment that has torch and geffnet.
"""

import os
from collections.abc import Callable

import geffnet
import torch

from benchmarks import flags
from benchmarks.step_protocol import BATCH_SIZE, NUM_CLASSES, RESOLUTION, serve


def training_step(
    model: torch.nn.Module, pixels: torch.Tensor, bfloat16: bool
) -> Callable[[], object]:
    """Returns a function that does one step with our training's loss, clipping and optimiser."""
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4, weight_decay=0.01)
    label_indices = torch.arange(BATCH_SIZE) % NUM_CLASSES
    loss_fn = torch.nn.CrossEntropyLoss(label_smoothing=0.1)

    def step() -> float:
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            logits = model(pixels)
        loss = loss_fn(logits.float(), label_indices)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return float(loss.item())

    return step


def prediction(
    model: torch.nn.Module, pixels: torch.Tensor, bfloat16: bool
) -> Callable[[], object]:
    """Returns a function that predicts a batch."""
    model.eval()

    def predict() -> torch.Tensor:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            return torch.softmax(model(pixels).float(), 1)

    return predict


def main() -> None:
    """Serves one side, in the memory format channels_last."""
    parser = flags.parser(__doc__)
    flags.add_mode(parser)
    flags.add_bfloat16(parser)
    flags.add_threads(parser)
    args = parser.parse_args()
    torch.set_num_threads(args.threads or os.cpu_count() or 1)
    model = geffnet.efficientnet_b0(num_classes=NUM_CLASSES, drop_rate=0.0, drop_connect_rate=0.2)
    model = model.to(memory_format=torch.channels_last)
    pixels = torch.randn(BATCH_SIZE, 3, RESOLUTION, RESOLUTION)
    pixels = pixels.to(memory_format=torch.channels_last)
    make = training_step if args.mode == flags.TRAINING else prediction
    serve(make(model, pixels, args.bfloat16))


if __name__ == "__main__":
    main()
