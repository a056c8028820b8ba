"""Changes what servers load and what labels mean, in the order that TensorFlow Serving demands.

A server moves a label that is in use only to a version that it has loaded, looks at the labels
before it loads anything, and refuses the whole file otherwise (ServerCore::ReloadConfig and
UpdateModelVersionLabelMap in tensorflow_serving/model_servers/server_core.cc, 2.16.1). So each
change is two files: one that loads the version beside the others, and, once every server has it
AVAILABLE, one that moves the label. Each file is also one that a server can start with.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from client.backends.errors import BusyError, ServerError
from client.rollout import history
from client.rollout.models_config import STABLE, ModelsConfig, Served
from client.rollout.server import AVAILABLE, END, RefusedError, Server, VersionState
from schemas.documents.serving import Command
from schemas.errors import ConfigError

_PAUSE_SECONDS = 1.0
"""Between two looks at the servers, each of which looks for new versions once a second."""


class NotYetError(ServerError):
    """A server has not come so far within the time; the file stays, and the command can go on."""


@dataclass(frozen=True)
class Rolling:
    """Writes a configuration step by step.

    Attributes:
      servers: all that read the file.
      wait: longest time for each step, seconds.
      reload: whether servers are told of a new file; else they find it themselves.
      say: prints a line.
      pause: seconds between two looks at the servers.
    """

    servers: Sequence[Server]
    wait: float
    reload: bool
    say: Callable[[str], None]
    pause: float = _PAUSE_SECONDS

    def begin(self, config: ModelsConfig, number: int) -> None:
        """Writes the first configuration: one version, with the label ``STABLE``.

        Only now may a label be given together with its version: it is not in use yet
        (``--allow_version_labels_for_unavailable_models``).
        """
        first = config.with_served(Served((number,), {STABLE: number}))
        self._put(first, None, "first")
        self._await_labels(first.served)

    def change(self, config: ModelsConfig, wanted: Served, command: Command) -> None:
        """Takes the configuration to what is wanted.

        Args:
          config: as it is.
          wanted: has all versions of ``config``, and labels that may point elsewhere.
          command: for the history.

        Raises:
          ConfigError: a label would move and no server is named.
          RefusedError: a server does not take a file. The file before is there again.
          ServerError: a version fails to load. The file before is there again.
          NotYetError: a server has not come so far within ``wait``.
        """
        before = config.served
        moved = {n for label, n in wanted.labels.items() if before.labels.get(label) != n}
        if moved and not self.servers:
            raise ConfigError(
                "A label moves only to a version that every server has loaded. Received: no "
                "--server to ask. Name each server that reads the file, --server "
                "http://HOST:8501 or grpc://HOST:8500"
            )
        loading = config.with_served(before.loading(*moved))
        stale = self._ended(moved)
        if loading.served != before:
            self._put(loading, config, command)
        try:
            self._await_available(moved, stale)
        except NotYetError:
            raise
        except ServerError:
            self._undo(config, command)
            raise
        final = config.with_served(wanted)
        if final.served != loading.served:
            self._put(final, loading, command)
        self._await_labels(final.served)

    def retire(self, config: ModelsConfig, number: int) -> None:
        """Takes a version out of the file, and the label that is tried out if it points there."""
        self._put(config.with_served(config.served.without(number)), config, "retire")

    def _put(self, config: ModelsConfig, before: ModelsConfig | None, command: Command) -> None:
        history.add(config.path, command, config.served)
        config.write()
        self.say(f"Wrote {config.path}: {config.served}")
        try:
            self._tell(config)
        except RefusedError:
            if before is not None:
                self._undo(before, command)
            raise

    def _undo(self, config: ModelsConfig, command: Command) -> None:
        # In the history, going on from a rollback is a promotion.
        history.add(config.path, "promote" if command == "rollback" else "rollback", config.served)
        config.write()
        self.say(f"Wrote {config.path} as it was before: {config.served}")
        self._tell(config)

    def _tell(self, config: ModelsConfig) -> None:
        if not self.reload:
            return
        for server in self.servers:
            if server.reload(config.message):
                self.say(f"{server.url} has taken it")

    def _ended(self, numbers: Iterable[int]) -> set[tuple[str, int]]:
        """Returns (server, version) of the failures of earlier attempts."""
        return {
            (server.url, number)
            for server in self.servers
            for number, (state, _) in _states(server).items()
            if number in numbers and state == END
        }

    def _await_available(self, numbers: set[int], stale: set[tuple[str, int]]) -> None:
        if not numbers:
            return

        def missing() -> str:
            for server in self.servers:
                states = _states(server)
                for number in sorted(numbers):
                    state, error = states.get(number, VersionState("not listed"))
                    if state != END:
                        stale.discard((server.url, number))
                    elif error and (server.url, number) not in stale:
                        raise ServerError(
                            f"{server.url} cannot load version {number}: {error}. No label was "
                            "moved"
                        )
                    if state != AVAILABLE:
                        return f"{server.url} has version {number} {state}"
            return ""

        self._await(missing)
        self.say(f"AVAILABLE on every server: {', '.join(map(str, sorted(numbers)))}")

    def _await_labels(self, served: Served) -> None:
        def missing() -> str:
            for server in self.servers:
                for label, number in served.labels.items():
                    try:
                        found = server.version_of(label)
                    except BusyError as error:
                        return str(error)
                    if found != number:
                        return f"{server.url} answers {label} by {found or 'nothing'}"
            return ""

        if self.servers:
            self._await(missing)
            labels = ", ".join(f"{name} by {n}" for name, n in sorted(served.labels.items()))
            self.say(f"Every server answers {labels}")

    def _await(self, missing: Callable[[], str]) -> None:
        deadline = time.monotonic() + self.wait
        while reason := missing():
            if time.monotonic() >= deadline:
                raise NotYetError(
                    f"Not within {self.wait:g} s: {reason}. The file stays as it is; see that the "
                    "server reads it, and give the same command again to go on"
                )
            time.sleep(self.pause)


def _states(server: Server) -> dict[int, VersionState]:
    """Returns a server's versions; {} while it does not answer, as at a restart."""
    try:
        return server.states()
    except BusyError:
        return {}
