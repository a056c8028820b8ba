"""Where a run on this machine keeps ML Metadata: settings. No secret is among them."""

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import ConfigError

SQLITE, MYSQL = "sqlite", "mysql"
_PORTS = range(1, 65536)


@dataclass(frozen=True)
class MetadataSettings:
    """Where local_runner.py keeps ML Metadata, which knows what can be reused.

    Attributes:
      store: sqlite is a file in the output folder; mysql is a MySQL or MariaDB server, see
        docs/metadata.md. All else below is for mysql.
      host, port: of the server.
      database: which must be there; its tables are made.
      user: who may make tables in it.
      password_env: environment variable with the user's password.
      password_file: file with it, in place of the variable.
      ssl_ca: certificate authority's PEM file; the connection is then encrypted, or refused.
        Whose the server's certificate is is not checked.
      ssl_cert, ssl_key: PEM files, where the server asks its clients for a certificate.
      retries: of a transaction that the server has given up in favour of another.
    """

    store: str = SQLITE
    host: str = ""
    port: int = 3306
    database: str = ""
    user: str = ""
    password_env: str = "PET_MOOD_MYSQL_PASSWORD"
    password_file: str = ""
    ssl_ca: str = ""
    ssl_cert: str = ""
    ssl_key: str = ""
    retries: int = 5

    def __post_init__(self) -> None:
        if self.store not in (SQLITE, MYSQL):
            raise ConfigError(
                f"metadata.store must be {SQLITE} or {MYSQL}. Received: {self.store!r}"
            )
        if self.store == SQLITE:
            self._check_nothing_else_is_set()
        else:
            self._check_server()

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
        password = os.environ.get(self.password_env)
        if password is None:
            raise ConfigError(
                f"metadata.store={MYSQL} needs the password of user {self.user!r} in the "
                f"environment variable {self.password_env} (metadata.password_env), or in a file "
                "(metadata.password_file). There is no such variable."
            )
        return password

    def _check_nothing_else_is_set(self) -> None:
        idle = [
            f"metadata.{field.name}"
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        ]
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
        if self.port not in _PORTS:
            raise ConfigError(f"metadata.port must lie in [1, 65535]. Received: {self.port}")
        if self.retries < 0:
            raise ConfigError(f"metadata.retries must be at least 0. Received: {self.retries}")
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
