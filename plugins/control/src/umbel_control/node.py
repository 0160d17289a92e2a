"""The consumer: it hears commands, has them done, and answers."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from umbel.contracts import Consumer, WorkerContext
from umbel.exceptions import DecodeError, DriverError
from umbel.meant import meant
from umbel.model import Message
from umbel.plugin.specs import hookimpl
from umbel_control import changing, inspecting, wire  # noqa: F401  (the first two put their commands on the panel)
from umbel_control.lamport import LamportClock
from umbel_control.panel import PANEL, State, ok
from umbel_control.settings import INERT

_log = logging.getLogger("umbel.worker")


class ControlNode(Consumer):
    """Answers commands on the exchange `celery.pidbox`, each by the boot step that has it (`Bootstep.commands`), or
    else by the panel."""

    contract_version = 1
    features = frozenset({"fanout"})

    def start(self, worker: WorkerContext) -> None:
        if not worker.settings.get("worker_enable_remote_control", True):
            return
        if "fanout" not in worker.transport.features:
            scheme = worker.transport.url.partition(":")[0]
            _log.info("No remote control: the transport %r cannot broadcast", scheme)
            return
        app = worker.signature("any").app
        for setting in filter(app.conf.value_set_for, INERT):
            _log.warning("The setting %s has no effect: a worker has no queue of commands, it listens", setting)
        self.exchange, _ = wire.exchanges(str(worker.settings.get("control_exchange", "celery")))
        self._state = State(app, worker.hostname, worker, LamportClock())

    def hear(self, messages: Sequence[Message]) -> None:
        for message in messages:
            try:
                command = wire.read_command(message)
            except DecodeError as error:
                _log.warning("A command was dropped that cannot be read: %s", error)
                continue
            self._state.clock.adjust(wire.clock_of(message))
            if command.is_for(self._state.hostname):
                self._answer(command)

    def _answer(self, command: wire.Command) -> None:
        _log.debug("Command %s(%s)", command.method, command.arguments)
        try:
            answer = self._do(command)
        except Exception as error:  # whatever a command raises is an answer
            _log.error("Command %s failed: %s", command.method, error)
            _log.debug("Command %s", command.method, exc_info=True)
            answer = {"error": str(error) or repr(error)}
        if command.reply_to is None:
            return
        message = wire.answer_message(self._state.hostname, answer, command, self._state.clock.forward())
        try:
            self._state.worker.transport.fanout().publish(message.exchange, [message])
        except DriverError as error:
            _log.warning("The answer to the command %s could not be sent: %s", command.method, error)

    def _do(self, command: wire.Command) -> Any:
        arguments = {str(name): value for name, value in command.arguments.items()}
        step = self._state.worker.commands.get(command.method)
        if step is not None:
            answer = step(**arguments)
            return ok(answer) if isinstance(answer, str) else answer
        if command.method in PANEL:
            return PANEL[command.method].call(self._state, **arguments)
        close = meant(command.method, [*PANEL, *self._state.worker.commands])
        hint = f"; did you mean {close[0]!r}?" if close else ""
        return {"error": f"there is no command {command.method!r} here{hint}"}


@hookimpl
def umbel_consumer() -> type[Consumer]:
    return ControlNode
