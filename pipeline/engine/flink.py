"""Asks a Flink cluster, by its REST interface, whether it can take the work."""

import json
from http.client import HTTPException
from typing import Any
from urllib.request import ProxyHandler, build_opener

from schemas.errors import ConfigError

_SECONDS = 10
_NO_RESTARTS = (None, "", "none", "disable", "off")


def check(address: str, parallelism: int) -> str:
    """Returns a sentence on the cluster, with a warning where it does not survive a worker's death.

    Args:
      address: HOST:PORT of the REST interface, with or without http://.
      parallelism: slots that a job takes.

    Raises:
      ConfigError: no Flink answers there, or it has too few slots.
    """
    overview = _get(address, "overview")
    try:
        managers, slots = int(overview["taskmanagers"]), int(overview["slots-total"])
        free, version = int(overview["slots-available"]), str(overview["flink-version"])
    except (KeyError, TypeError, ValueError) as error:
        raise _no_flink(address, f"an answer without {error}") from error
    if slots < parallelism:
        raise ConfigError(
            f"beam.parallelism must be at most the cluster's slots. Received: {parallelism} with "
            f"{slots} slots of {managers} TaskManagers at beam.cluster={address}. Start more "
            "TaskManagers, raise taskmanager.numberOfTaskSlots, or lower beam.parallelism"
        )
    if free < parallelism:
        raise ConfigError(
            f"The cluster must have {parallelism} free slots (beam.parallelism). Received: {free} "
            f"of {slots} at beam.cluster={address}, because other jobs run. Wait for their end, "
            "cancel them, or lower beam.parallelism"
        )
    note = f"Flink {version}, {managers} TaskManagers, {slots} slots"
    settings = {one.get("key"): one.get("value") for one in _get(address, "jobmanager/config")}
    # Flink 1.19 has renamed it.
    strategy = settings.get("restart-strategy.type", settings.get("restart-strategy"))
    if strategy in _NO_RESTARTS:
        note += "; warning: it has no restart strategy, so that a dead worker ends the job"
    return note


def _get(address: str, path: str) -> Any:
    base = address if "://" in address else f"http://{address}"
    # A proxy for the internet does not know a cluster's addresses.
    opener = build_opener(ProxyHandler({}))
    try:
        with opener.open(f"{base.rstrip('/')}/{path}", timeout=_SECONDS) as response:
            return json.loads(response.read(2**20))
    except OSError as error:
        raise _no_flink(address, str(getattr(error, "reason", error) or error)) from error
    except HTTPException as error:
        raise _no_flink(address, "an answer that is no HTTP") from error
    except ValueError as error:
        raise _no_flink(address, "an answer that is no JSON") from error


def _no_flink(address: str, received: str) -> ConfigError:
    return ConfigError(
        f"Flink's REST interface must answer at beam.cluster={address}. Received: {received}. "
        "Start the cluster (deploy/flink), or give its rest.address and rest.port"
    )
