"""The boot step: answers probes from the moment in which the pool is there."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from umbel import signals
from umbel.contracts.bootstep import Bootstep, WorkerContext
from umbel.exceptions import ImproperlyConfigured
from umbel.plugin.specs import hookimpl
from umbel_health.file import RENEWED_S, HealthFile
from umbel_health.judge import Judge
from umbel_health.processes import stopped
from umbel_health.server import Server
from umbel_health.settings import HealthSettings
from umbel_health.watch import Watch


class Health(Bootstep):
    """Does nothing unless `health_address` or `health_file` is set."""

    contract_version = 1
    name = "health"

    def __init__(self) -> None:
        self._server: Server | None = None
        self._file: HealthFile | None = None
        self._hostname = ""

    @property
    def port(self) -> int | None:
        """Where HTTP is answered."""
        return self._server.port if self._server is not None else None

    def start(self, worker: WorkerContext) -> None:
        address, path = worker.settings.get("health_address"), worker.settings.get("health_file")
        if not (address or path):
            return
        stuck_after_s = worker.settings.get("health_stuck_after_s", HealthSettings().stuck_after_s)
        self._hostname = worker.hostname
        self._watch = Watch(worker, Judge(worker.hostname, stuck_after_s, stopped))
        signals.worker_ready.connect(self._on_ready, dispatch_uid=self)
        signals.worker_shutting_down.connect(self._on_end, sender=worker.hostname, dispatch_uid=self)
        if path:
            self._file = HealthFile.of(path, worker.hostname)
        try:
            self._look()
        except OSError as error:
            raise ImproperlyConfigured(f"health_file is {path!r}, which cannot be written: {error}") from error
        # Without a file, too: how long things are as they are must be seen by somebody, however seldom probes come.
        worker.every(RENEWED_S, self._look)
        if address:
            self._server = Server(address, self._watch.report)

    def _on_ready(self, sender: Any, **_: Any) -> None:
        if sender.hostname == self._hostname:
            self._watch.start()
            self._look()

    def _on_end(self, sig: str, how: str, **_: Any) -> None:
        self._watch.end(f"{how.lower()}, {sig}")
        self._look()

    def _look(self) -> None:
        report = self._watch.report()
        if self._file is not None:
            self._file.write(report)

    def stop(self) -> None:
        signals.worker_ready.disconnect(dispatch_uid=self)
        signals.worker_shutting_down.disconnect(sender=self._hostname, dispatch_uid=self)
        if self._server is not None:
            self._server.stop()
        if self._file is not None:
            with suppress(OSError):
                self._file.remove()


@hookimpl
def umbel_bootstep() -> type[Bootstep]:
    return Health
