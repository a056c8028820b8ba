"""A run of the toy pipeline by the command's own code."""

import json
from pathlib import Path
from typing import Any

from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2

from runner import local, preparation
from runner.planning.command import planned_nodes
from runner.run_request import RunRequest

Execution = metadata_store_pb2.Execution


class Toy:
    """A folder with a CSV, the toy's orders and an output."""

    def __init__(self, folder: Path) -> None:
        self.output = folder / "out"
        self.csv = folder / "train.csv"
        self.csv.write_text('image_path,bbox,labels\na.jpg,"1,2,30,40",공포\n', encoding="utf-8")

    def order(self, **told: Any) -> None:
        (self.csv.parent / "toy.json").write_text(json.dumps(told))

    def run(self, preset: str = "sample", **told: Any) -> int:
        self.order(**told)
        return local.run(RunRequest(train_csv=self.csv, output=self.output, preset=preset))

    def planned(self, **told: Any) -> list[str]:
        """Returns the nodes that a plan says are reused."""
        self.order(**told)
        request = RunRequest(train_csv=self.csv, output=self.output, preset="sample")
        create_pipeline, _ = preparation.load_tfx()
        names, reused = planned_nodes(create_pipeline, request.settings(), request.inputs())
        return [name for name in names if name in reused]

    @property
    def record(self) -> dict[str, Any]:
        text = (self.output / "run.json").read_text(encoding="utf-8")
        document: dict[str, Any] = json.loads(text)
        return document

    @property
    def log(self) -> str:
        return "".join(
            path.read_text(encoding="utf-8") for path in (self.output / "logs").iterdir()
        )

    def cached(self) -> dict[str, bool | None]:
        return {name: node["cached"] for name, node in self.record["nodes"].items()}

    def states(self) -> list[int]:
        """Returns the states of all executions in ML Metadata, the oldest first."""
        config = metadata_store_pb2.ConnectionConfig()
        config.sqlite.filename_uri = str(self.output / "metadata.sqlite")
        executions = MetadataStore(config).get_executions()
        return [one.last_known_state for one in sorted(executions, key=lambda one: one.id)]

    def models(self) -> list[Path]:
        return sorted((self.output / "pipeline" / "Train" / "model").glob("*"))
