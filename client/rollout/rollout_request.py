"""Values of the flags of ``rollout.py``. Nothing heavy is imported."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RolloutRequest:
    """The flags of ``rollout.py``.

    Attributes:
      command: see ``rollout.py``.
      what: a version's number, or the folder that ``fetch`` copies from; None where left out.
      version: of ``fetch``; None is the highest.
      config: the file ``models.config``.
      models: folder of the versions, as this machine sees it.
      base_path: the same folder as the servers see it; for the first file.
      model: the model's name.
      server: addresses of all servers that read the file.
      wait: longest time for each step, seconds.
      reload: whether servers are told of a new file.
      timeout: of a request to a server, seconds.
      token_file, ca, cert, key: see ``client.backends.connection``.
    """

    command: str
    what: str | None
    version: int | None
    config: Path
    models: Path | None
    base_path: str
    model: str
    server: tuple[str, ...]
    wait: float
    reload: bool
    timeout: float
    token_file: Path | None = None
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
