"""Why a run whose nodes all ran has pushed no model."""

from pathlib import Path

from report.results import Results
from runner.diagnosis import Failure
from schemas.errors import ConfigError
from schemas.exit_codes import RunExit
from system.pushed_versions import check_version


def push_failure(results: Results) -> Failure | None:
    """Returns why nothing was pushed although every node ran; None if a model was pushed."""
    if results.pushed is not None and results.pushed.is_dir():
        return _contents_failure(results.pushed, results.manifest_sha256)
    if results.blessed is False:
        return Failure(RunExit.NOT_BLESSED, "The model is not blessed.", see_log=False)
    if results.servable_passed is False:
        return Failure(RunExit.NOT_BLESSED, "The servable failed its check.", see_log=False)
    return Failure(RunExit.OTHER, "Every step ran, but no model was pushed.", see_log=True)


def _contents_failure(version: Path, manifest_sha256: str | None) -> Failure | None:
    """Returns why a version is not what was pushed; None if nothing speaks against it.

    TFX looks only at the Pusher's own folder, and reuses a push whose version has changed.
    """
    remedy = "Delete this folder, and the same command pushes the model again"
    try:
        found = check_version(version)
    except ConfigError as error:
        return Failure(RunExit.CONFIG, f"{error}. {remedy}", see_log=False)
    if manifest_sha256 is not None and found != manifest_sha256:
        message = (
            f"{version} must have the manifest that was pushed, of SHA-256 {manifest_sha256}. "
            f"Received: {found or 'none'}. {remedy}"
        )
        return Failure(RunExit.CONFIG, message, see_log=False)
    return None
