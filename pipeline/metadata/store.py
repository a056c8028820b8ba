"""ML Metadata of a run on this machine: how it is reached, whether it can be, and whose is what.

MLMD is imported here and TFX is not: a server that does not answer is told before TFX has loaded.
"""

import json
import logging
import re
import secrets
from pathlib import Path

import tenacity
from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2

from pipeline.metadata.mysql_greeting import greeting
from pipeline.metadata.settings import MYSQL, MetadataSettings
from pipeline.run_inputs import RunInputs
from schemas import json_text
from schemas.errors import ConfigError
from system.files import write_whole

PIPELINE = "pet_mood"
_LOGGER = logging.getLogger("pet_mood.runner")
_TIMEOUT = 10.0
"""Seconds for a server to take a connection: MLMD's client itself waits for minutes."""
_STORE, _NAME = "store", "pipeline"
_CLAIMED_NAME = re.compile(rf"{PIPELINE}-[0-9a-f]{{12}}")


def connection(
    settings: MetadataSettings, inputs: RunInputs
) -> metadata_store_pb2.ConnectionConfig:
    """Returns MLMD's connection; that to a server holds the password and must not be written out.

    Raises:
      ConfigError: there is no password where the settings say.
    """
    config = metadata_store_pb2.ConnectionConfig()
    if settings.store != MYSQL:
        config.sqlite.filename_uri = str(inputs.metadata)
        config.sqlite.connection_mode = (
            metadata_store_pb2.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
        )
        return config
    server = config.mysql
    server.host, server.port = settings.host, settings.port
    server.database, server.user = settings.database, settings.user
    server.password = settings.password()
    # A mistyped name is an error and not a new, empty database.
    server.skip_db_creation = True
    if settings.ssl_ca:
        server.ssl_options.ca = settings.ssl_ca
        server.ssl_options.cert, server.ssl_options.key = settings.ssl_cert, settings.ssl_key
    config.retry_options.max_num_retries = settings.retries
    return config


def check(settings: MetadataSettings, inputs: RunInputs) -> None:
    """Raises ConfigError unless the server lets MLMD work in the database; makes its tables."""
    config = connection(settings, inputs)
    server = f"{settings.host}:{settings.port} (metadata.host, metadata.port)"
    try:
        found = greeting(settings.host, settings.port, _TIMEOUT)
    except OSError as error:
        raise ConfigError(
            f"ML Metadata's server {server} does not answer as it should: "
            f"{error.strerror or error}. Is it running, and reached from here?"
        ) from error
    if settings.ssl_ca and not found.has_tls:
        raise ConfigError(
            f"ML Metadata's server {server} has no TLS, which metadata.ssl_ca asks for. "
            f"Received: {found.version}"
        )
    try:
        _open(config)
    except RuntimeError as error:
        raise ConfigError(_refusal(settings, str(error))) from error


# Two first runs make the tables of an empty database: "This may be due to concurrent connection
# to the empty database. Please retry connection."
@tenacity.retry(
    retry=tenacity.retry_if_exception_message(match=r"(?is).*(concurrent|abort|retry)"),
    stop=tenacity.stop_after_delay(60),
    wait=tenacity.wait_random(0.1, 1.0),
    reraise=True,
)
def _open(config: metadata_store_pb2.ConnectionConfig) -> None:
    MetadataStore(config)


def _refusal(settings: MetadataSettings, said: str) -> str:
    server = f"ML Metadata's server {settings.host}:{settings.port}"
    if "mysql_real_connect" in said:
        # MLMD loses what the server has answered.
        tls = "with TLS" if settings.ssl_ca else "without TLS"
        return (
            f"{server} answers, and has refused user {settings.user!r} (metadata.user) {tls}. "
            "The password may be wrong, the user may not come from this machine, may need TLS "
            "(metadata.ssl_ca) or a login other than mysql_native_password; the server's log says"
        )
    reason = said.rpartition("error: ")[2] or said
    if "Changing to database" in said:
        return (
            f"{server} has no database {settings.database!r} (metadata.database) for user "
            f"{settings.user!r}: {reason}. docs/metadata.md has the lines that make it"
        )
    return (
        f"{server} does not let ML Metadata work in {settings.database!r} "
        f"(metadata.database) as user {settings.user!r}: {reason}"
    )


def pipeline_name(settings: MetadataSettings, inputs: RunInputs) -> str:
    """Returns the pipeline's name, by which ML Metadata tells its runs from others.

    A file of metadata is one output folder's own. A database may be shared by many, so each
    folder takes a name at random and keeps it: whoever holds the folder's lock holds the name.

    Raises:
      ConfigError: the folder's results are known to another store, or the file that says so was
        altered. Numbers of executions, and with them the names of folders, begin anew in each
        store.
    """
    asked = _address(settings, inputs)
    if inputs.metadata_claim.is_file():
        known, name = _read_claim(inputs.metadata_claim)
    else:
        is_file = inputs.metadata.is_file() or settings.store != MYSQL
        known, name = (str(inputs.metadata), PIPELINE) if is_file else (asked, "")
    if known != asked:
        raise ConfigError(
            f"The results in {inputs.output} are known to ML Metadata in {known}. "
            f"Received: {asked}. Name another --output, or take the same metadata. settings"
        )
    return name or _claimed(asked, inputs.metadata_claim)


def _read_claim(path: Path) -> tuple[str, str]:
    """Returns the store and the pipeline's name."""
    try:
        claim = json_text.parsed(json_text.read(path))
        match claim:
            case {"store": str(known), "pipeline": str(name)} if _CLAIMED_NAME.fullmatch(name):
                return known, name
        raise ValueError("it lacks them")
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path} must say which store knows the folder's results, and the pipeline's name "
            f"there. It was cut short or altered: {error}. Bring it back from a copy, delete the "
            "output folder, or name another --output"
        ) from error


def _claimed(store: str, path: Path) -> str:
    name = f"{PIPELINE}-{secrets.token_hex(6)}"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps({_STORE: store, _NAME: name}) + "\n")
    _LOGGER.info("the pipeline is %s in %s", name, store)
    return name


def _address(settings: MetadataSettings, inputs: RunInputs) -> str:
    if settings.store != MYSQL:
        return str(inputs.metadata)
    return f"mysql://{settings.host}:{settings.port}/{settings.database}"
