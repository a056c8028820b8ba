"""Where a run on this machine keeps ML Metadata: settings. No secret is among them."""

from pathlib import Path
from typing import ClassVar, Final, Literal

from pydantic import model_validator

from schemas.errors import ConfigError
from schemas.settings import SettingsGroup, setting
from system import secrets

SQLITE: Final = "sqlite"
MYSQL: Final = "mysql"


class MetadataSettings(SettingsGroup):
    """ML Metadata, which knows what can be reused; for local_runner.py only."""

    GROUP: ClassVar[str] = "metadata"

    store: Literal["sqlite", "mysql"] = setting(
        SQLITE,
        "sqlite is a file in the output folder; mysql is a MySQL or MariaDB server, see "
        "docs/metadata.md. All other settings of this group are for mysql.",
    )
    host: str = setting("", "Name or address of the server.")
    port: int = setting(3306, "Port of the server.", ge=1, le=65535)
    database: str = setting("", "Database, which must exist; its tables are created.")
    user: str = setting("", "User who may create tables in it.")
    password_env: str = setting(
        "PET_MOOD_MYSQL_PASSWORD", "Environment variable with the user's password."
    )
    password_file: str = setting("", "File with the password, in place of the variable.")
    ssl_ca: str = setting(
        "",
        "PEM file of the certificate authority; the connection is then encrypted, or refused. The "
        "server's identity is not verified.",
    )
    ssl_cert: str = setting(
        "", "PEM file of the client's certificate, where the server asks for one."
    )
    ssl_key: str = setting("", "PEM file of that certificate's key.")
    retries: int = setting(
        5, "Times that a transaction which the server gave up for another is repeated.", ge=0
    )

    @model_validator(mode="after")
    def _goes_together(self) -> "MetadataSettings":
        if self.store == SQLITE:
            self._check_nothing_else_is_set()
        else:
            self._check_server()
        return self

    def password(self) -> str:
        """Returns the user's password; never write it anywhere.

        Raises:
          ConfigError: it is not where the settings say.
        """
        if self.password_file:
            try:
                return Path(self.password_file).read_text(encoding="utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(
                    "metadata.password_file must be a text file that can be read. "
                    f"Received: {self.password_file} ({_reason(error)})."
                ) from error
        password = secrets.value_of(self.password_env)
        if password is None:
            raise ConfigError(
                f"metadata.store={MYSQL} needs the password of user {self.user!r} in the "
                f"environment variable {self.password_env} (metadata.password_env), or in a file "
                "(metadata.password_file). There is no such variable."
            )
        return password

    def _check_nothing_else_is_set(self) -> None:
        idle = [f"metadata.{name}" for name in self.changed() if name != "store"]
        if idle:
            raise ConfigError(
                f"{', '.join(idle)} can only be set with metadata.store={MYSQL}. "
                f"Received: metadata.store={SQLITE}"
            )

    def _check_server(self) -> None:
        missing = [name for name in ("host", "database", "user") if not getattr(self, name)]
        if missing:
            raise ConfigError(
                f"metadata.store={MYSQL} needs metadata.host, metadata.database and "
                f"metadata.user. Missing: {', '.join(missing)}"
            )
        if self.host == "localhost":
            raise ConfigError(
                "metadata.host must not be localhost, for which MySQL's client looks for a "
                "socket file and not at the port. Take 127.0.0.1"
            )
        if bool(self.ssl_cert) != bool(self.ssl_key) or (self.ssl_cert and not self.ssl_ca):
            raise ConfigError(
                "metadata.ssl_cert and metadata.ssl_key go together, and with metadata.ssl_ca. "
                "Received only some of them"
            )
        for name in ("ssl_ca", "ssl_cert", "ssl_key"):
            path = getattr(self, name)
            if path and not Path(path).is_file():
                raise ConfigError(f"metadata.{name} must be a PEM file. Received: {path}")


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error.strerror)
