"""Variables that mislead the libraries are named, with a remedy."""

from dataclasses import replace
from pathlib import Path

import pytest

from runner.doctor import (
    variables,
)
from testing.runner.planted_machine import SOUND, bad, only


@pytest.mark.parametrize(
    ("environment", "settings", "check", "remedy"),
    [
        ({"KERAS_BACKEND": "jax"}, None, "Keras", "unset KERAS_BACKEND"),
        ({"TF_USE_LEGACY_KERAS": "1"}, None, "Keras", "unset TF_USE_LEGACY_KERAS"),
        ({}, '{"backend": "torch"}', "Keras", '"backend": "tensorflow"'),
        ({}, '{"image_data_format": "channels_first"}', "Keras", "channels_last"),
        ({}, '{"backend": ', "Keras", "rm "),
        ({}, '["backend"]', "Keras", "rm "),
        ({"TF_CONFIG": "{cluster"}, None, "TF_CONFIG", "unset TF_CONFIG"),
        ({"TF_CONFIG": '{"cluster": {"worker": ["a:1"]}}'}, None, "TF_CONFIG", "unset"),
        (
            {"TF_CONFIG": '{"cluster": {"worker": ["a"]}, "task": {"type": "worker", "index": 3}}'},
            None,
            "TF_CONFIG",
            "unset",
        ),
    ],
)
def test_a_variable_that_misleads_the_libraries(
    environment: dict[str, str], settings: str | None, check: str, remedy: str, tmp_path: Path
) -> None:
    if settings is not None:
        (tmp_path / ".keras").mkdir()
        (tmp_path / ".keras" / "keras.json").write_text(settings)
    machine = replace(SOUND, environment={"HOME": str(tmp_path), **environment})
    finding = only(variables.check(machine))
    assert finding.check == check
    assert remedy in finding.remedy


def test_modules_of_the_same_name_and_no_home(tmp_path: Path) -> None:
    (tmp_path / "schemas.py").write_text("")
    machine = replace(
        SOUND, environment={"PYTHONPATH": f"{tmp_path}", "PYTHONDONTWRITEBYTECODE": "1"}
    )
    found = list(variables.check(machine))
    assert only(found).check == "PYTHONPATH"
    assert {"home folder", "bytecode"} <= {finding.check for finding in bad(found, "warning")}
