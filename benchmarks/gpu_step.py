"""Training steps on a GPU: ours in every precision, stock Keras, and timm, each in a process.

224 pixels. For each side: seconds until the first step has ended, images a second, and the peak of
the GPU's memory. A step that does not end is given up after --limit seconds. The goal is 1.2 times
the images a second of timm's eager bfloat16, and a first step within a minute. docs/gpu.md is the
protocol. timm is no dependency of the project: --torch starts a Python that has it.

    uv run --extra gpu python -m benchmarks.gpu_step > gpu_step.json
"""

import itertools
import json
import subprocess
import sys
from typing import Any

from benchmarks import flags
from testing.paths import ROOT

TORCH = "uv run --no-project --python 3.12 --with torch --with timm python"
GOAL = 1.2
FIRST_STEP_GOAL = 60.0
"""Seconds."""
OURS, STOCK, TIMM = "ours", "stock", "timm"
_BASELINE = (TIMM, "bfloat16", False)

Variant = tuple[str, str, bool]
"""Side, precision, and whether it is compiled: by XLA, or by torch.compile."""

VARIANTS: tuple[Variant, ...] = (
    *itertools.product((OURS,), ("float32", "bfloat16", "float16"), (False, True)),
    (STOCK, "float32", False),
    (STOCK, "bfloat16", False),
    *itertools.product((TIMM,), ("float32", "bfloat16"), (False, True)),
)


def measured(variant: Variant, batch: int, seconds: int, torch: str) -> dict[str, Any]:
    """Returns the figures of one side, or its failure.

    Args:
      variant: what is measured.
      batch: examples a step.
      seconds: limit for the whole process.
      torch: value of --torch.
    """
    side, precision, compiled = variant
    module = "gpu_step_timm" if side == TIMM else "gpu_step_keras"
    python = torch.split() if side == TIMM else [sys.executable]
    command = [*python, "-m", f"benchmarks.{module}", side, precision, str(int(compiled))]
    command.append(str(batch))
    found: dict[str, Any] = {"side": side, "precision": precision, "compiled": compiled}
    found["batch"] = batch
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return found | {"failure": f"given up after {seconds} s"}
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        return found | {"failure": done.stderr.strip()[-500:] or f"exit {done.returncode}"}
    figures: dict[str, Any] = json.loads(lines[-1])
    return found | figures


def judged(figures: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns the document: the figures, and whether the goals are met at each batch size."""
    goals: dict[str, Any] = {}
    for batch in dict.fromkeys(each["batch"] for each in figures):
        usable = [each for each in figures if each["batch"] == batch and "failure" not in each]
        ours = [each for each in usable if each["side"] == OURS]
        timm = [
            each["images_per_second"]
            for each in usable
            if (each["side"], each["precision"], each["compiled"]) == _BASELINE
        ]
        best = max(ours, key=lambda each: each["images_per_second"], default=None)
        ratio = best["images_per_second"] / timm[0] if best and timm else None
        goals[str(batch)] = {
            "ours_over_timm": ratio and round(ratio, 3),
            "goal_met": ratio is not None and ratio >= GOAL,
            "first_step_goal_met": best is not None
            and best["first_step_seconds"] <= FIRST_STEP_GOAL,
        }
    return {"goals": goals, "steps": figures}


def main() -> int:
    """Prints the figures as JSON, each also as a line on stderr; returns 0 if the goals are met."""
    parser = flags.parser(__doc__)
    parser.add_argument("--batches", type=int, nargs="+", default=[64, 256], metavar="N")
    flags.add_number(parser, "--limit", 180, "seconds after which a side is given up")
    flags.add_torch(parser)
    parser.set_defaults(torch=TORCH)
    args = parser.parse_args()
    figures = []
    for batch, variant in itertools.product(args.batches, VARIANTS):
        if variant[0] == TIMM and not args.torch:
            continue
        figures.append(measured(variant, batch, args.limit, args.torch))
        sys.stderr.write(json.dumps(figures[-1]) + "\n")
    document = judged(figures)
    print(json.dumps(document, indent=1))
    met = [goal["goal_met"] and goal["first_step_goal_met"] for goal in document["goals"].values()]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
