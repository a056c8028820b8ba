"""Runs of a pipeline that pushes a ready servable, in an output folder that is pruned."""

import json
from pathlib import Path
from typing import Any

from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2

import local_runner
from pipeline import nodes
from runner import local
from runner.run_request import RunRequest
from system import pushed_versions


class Served:
    """A folder with a CSV, the toy's orders, a servable and an output."""

    def __init__(self, folder: Path, servable: Path) -> None:
        self.output = folder / "out"
        self.csv = folder / "train.csv"
        self.csv.write_text("image_path,bbox,labels\n", encoding="utf-8")
        self.servable = servable

    def run(self, *overrides: str, **told: Any) -> int:
        orders = {"servable": str(self.servable), **told}
        (self.csv.parent / "served.json").write_text(json.dumps(orders))
        return local.run(
            RunRequest(self.csv, output=self.output, preset="sample", overrides=overrides)
        )

    def prune(self, results: int, *flags: str) -> int:
        settings = ["--set", f"retain.results={results}"]
        return local_runner.main(["--output", str(self.output), "--prune", *settings, *flags])

    @property
    def record(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.output / "run.json").read_text("utf-8"))
        return document

    def ran(self) -> set[str]:
        """Returns the nodes that were not reused, but the resolver, which always looks."""
        nodes_run = {name for name, node in self.record["nodes"].items() if not node["cached"]}
        return nodes_run - {nodes.LAST_BLESSED}

    def folders(self, output: str) -> list[str]:
        """Returns the numbers of an output's folders, such as "Trainer/model"."""
        found = (self.output / "pipeline" / output).glob("*")
        return sorted((path.name for path in found), key=int)

    def versions(self) -> list[int]:
        return pushed_versions.version_numbers(self.output / "serving" / "pet_mood")

    def files(self) -> dict[str, int]:
        """Returns the size of every file, but of what each command writes anew."""
        return {
            str(path.relative_to(self.output)): path.stat().st_size
            for path in self.output.rglob("*")
            if path.is_file() and path.name not in (".lock", ".pet_mood.lock", "metadata.sqlite")
        }

    def states(self) -> dict[str, int]:
        """Returns the state of each artifact by its path."""
        config = metadata_store_pb2.ConnectionConfig()
        config.sqlite.filename_uri = str(self.output / "metadata.sqlite")
        return {
            str(Path(one.uri).relative_to(self.output)): one.state
            for one in MetadataStore(config).get_artifacts()
        }
