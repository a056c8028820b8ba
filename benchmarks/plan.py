"""A plan beside the run that it is for: CPU seconds, time, memory and disk, step by step.

    python -m benchmarks.plan --rows 48 200 700

Each size is a table of the drawn sample's frames. The plan is made first, in a process of its own,
then the run. On a machine that other programs use, the CPU seconds tell more than the time.
"""

import csv
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from benchmarks import flags
from dataset.sample.settings import SampleSettings
from dataset.sample.writer import write_sample

_ROOT = Path(__file__).parents[1]


def main() -> None:
    """Prints a table for each size."""
    parser = flags.parser(__doc__)
    flags.add_rows(parser, [48, 200, 700])
    parser.add_argument("--set", action="append", default=[], dest="overrides")
    flags.add_preset(parser, "sample")
    parser.add_argument("--folder", type=Path, help="keeps the results (default: none are kept)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        for rows in args.rows:
            table = _table(folder / "sample", rows)
            command = ["--train-csv", str(table), "--output", str(folder / f"run-{rows}")]
            command += ["--preset", args.preset]
            command += [part for text in args.overrides for part in ("--set", text)]
            _compare(rows, command, folder / f"run-{rows}")


def _table(sample: Path, rows: int) -> Path:
    """Returns a table of so many rows of the drawn sample, evenly spread over its clips."""
    drawn = write_sample(sample, SampleSettings(with_faults=False))
    with drawn.train_csv.open(encoding="utf-8-sig") as train, drawn.eval_csv.open() as evaluation:
        lines = [*csv.reader(train), *list(csv.reader(evaluation))[1:]]
    header, all_rows = lines[0], lines[1:]
    rows = min(rows, len(all_rows))
    path = sample / f"rows-{rows}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(all_rows[index * len(all_rows) // rows] for index in range(rows))
    return path


def _compare(rows: int, arguments: list[str], output: Path) -> None:
    command = [sys.executable, "local_runner.py", *arguments]
    planned = subprocess.run(
        [*command, "--dry-run", "--json"], cwd=_ROOT, capture_output=True, text=True, check=False
    )
    if planned.returncode:
        sys.exit(planned.stderr or planned.stdout)
    plan = json.loads(planned.stdout)
    begin = time.monotonic()
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.DEVNULL) as process:
        watch = _Watch(process.pid)
        watch.start()
        code = process.wait()
    watch.join()
    seconds = time.monotonic() - begin
    record = json.loads((output / "run.json").read_text("utf-8"))
    written = sum(
        path.stat().st_size
        for path in output.rglob("*")
        if path.is_file() and path.name != ".lock" and "logs" not in path.parts
    )
    # A plan is of a run that pushes its model.
    unpushed = [node for node in plan["nodes"] if node["name"] == "Pusher" and not record["pushed"]]
    for name in ("cpu_seconds", "seconds", "disk_bytes"):
        plan[name] -= sum(node[name] for node in unpushed)
    print(f"{rows} rows, exit code {code}, plan made in {plan['probe']['seconds']:.0f} s")
    print(f"{'':22}{'planned':>10}{'measured':>10}{'ratio':>8}")
    for name, first, second in (
        ("CPU seconds", plan["cpu_seconds"], watch.cpu_seconds),
        ("seconds", plan["seconds"], seconds),
        ("peak MiB", plan["peak_mib"], watch.peak_bytes / 2**20),
        ("disk MiB", plan["disk_bytes"] / 2**20, written / 2**20),
    ):
        print(f"{name:22}{first:10.1f}{second:10.1f}{first / second:8.2f}")
    for node in plan["nodes"]:
        found = record["nodes"].get(node["name"])
        if found and found["seconds"] and max(node["seconds"], found["seconds"]) > 2:
            ratio = node["seconds"] / found["seconds"]
            print(f"  {node['name']:20}{node['seconds']:10.1f}{found['seconds']:10.1f}{ratio:8.2f}")
    sys.stdout.flush()


class _Watch(threading.Thread):
    """CPU seconds and peak memory of a process with all that it starts.

    Attributes:
      cpu_seconds: so far.
      peak_bytes: resident memory of all processes, summed.
    """

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.peak_bytes = 0
        self._process = psutil.Process(process)
        self._seconds: dict[int, float] = {}

    @property
    def cpu_seconds(self) -> float:
        """Of all processes, ended ones too."""
        return sum(self._seconds.values())

    def run(self) -> None:
        """Samples until the process has ended."""
        try:
            while self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE:
                self._sample()
                time.sleep(0.5)
        except psutil.Error:
            pass

    def _sample(self) -> None:
        total = 0
        for each in (self._process, *self._process.children(recursive=True)):
            try:
                times = each.cpu_times()
                self._seconds[each.pid] = times.user + times.system
                total += each.memory_info().rss
            except psutil.Error:
                continue
        self.peak_bytes = max(self.peak_bytes, total)


if __name__ == "__main__":
    main()
