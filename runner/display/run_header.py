"""What a run works on, and where it writes to, as it is printed at the beginning."""

from pathlib import Path

from rich.console import Console
from rich.text import Text

from pipeline.beam import LOCAL, beam_args
from pipeline.config import Settings
from pipeline.run_inputs import RunInputs
from report.formatting import path_text
from runner.run_request import RunRequest
from system.printable import printable


def print_header(
    console: Console, request: RunRequest, settings: Settings, inputs: RunInputs, log: Path
) -> None:
    """Prints data, settings, output, log and, where it is not this machine, the engine."""
    data = "the drawn sample" if request.uses_sample else path_text(inputs.train_csv)
    for csv in (inputs.validation_csv, inputs.eval_csv):
        data += f" and {path_text(csv)}" if csv is not None else ""
    overrides = "".join(f" {text}" for text in request.overrides)
    engine = [("engine", " ".join(beam_args(settings.beam, 1)))]
    for title, text in (
        ("data", data),
        ("settings", f"preset {request.preset_name}{overrides}"),
        ("output", path_text(inputs.output)),
        ("log", path_text(log)),
        *(engine if settings.beam.runner != LOCAL else []),
    ):
        console.print(Text.assemble("  ", (f"{title:<10}", "dim"), printable(text)), soft_wrap=True)
    console.print()
