"""The Exporter's settings."""

import pytest

from components.exporter import component
from components.exporter.settings import ExportSettings
from schemas import exports
from schemas.errors import ConfigError


def test_formats_are_separated_by_commas_and_taken_once() -> None:
    assert ExportSettings(formats=" onnx, litert_int8,onnx,").names == ("onnx", "litert_int8")
    assert ExportSettings().names == ()


def test_an_unknown_format_is_named_with_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match=r"export.formats must be of onnx, .* Received: 'onxx'"):
        ExportSettings(formats="onnx,onxx")


@pytest.mark.slow
def test_missing_packages_are_an_error_before_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ExportSettings(formats=",".join(exports.FORMATS))
    component.check_installed(settings)
    monkeypatch.setattr(component, "find_spec", lambda name: None if name == "openvino" else name)
    component.check_installed(ExportSettings(formats="onnx,litert"))
    with pytest.raises(ConfigError, match=r"openvino needs .*no openvino.*uv sync --extra export"):
        component.check_installed(settings)
