"""The timm side of ``benchmarks.gpu_step``, with what its users switch on.

PyTorch is no dependency of the project: this runs in an environment that has torch and timm.
"""

import json
import sys
import time

import timm
import torch

from benchmarks.step_protocol import NUM_CLASSES, RESOLUTION

_WARM_UP = 5
_SECONDS = 5.0
_STEPS = 10


def measure(precision: str, compiled: bool, batch: int) -> dict[str, object]:
    """Returns the seconds to the first step, images a second, and GiB of GPU memory.

    Args:
      precision: "float32", with TF32, or "bfloat16", by autocast.
      compiled: whether torch.compile compiles the network.
      batch: examples a step.
    """
    began = time.perf_counter()
    torch.manual_seed(1)
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = True
    torch.set_float32_matmul_precision("high")
    model = timm.create_model("efficientnet_b0", num_classes=NUM_CLASSES, drop_path_rate=0.2)
    model = model.cuda().to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4, weight_decay=0.01, fused=True)
    loss_fn = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
    shape = (batch, 3, RESOLUTION, RESOLUTION)
    pixels = torch.randint(0, 256, shape, dtype=torch.uint8).cuda()
    label_indices = (torch.arange(batch) % NUM_CLASSES).cuda()
    network = torch.compile(model) if compiled else model

    def step() -> torch.Tensor:
        optimizer.zero_grad(set_to_none=True)
        scaled = (pixels.float() / 255 - 0.45) / 0.22
        scaled = scaled.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cuda", torch.bfloat16, enabled=precision == "bfloat16"):
            logits = network(scaled)
        loss = loss_fn(logits.float(), label_indices)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.detach()

    loss = step().item()
    first = time.perf_counter() - began
    for _ in range(_WARM_UP):
        step()
    torch.cuda.synchronize()

    steps, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < _SECONDS:
        for _ in range(_STEPS):
            step()
        steps += _STEPS
        torch.cuda.synchronize()
    seconds = time.perf_counter() - begin
    return {
        "device": torch.cuda.get_device_name(),
        "versions": {"torch": torch.__version__, "timm": timm.__version__},
        "first_loss": loss,
        "first_step_seconds": round(first, 1),
        "images_per_second": round(steps * batch / seconds, 1),
        "peak_gib": round(torch.cuda.max_memory_allocated() / 2**30, 2),
    }


def main() -> None:
    """Prints the figures as a line of JSON; takes a side, a precision, 0 or 1, and a batch."""
    _, precision, compiled, batch = sys.argv[1:]
    print(json.dumps(measure(precision, compiled == "1", int(batch))))


if __name__ == "__main__":
    main()
