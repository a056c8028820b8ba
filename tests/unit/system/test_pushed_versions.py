"""Numbers of versions, their history, and a version's check against both."""

from pathlib import Path

import pytest

from schemas.errors import ConfigError
from system import manifest, pushed_versions


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("0", 0),
        ("1763900000", 1763900000),
        ("9223372036854775807", 2**63 - 1),
        # TensorFlow Serving would pass over the others, so that they are no versions.
        ("9223372036854775808", None),
        ("9" * 200, None),
        ("-1", None),
        ("1.partial", None),
        ("１", None),
        ("", None),
        ("latest", None),
    ],
)
def test_a_version_is_an_int64_as_tensorflow_serving_reads_it(
    name: str, number: int | None
) -> None:
    assert pushed_versions.version_number(name) == number


def version(serving: Path, number: int) -> tuple[Path, str]:
    folder = serving / str(number)
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    digest = manifest.write(folder)
    pushed_versions.add_to_history(
        serving, {"version": number, "manifest_sha256": digest, "model": "m", "created": 1}
    )
    return folder, digest


def test_a_version_whose_manifest_is_gone_is_refused_where_the_history_knows_it(
    tmp_path: Path,
) -> None:
    folder, digest = version(tmp_path / "pet_mood", 7)
    assert pushed_versions.check_version(folder) == digest
    (folder / manifest.FILE).unlink()
    with pytest.raises(ConfigError, match=rf"SHA-256 {digest}.*Received: none"):
        pushed_versions.check_version(folder)
    # Copied elsewhere, without the history.
    (tmp_path / "copy").mkdir()
    folder.rename(tmp_path / "copy" / "7")
    assert pushed_versions.check_version(tmp_path / "copy" / "7") is None


def test_a_manifest_that_was_written_anew_is_refused_where_the_history_knows_it(
    tmp_path: Path,
) -> None:
    folder, digest = version(tmp_path / "pet_mood", 7)
    (folder / "saved_model.pb").write_bytes(b"another")
    manifest.write(folder)
    with pytest.raises(ConfigError, match=rf"SHA-256 {digest}.*Received: SHA-256"):
        pushed_versions.check_version(folder)
    # A link to the serving folder leads to the same history.
    (tmp_path / "link").symlink_to(tmp_path / "pet_mood")
    with pytest.raises(ConfigError, match=digest):
        pushed_versions.check_version(tmp_path / "link" / "7")


@pytest.mark.parametrize("line", ["{", "7", '{"version": 7}', '{"version": "7"}', "\udcff"])
def test_a_history_that_cannot_be_read_is_an_error_that_names_it(tmp_path: Path, line: str) -> None:
    serving = tmp_path / "pet_mood"
    version(serving, 7)
    with (tmp_path / "pet_mood.versions.jsonl").open("ab") as file:
        file.write(line.encode("utf-8", "surrogateescape") + b"\n")
    with pytest.raises(ConfigError, match=r"pet_mood\.versions\.jsonl must have a JSON object"):
        pushed_versions.read_history(serving)
