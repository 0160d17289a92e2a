"""What bootsteps and consumers may ask of the worker (`umbel.contracts.bootstep.WorkerContext`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import define

from umbel.app.publisher import Publisher
from umbel.contracts.backend import Backend
from umbel.contracts.transport import Transport
from umbel.model.message import Delivery, Message
from umbel.worker.admit import Admission
from umbel.worker.ledger import Ledger
from umbel.worker.timer import Timer


@define(slots=True, eq=False)
class Context:
    """A narrow door: no plugin is handed the app or the worker itself."""

    hostname: str
    settings: Mapping[str, Any]
    transport: Transport
    backend: Backend | None
    _publisher: Publisher
    _timer: Timer
    _ledger: Ledger
    _admission: Admission
    _shutdown: Callable[[str], None]
    signature: Callable[[Any], Any]

    def every(self, interval_s: float, call: Callable[[], None]) -> None:
        self._timer.every(interval_s, call)

    def publish(self, messages: Sequence[Message]) -> None:
        self._publisher.publish(messages, {"max_retries": 3})

    def readmit(self, deliveries: Sequence[Delivery]) -> None:
        self._ledger.unhold(deliveries)
        self._admission.admit(deliveries)
        # The thread that runs them may be the one that waits in `reserve`.
        self.transport.wake()

    def shutdown(self, reason: str) -> None:
        self._shutdown(reason)
