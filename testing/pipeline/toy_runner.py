"""``local_runner.py`` with the toy pipeline in place of ours, for runs that are killed."""

import sys
from types import ModuleType
from typing import Any

import local_runner


def use_toy_pipeline() -> None:
    """Replaces ``pipeline.pipeline`` by the toy, which imports TFX only when it is called."""
    stand_in = ModuleType("pipeline.pipeline")
    stand_in.create_pipeline = _create_pipeline  # type: ignore[attr-defined]
    sys.modules["pipeline.pipeline"] = stand_in


def _create_pipeline(settings: Any, inputs: Any) -> Any:
    from testing.pipeline import toy_pipeline

    return toy_pipeline.create_pipeline(settings, inputs)


if __name__ == "__main__":
    use_toy_pipeline()
    sys.exit(local_runner.main())
