"""Whether the evaluation's memory grows with the predictions.

Tables of predictions of a model and its predecessor are drawn at several sizes, with as many
frames a clip as AI Hub's eval split has (99) or as `--frames-a-clip` says, and judged as the
Evaluator judges them: counted, sliced (TFMA too), resampled, put to the gate and written. Each size
is judged in a process of its own.

    uv run python -m benchmarks.evaluation_memory
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from components.evaluator import predictions_table, slices
from schemas.labels import DEFAULT_MOODS

SHARES = np.array([25181, 2606, 219600, 466171, 16207, 27313]) / 757078
"""Of the moods in AI Hub's eval split."""
ACTIONS = ("arch", "armstretch", "grooming", "heading", "lying", "roll", "sitdown", "walkrun")
PIECE = 64
"""Rows that the Evaluator asks a servable for at a time."""


def draw(path: str, rows: int, frames_a_clip: int) -> None:
    """Writes a table of predictions, right about half of the time."""
    random = np.random.default_rng(1)
    clips = -(-rows // frames_a_clip)
    moods = random.choice(len(DEFAULT_MOODS), clips, p=SHARES)
    predictors = [predictions_table.MODEL, predictions_table.BASELINE]
    with predictions_table.Writer(path, DEFAULT_MOODS, 3, predictors, rows) as writer:
        for begin in range(0, rows, PIECE):
            lines = np.arange(begin, min(begin + PIECE, rows))
            clip = lines // frames_a_clip
            names = [
                f"{('cat', 'dog')[i % 2]}-{ACTIONS[i % len(ACTIONS)]}-{i:06d}"
                for i in clip.tolist()
            ]
            area, grey = random.random(len(lines)), random.random(len(lines))
            answers = {}
            for predictor in predictors:
                raw = random.gamma(0.7, size=(len(lines), len(DEFAULT_MOODS)))
                raw[np.arange(len(lines)), moods[clip]] += 0.8
                answers[predictor] = (raw / raw.sum(axis=1, keepdims=True)).astype(np.float32)
            writer.add(
                {
                    predictions_table.LINE: (lines + 2).tolist(),
                    predictions_table.PATH: [
                        f"images/{name}/frame_{i}.jpg" for i, name in enumerate(names)
                    ],
                    predictions_table.CLIP: names,
                    predictions_table.GROUP: names,
                    predictions_table.SPECIES: [name[:3].upper() for name in names],
                    predictions_table.ACTION: [slices.action_of(name) for name in names],
                    predictions_table.BOX_AREA: area,
                    predictions_table.BOX_SIZE: [
                        slices.band(one, slices.BOX_SIZES) for one in area
                    ],
                    predictions_table.BRIGHTNESS: grey,
                    predictions_table.BRIGHTNESS_BAND: [
                        slices.band(one, slices.BRIGHTNESSES) for one in grey
                    ],
                    predictions_table.SHARPNESS: area,
                    predictions_table.CONTRAST: grey / 2,
                    predictions_table.LABEL: [DEFAULT_MOODS[mood] for mood in moods[clip]],
                    predictions_table.LABEL_INDEX: moods[clip],
                    predictions_table.SCORED: [True] * len(lines),
                },
                answers,
            )


def judge(path: str) -> dict[str, Any]:
    """Judges a table in this process, which has done nothing else."""
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions

    from components.evaluator import analysis, gate, measures
    from components.evaluator.confusion_counts import ConfusionCounts
    from components.evaluator.settings import EvaluateSettings

    before, start = peak_mb(), time.perf_counter()
    counts, settings = ConfusionCounts(predictions_table.Table(path)), EvaluateSettings()
    counted = time.perf_counter()
    options = PipelineOptions(["--runner=DirectRunner", "--direct_running_mode=in_memory"])
    with tempfile.TemporaryDirectory() as folder:
        with beam.Pipeline(options=options) as pipeline:
            analysis.analyse(pipeline, counts, folder)
        analysis.check(folder, counts)
        sliced = time.perf_counter()
        checks = list(gate.checks(counts, settings))
        document = measures.measure(counts, settings)
        Path(folder, "metrics.json").write_text(json.dumps(document), "utf-8")
    return {
        "rows": counts.rows,
        "clips": counts.clips,
        "checks": len(checks),
        "slices": len(counts.slices),
        "seconds_count": round(counted - start, 1),
        "seconds_tfma": round(sliced - counted, 1),
        "seconds_intervals": round(time.perf_counter() - sliced, 1),
        "mb_after_imports": round(before),
        "peak_mb": round(peak_mb()),
    }


def peak_mb() -> float:
    """Returns the most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Measures and prints JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000, 200_000])
    parser.add_argument("--frames-a-clip", type=int, default=99)
    parser.add_argument("--judge", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.judge:
        print(json.dumps(judge(asked.judge)))
        return 0
    told = []
    with tempfile.TemporaryDirectory() as folder:
        for rows in asked.rows:
            path = str(Path(folder, f"{rows}.parquet"))
            draw(path, rows, asked.frames_a_clip)
            command = [sys.executable, "-m", "benchmarks.evaluation_memory", "--judge", path]
            ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            told.append(json.loads(ran.stdout.splitlines()[-1]))
    ratio = told[-1]["peak_mb"] / told[0]["peak_mb"]
    print(json.dumps({"sizes": told, "peak_ratio": round(ratio, 3)}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
