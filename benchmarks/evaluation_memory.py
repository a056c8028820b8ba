"""Peak memory of the evaluation at several numbers of predictions.

Draws tables of predictions of a model and its predecessor and evaluates each one as the Evaluator
does: it counts, slices (TFMA too), resamples, applies the gate and writes the metrics. By default
clips have as many frames as those of AI Hub's eval split (99). Each size is evaluated in a process
that has done nothing else.

    uv run python -m benchmarks.evaluation_memory
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import flags
from benchmarks.memory import measured_apart, peak_mb
from components.evaluator import predictions_table, slices
from schemas.labels import DEFAULT_MOODS

MOOD_SHARES = np.array([25181, 2606, 219600, 466171, 16207, 27313]) / 757078
"""Share of each mood in AI Hub's eval split, in label map order."""
ACTIONS = ("arch", "armstretch", "grooming", "heading", "lying", "roll", "sitdown", "walkrun")
BATCH_SIZE = 64
"""Rows that the Evaluator hands to a servable at a time."""


def draw(path: str, rows: int, frames_per_clip: int) -> None:
    """Writes a table of predictions of which about half are right."""
    random = np.random.default_rng(1)
    clips = -(-rows // frames_per_clip)
    label_indices = random.choice(len(DEFAULT_MOODS), clips, p=MOOD_SHARES)
    predictors = [predictions_table.MODEL, predictions_table.BASELINE]
    with predictions_table.Writer(path, DEFAULT_MOODS, 3, predictors, rows) as writer:
        for begin in range(0, rows, BATCH_SIZE):
            lines = np.arange(begin, min(begin + BATCH_SIZE, rows))
            clip_indices = lines // frames_per_clip
            names = [
                f"{('cat', 'dog')[i % 2]}-{ACTIONS[i % len(ACTIONS)]}-{i:06d}"
                for i in clip_indices.tolist()
            ]
            areas, brightness = random.random(len(lines)), random.random(len(lines))
            truth = label_indices[clip_indices]

            probabilities = {}
            for predictor in predictors:
                raw = random.gamma(0.7, size=(len(lines), len(DEFAULT_MOODS)))
                raw[np.arange(len(lines)), truth] += 0.8
                probabilities[predictor] = (raw / raw.sum(axis=1, keepdims=True)).astype(np.float32)

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
                    predictions_table.BOX_AREA: areas.tolist(),
                    predictions_table.BOX_SIZE: [
                        slices.band(area, slices.BOX_SIZES) for area in areas
                    ],
                    predictions_table.BRIGHTNESS: brightness.tolist(),
                    predictions_table.BRIGHTNESS_BAND: [
                        slices.band(value, slices.BRIGHTNESSES) for value in brightness
                    ],
                    predictions_table.SHARPNESS: areas.tolist(),
                    predictions_table.CONTRAST: (brightness / 2).tolist(),
                    predictions_table.LABEL: [DEFAULT_MOODS[index] for index in truth],
                    predictions_table.LABEL_INDEX: truth.tolist(),
                    predictions_table.SCORED: [True] * len(lines),
                },
                probabilities,
            )


def evaluate(path: str) -> dict[str, Any]:
    """Evaluates a table and returns seconds, counts and memory of this process."""
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


def main() -> int:
    """Prints the figures of each size as JSON; returns 0."""
    parser = flags.parser(__doc__)
    flags.add_rows(parser, [20_000, 200_000])
    flags.add_frames_per_clip(parser, default=99)
    flags.add_measure(parser)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(evaluate(args.measure)))
        return 0

    sizes = []
    with tempfile.TemporaryDirectory() as folder:
        for rows in args.rows:
            path = str(Path(folder, f"{rows}.parquet"))
            draw(path, rows, args.frames_per_clip)
            sizes.append(measured_apart("benchmarks.evaluation_memory", path))
    ratio = sizes[-1]["peak_mb"] / sizes[0]["peak_mb"]
    print(json.dumps({"sizes": sizes, "peak_ratio": round(ratio, 3)}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
