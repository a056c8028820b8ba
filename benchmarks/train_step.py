"""Time of one training step, or one prediction, of EfficientNetB0: stock Keras, ours and PyTorch.

224 pixels, batch 32. Each side is a process that does one repetition for each line that it gets.
The sides take turns, so that the machine's other work affects all alike. Stock Keras runs with
TensorFlow's own choice about oneDNN and with oneDNN; ours runs with oneDNN, which the pipeline
leaves to the user (docs/decisions/0010-fast-step.md).

    uv run python -m benchmarks.train_step
    uv run python -m benchmarks.train_step --mode inference --sides stock ours torch
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from typing import Any

from benchmarks import flags
from benchmarks.step_protocol import BATCH_SIZE
from testing.paths import ROOT

ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
"""Environment variable by which TensorFlow computes with oneDNN ("1") or without ("0"). Where it is
not set, TensorFlow 2.16 chooses oneDNN only on processors with AVX-512 VNNI or newer. Each side has
the value below or none: one in this process's environment is not handed on."""

KERAS, PYTORCH = "step_keras", "step_torch"
STOCK, OURS = (KERAS, "--network", "stock"), (KERAS, "--network", "ours")
SIDES: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "stock": (STOCK, {}),
    "stock_onednn": (STOCK, {ONEDNN: "1"}),
    "ours": (OURS, {ONEDNN: "1"}),
    "torch": ((PYTORCH,), {}),
    "ours_bfloat16": ((*OURS, "--bfloat16"), {ONEDNN: "1"}),
    "torch_bfloat16": ((PYTORCH, "--bfloat16"), {}),
}
"""Module with arguments, and environment of each."""

RATIOS = (
    ("ours", "stock"),
    ("ours", "stock_onednn"),
    ("ours", "torch"),
    ("ours_bfloat16", "torch_bfloat16"),
)


class Side:
    """A process that does repetitions."""

    def __init__(self, name: str, mode: str, torch: str) -> None:
        """Starts the process; ``read_reply`` returns when it is warm.

        Args:
          name: key of ``SIDES``.
          mode: value of --mode.
          torch: value of --torch.
        """
        (module, *arguments), variables = SIDES[name]
        python = torch.split() if module == PYTORCH else [sys.executable]
        if module == PYTORCH:
            arguments += ["--threads", str(os.cpu_count())]
        environment = {key: value for key, value in os.environ.items() if key != ONEDNN}
        self.name = name
        self.clock: list[float] = []
        self.cpu: list[float] = []
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as the process is)
        self._process = subprocess.Popen(
            [*python, "-m", f"benchmarks.{module}", "--mode", mode, *arguments],
            cwd=ROOT,
            env=environment | {"TF_CPP_MIN_LOG_LEVEL": "2"} | variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
        )

    def read_reply(self) -> dict[str, Any]:
        """Waits for the next line of the process and returns it."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            self._stderr.seek(0)
            raise RuntimeError(f"{self.name} ended: {self._stderr.read().decode()[-2000:]}")
        reply: dict[str, Any] = json.loads(line)
        return reply

    def repeat(self) -> None:
        """Lets the process do one repetition and keeps its seconds."""
        assert self._process.stdin
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        reply = self.read_reply()
        self.clock.append(reply["clock"])
        self.cpu.append(reply["cpu"])

    def end(self) -> None:
        """Ends the process."""
        self._process.communicate()

    def figures(self) -> dict[str, float]:
        """Returns medians. CPU seconds depend less on the machine's other work."""
        clock = statistics.median(self.clock)
        return {
            "images_per_s": round(BATCH_SIZE / clock, 2),
            "seconds": round(clock, 4),
            "seconds_least": round(min(self.clock), 4),
            "cpu_seconds": round(statistics.median(self.cpu), 4),
        }


def measure(names: list[str], mode: str, rounds: int, torch: str) -> dict[str, Any]:
    """Lets the sides take turns and returns their figures and ratios.

    Args:
      names: of ``SIDES``.
      mode: value of --mode.
      rounds: repetitions of each side.
      torch: value of --torch.
    """
    load = os.getloadavg()[0]
    sides = []
    for name in names:  # One by one, because the warm-up takes the most memory.
        sides.append(Side(name, mode, torch))
        sides[-1].read_reply()

    for _ in range(rounds):
        for side in sides:
            side.repeat()
    for side in sides:
        side.end()

    figures = {side.name: side.figures() for side in sides}
    return {
        "what": mode,
        "repetitions": rounds,
        "cores": os.cpu_count(),
        "load_before": round(load, 2),
        "sides": figures,
        "ratios": {
            f"{one}/{other}": round(figures[other]["seconds"] / figures[one]["seconds"], 2)
            for one, other in RATIOS
            if one in figures and other in figures
        },
    }


def main() -> int:
    """Prints the figures as JSON; returns 0."""
    parser = flags.parser(__doc__)
    flags.add_mode(parser)
    flags.add_sides(parser, tuple(SIDES), tuple(SIDES))
    flags.add_rounds(parser)
    flags.add_torch(parser)
    args = parser.parse_args()
    names = [name for name in args.sides if args.torch or SIDES[name][0][0] != PYTORCH]
    print(json.dumps(measure(names, args.mode, args.rounds, args.torch), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
