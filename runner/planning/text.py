"""A plan, for people."""

import sys
from collections.abc import Iterator

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from report.formatting import clock_text, size_text
from schemas.documents.plan import Plan, Probe
from system.terminal import console_on, shown


def print_plan(plan: Plan) -> None:
    """Prints a plan to the standard output."""
    console = console_on(sys.stdout, force_terminal=None if sys.stdout.isatty() else False)
    _print(console, _tables(plan))
    for line in _shared_lines(plan):
        console.print(line, soft_wrap=True)
    if plan["nodes"]:
        console.print()
        _print(console, _nodes(plan))
    console.print()
    for line in _closing_lines(plan):
        console.print(line, soft_wrap=True)


def _print(console: Console, table: Table) -> None:
    console.print(Padding(table, (0, 0, 0, 2), expand=False))


def _tables(plan: Plan) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("table")
    for each in plan["tables"]:
        table.add_column(each["split"], justify="right")

    def row(name: str, cells: list[int], style: str = "") -> None:
        table.add_row(shown(name), *(f"{cell:,}" for cell in cells), style=style)

    row("rows", [each["rows"] for each in plan["tables"]], "bold")
    row("clips", [each["clips"] for each in plan["tables"]])
    row("animals", [each["animals"] for each in plan["tables"]])
    moods = {mood: None for each in plan["tables"] for mood in each["moods"]}
    for mood in moods:
        row(mood, [each["moods"].get(mood, 0) for each in plan["tables"]])
    reasons = {reason: None for each in plan["tables"] for reason in each["faults"]}
    for reason in reasons:
        row(
            f"refused: {reason}",
            [each["faults"].get(reason, 0) for each in plan["tables"]],
            "yellow",
        )
    return table


def _shared_lines(plan: Plan) -> Iterator[Text]:
    for pair in plan["shared"]:
        yield Text(
            f"  In {pair['first']} and in {pair['second']}: {pair['clips']} clips, "
            f"{pair['animals']} animals"
        )


def _nodes(plan: Plan) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("step")
    for title in ("time", "CPU", "memory", "disk"):
        table.add_column(title, justify="right")
    for node in plan["nodes"]:
        if node["reused"]:
            table.add_row(node["name"], "reused", style="cyan")
            continue
        table.add_row(
            node["name"],
            clock_text(node["seconds"]),
            clock_text(node["cpu_seconds"]),
            f"{node['peak_mib']:,} MiB" if node["peak_mib"] else "",
            size_text(node["disk_bytes"]) if node["disk_bytes"] else "",
        )
    table.add_row(
        "in all",
        clock_text(plan["seconds"]),
        clock_text(plan["cpu_seconds"]),
        f"{plan['peak_mib']:,} MiB",
        size_text(plan["disk_bytes"]),
        style="bold",
    )
    return table


def _closing_lines(plan: Plan) -> Iterator[Text]:
    for problem in plan["problems"]:
        yield Text(f"  The run would end with exit code {plan['exit']}: {problem}", style="red")
    probe = plan["probe"]
    if probe is None:
        return
    yield Text(f"  free disk: {size_text(plan['free_bytes'])}", style="dim")
    for text in _rates(probe):
        yield Text(f"  {text}", style="dim")


def _rates(probe: Probe) -> Iterator[str]:
    yield (
        f"measured in {probe['seconds']:.0f} s: a photo {1000 * probe['photo_seconds']:.1f} ms "
        f"({probe['photos']} were read), a training step {1000 * probe['step_seconds']:.0f} ms, "
        f"a batch's prediction {1000 * probe['predict_seconds']:.0f} ms"
    )
    if probe["is_cut_short"]:
        yield "the machine was too busy to time a prediction: it is taken as a third of a step"
    if probe["slowdown"] > 1.2:
        yield (
            "other programs are busy: a CPU second takes "
            f"{probe['slowdown']:.1f} s here, and the times above say so"
        )
