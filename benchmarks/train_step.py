"""One training step, or one answer, of EfficientNetB0: stock Keras, ours and PyTorch.

224 pixels, batch 32. Each side is a process of its own that does one repetition when told to,
and the sides take turns: what else the machine does hits all alike. PyTorch is fetched by uv
into an environment of its own.

    uv run python -m benchmarks.train_step
    uv run python -m benchmarks.train_step --what inference --sides stock,ours,torch
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.step_protocol import BATCH

PROJECT = Path(__file__).parent.parent
ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
"""Stock runs with TensorFlow's own choice, and with what ``runner.environment`` sets."""

UV_TORCH = "uv run --no-project --python 3.10 --with torch --with geffnet python"
STOCK, OURS = ("keras", "--which", "stock"), ("keras", "--which", "ours")
SIDES: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "stock": (STOCK, {}),
    "stock_onednn": (STOCK, {ONEDNN: "1"}),
    "ours": (OURS, {ONEDNN: "1"}),
    "torch": (("torch",), {}),
    "ours_bfloat16": ((*OURS, "--bfloat16"), {ONEDNN: "1"}),
    "torch_bfloat16": (("torch", "--bfloat16"), {}),
}
"""Module, arguments and environment of each."""

RATIOS = (
    ("ours", "stock"),
    ("ours", "stock_onednn"),
    ("ours", "torch"),
    ("ours_bfloat16", "torch_bfloat16"),
)


class Side:
    """A process that does repetitions."""

    def __init__(self, name: str, what: str, torch: str) -> None:
        """Starts it; ``wait`` returns when it is warm."""
        (kind, *arguments), more = SIDES[name]
        python = torch.split() if kind == "torch" else [sys.executable]
        if kind == "torch":
            arguments += ["--threads", str(os.cpu_count())]
        environment = {key: value for key, value in os.environ.items() if key != ONEDNN}
        self.name = name
        self.clock: list[float] = []
        self.cpu: list[float] = []
        self._noise = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as the process is)
        self._process = subprocess.Popen(
            [*python, "-m", f"benchmarks.step_{kind}", "--what", what, *arguments],
            cwd=PROJECT,
            env=environment | {"TF_CPP_MIN_LOG_LEVEL": "2"} | more,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._noise,
            text=True,
        )

    def wait(self) -> dict[str, Any]:
        """Returns the process' next line."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            self._noise.seek(0)
            raise RuntimeError(f"{self.name} ended: {self._noise.read().decode()[-2000:]}")
        said: dict[str, Any] = json.loads(line)
        return said

    def repeat(self) -> None:
        """Has one repetition done and notes its seconds."""
        assert self._process.stdin
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        said = self.wait()
        self.clock.append(said["clock"])
        self.cpu.append(said["cpu"])

    def end(self) -> None:
        """Ends the process."""
        self._process.communicate()

    def figures(self) -> dict[str, float]:
        """Returns medians; the CPU's seconds depend less on what else the machine does."""
        clock = statistics.median(self.clock)
        return {
            "images_per_s": round(BATCH / clock, 2),
            "seconds": round(clock, 4),
            "seconds_least": round(min(self.clock), 4),
            "cpu_seconds": round(statistics.median(self.cpu), 4),
        }


def measure(names: list[str], what: str, repeat: int, torch: str) -> dict[str, Any]:
    """Measures the sides in turns."""
    load = os.getloadavg()[0]
    sides = []
    for name in names:  # One by one: warming up is where most memory is taken.
        sides.append(Side(name, what, torch))
        sides[-1].wait()
    for _ in range(repeat):
        for side in sides:
            side.repeat()
    for side in sides:
        side.end()
    told = {side.name: side.figures() for side in sides}
    return {
        "what": what,
        "repetitions": repeat,
        "cores": os.cpu_count(),
        "load_before": round(load, 2),
        "sides": told,
        "ratios": {
            f"{one}/{other}": round(told[other]["seconds"] / told[one]["seconds"], 2)
            for one, other in RATIOS
            if one in told and other in told
        },
    }


def main() -> int:
    """Measures and prints JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--what", choices=("training", "inference"), default="training")
    parser.add_argument("--sides", default=",".join(SIDES), help="of " + ", ".join(SIDES))
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--torch", default=UV_TORCH, help="how to start a Python with PyTorch")
    asked = parser.parse_args()
    names = asked.sides.split(",")
    if unknown := set(names) - set(SIDES):
        parser.error(f"--sides must be of {', '.join(SIDES)}. Received: {', '.join(unknown)}")
    print(json.dumps(measure(names, asked.what, asked.repeat, asked.torch), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
