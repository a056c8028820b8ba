"""What workers must have in common with the program that sends them work."""

from pathlib import Path

from pipeline.engine.versions import PACKAGES, PROJECT, differences, own_versions, project_hash
from testing.paths import ROOT
from testing.pipeline.engine import copy_code
from tools.dockerfile.dockerfile_lines import parse_copy, parse_stages


def test_the_packages_are_those_of_the_pipelines_image() -> None:
    stages = parse_stages((ROOT / "deploy" / "Dockerfile").read_text("utf-8"))
    steps = (*stages["code-shared"].steps, *stages["code-steps"].steps)
    copied = [name for step in steps for name in parse_copy(step.value).sources]
    assert set(PACKAGES) == {name for name in copied if (ROOT / name).is_dir()}


def test_a_copy_has_the_same_version_and_a_changed_one_has_not(tmp_path: Path) -> None:
    copy_code(tmp_path)
    assert project_hash(tmp_path) == project_hash(ROOT)
    changed = tmp_path / "dataset" / "boxes.py"
    changed.write_text(changed.read_text("utf-8") + "\n", "utf-8")
    other = project_hash(tmp_path)
    assert other != project_hash(ROOT)
    changed.rename(changed.with_name("crates.py"))
    assert project_hash(tmp_path) not in (other, project_hash(ROOT))


def test_only_what_differs_is_told() -> None:
    here = own_versions()
    assert differences(here, dict(here)) == []
    assert differences(here, {**here, "numpy": "0.1"}) == [f"numpy 0.1, here {here['numpy']}"]
    without = {name: value for name, value in here.items() if name != PROJECT}
    assert differences(here, without) == [f"project unknown, here {here[PROJECT]}"]
