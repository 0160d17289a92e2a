"""Consumers: messages that are not tasks, each consumer on a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from umbel import clock
from umbel.contracts.bootstep import WorkerContext
from umbel.contracts.consumer import Consumer
from umbel.contracts.transport import Transport
from umbel.exceptions import TemporaryError
from umbel.model.message import Action, Settlement

_log = logging.getLogger("umbel.worker")
_WAIT_S = 5.0
_PAUSE_S = 1.0


class Consuming:
    """Runs one consumer. It has a transport of its own, for `reserve` is called by one thread only."""

    def __init__(self, name: str, consumer: Consumer, open_transport: Callable[[], Transport]) -> None:
        self._name = name
        self._consumer = consumer
        self._open = open_transport
        self._stopping = False
        self._wake: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._run, name=f"umbel-consumer-{name}", daemon=True)

    def start(self, worker: WorkerContext) -> None:
        self._consumer.start(worker)
        self._thread.start()

    def stop(self) -> None:
        """Blocks until the thread has ended."""
        self._stopping = True
        self._wake()
        if self._thread.is_alive():
            self._thread.join(_WAIT_S)
        self._consumer.stop()

    def _run(self) -> None:
        if not (self._consumer.exchange or self._consumer.queues):
            return
        transport = self._open()
        try:
            while not self._stopping:
                try:
                    self._listen(transport) if "fanout" in self._consumer.features else self._take(transport)
                except TemporaryError as error:
                    _log.warning("Consumer %s: %s; trying again", self._name, error)
                    clock.sleep(_PAUSE_S)
        except Exception:
            _log.exception("Consumer %s has failed; the worker goes on without it", self._name)
        finally:
            transport.close()

    def _listen(self, transport: Transport) -> None:
        subscription = transport.fanout().subscribe(self._consumer.exchange, self._consumer.patterns)
        self._wake = subscription.wake
        try:
            while not self._stopping:
                messages = subscription.receive(_WAIT_S)
                if messages:
                    self._consumer.hear(messages)
        finally:
            subscription.close()

    def _take(self, transport: Transport) -> None:
        self._wake = transport.wake
        while not self._stopping:
            deliveries = transport.reserve(self._consumer.queues, 100, _WAIT_S)
            if not deliveries:
                continue
            settled = list(self._consumer.receive(deliveries))
            known = {id(settlement.delivery) for settlement in settled}
            settled += [Settlement(d, Action.REQUEUE) for d in deliveries if id(d) not in known]
            transport.settle(settled)
