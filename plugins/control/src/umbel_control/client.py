"""`app.control`: commands to workers, Umbel's and Celery's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from umbel import clock
from umbel.contracts import Transport
from umbel.exceptions import DecodeError, UnsupportedError
from umbel.wire.ids import new_id
from umbel_control import marks as of
from umbel_control import wire
from umbel_control.inspection import Inspect
from umbel_control.lamport import LamportClock
from umbel_control.sharing import SharedMarks

Answers = list[dict[str, Any]]


class Control:
    """Sends commands, and gathers answers where `reply` is asked for. One call at a time; from any thread."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.clock = LamportClock()
        self.oid = new_id()
        self._exchange, self._replies = wire.exchanges(str(app.conf.control_exchange))
        self._transport: Transport | None = None
        self._lock = threading.Lock()

    def broadcast(
        self,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        destination: Sequence[str] | None = None,
        connection: Any = None,
        reply: bool = False,
        timeout: float | None = 1.0,
        limit: int | None = None,
        callback: Callable[[dict[str, Any]], Any] | None = None,
        channel: Any = None,
        pattern: str | None = None,
        matcher: str | None = None,
        **extra_kwargs: Any,
    ) -> Answers | None:
        """Send a command to all workers, to those named in `destination`, or to those that `pattern` matches (`matcher`
        is `glob` or `pcre`). Extra keywords are arguments as well.

        With `reply` it blocks until `limit` workers have answered (as many as `destination` names) or `timeout` seconds
        have passed, and returns the answers, `{node: answer}` each; `callback` gets each as it comes. Raises
        `ValueError`, `UnsupportedError` where the transport cannot broadcast, and `OperationalError`.
        """
        if destination is not None and not isinstance(destination, (list, tuple)):
            raise ValueError(f"destination must be a list or tuple of node names, found {destination!r}")
        timeout_s = 1.0 if timeout is None else timeout
        reply_to = {"exchange": self._replies, "routing_key": self.oid} if reply else None
        asked = wire.Command(
            command, {**(arguments or {}), **extra_kwargs}, destination, pattern, matcher, reply_to,
            new_id() if reply else None,
        )  # fmt: skip
        message = wire.command_message(asked, self._exchange, self.clock.forward(), timeout_s)
        with self._lock:
            fanout = self._open().fanout()
            if not reply:
                fanout.publish(self._exchange, [message])
                return None
            # Listening begins before anybody can answer.
            subscription = fanout.subscribe(self._replies, [self.oid])
            try:
                fanout.publish(self._exchange, [message])
                return self._gather(subscription, asked, timeout_s, limit or len(destination or ()), callback)
            finally:
                subscription.close()

    def _gather(self, subscription: Any, asked: wire.Command, timeout_s: float, limit: int, callback: Any) -> Answers:
        answers: Answers = []
        until = clock.monotonic() + timeout_s
        while not limit or len(answers) < limit:
            left_s = until - clock.monotonic()
            if left_s <= 0:
                break
            for message in subscription.receive(left_s):
                self.clock.adjust(wire.clock_of(message))
                with suppress(DecodeError):  # not an answer: nobody's fault here
                    if message.headers.get("ticket", asked.ticket) == asked.ticket:
                        answers.append(wire.read(message))
                        if callback is not None:
                            callback(answers[-1])
        return answers

    def _open(self) -> Transport:
        if self._transport is None:
            transport = self.app.drivers.open_transport("write")
            if "fanout" not in transport.features:
                scheme = transport.url.partition(":")[0]
                raise UnsupportedError(
                    f"the transport {scheme!r} cannot broadcast, so workers cannot be reached: expected one that has "
                    "'fanout', such as redis, amqp, sqlite or memory"
                )
            self._transport = transport
        return self._transport

    def close(self) -> None:
        """Give up the connection. The app calls it."""
        with self._lock:
            transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()

    # Asking.

    def inspect(self, destination: Any = None, timeout: float | None = 1.0, **options: Any) -> Inspect:
        """What workers are and do: `app.control.inspect().active()`."""
        return Inspect(destination, timeout, app=self.app, **options)

    def ping(self, destination: Sequence[str] | None = None, timeout: float = 1.0, **kwargs: Any) -> Any:
        """Who is there: `[{"celery@host": {"ok": "pong"}}, …]`."""
        return self.broadcast("ping", {}, destination, reply=True, timeout=timeout, **kwargs)

    # Tasks.

    def revoke(
        self,
        task_id: str | Sequence[str],
        destination: Sequence[str] | None = None,
        terminate: bool = False,
        signal: Any = "SIGTERM",
        **kwargs: Any,
    ) -> Any:
        """Have no worker begin these tasks; with `terminate`, those that run get `signal` (where the pool can do it).

        Where the backend has the feature `shared_state`, it holds for workers that start later, too, and without any
        broadcast; only termination needs one.
        """
        ids = [task_id] if isinstance(task_id, str) else list(task_id)
        shared = destination is None and not kwargs.get("pattern") and self._share([of.of_id(each) for each in ids])
        arguments = {"task_id": ids, "terminate": terminate, "signal": signal}
        try:
            return self.broadcast("revoke", arguments, destination, **kwargs)
        except UnsupportedError:
            if shared and not terminate and not kwargs.get("reply"):
                return None  # workers look into the backend
            raise

    def revoke_by_stamped_headers(
        self,
        headers: Mapping[str, Any],
        destination: Sequence[str] | None = None,
        terminate: bool = False,
        signal: Any = "SIGTERM",
        **kwargs: Any,
    ) -> Any:
        """As `revoke`, for tasks with one of these stamps: names to a value or a list of values, each of which will
        do."""
        values = {name: each if isinstance(each, (list, tuple, set)) else [each] for name, each in headers.items()}
        if destination is None and not kwargs.get("pattern"):
            self._share([of.of_stamp(name, value) for name, listed in values.items() for value in listed])
        arguments = {
            "headers": {name: list(listed) for name, listed in values.items()},
            "terminate": terminate, "signal": signal,
        }  # fmt: skip
        return self.broadcast("revoke_by_stamped_headers", arguments, destination, **kwargs)

    def terminate(
        self, task_id: str | Sequence[str], destination: Sequence[str] | None = None, signal: Any = "SIGTERM",
        **kwargs: Any,
    ) -> Any:  # fmt: skip
        """As `revoke` with `terminate`."""
        return self.revoke(task_id, destination, terminate=True, signal=signal, **kwargs)

    def _share(self, marks: Sequence[str]) -> bool:
        backend = self.app.backend
        if backend is None or "shared_state" not in backend.features or not marks:
            return False
        SharedMarks(backend.shared(), float(self.app.conf.control_revoke_expires)).add(marks)
        return True

    def rate_limit(
        self, task_name: str, rate_limit: Any, destination: Sequence[str] | None = None, **kwargs: Any
    ) -> Any:
        """Have workers begin a task only so often (`"10/m"`); 0 is for no limit."""
        return self.broadcast("rate_limit", {"task_name": task_name, "rate_limit": rate_limit}, destination, **kwargs)

    def time_limit(
        self,
        task_name: str,
        soft: float | None = None,
        hard: float | None = None,
        destination: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Change the time limits (seconds) of a task, for runs that begin later."""
        arguments = {"task_name": task_name, "soft": soft, "hard": hard}
        return self.broadcast("time_limit", arguments, destination, **kwargs)

    # Workers.

    def add_consumer(
        self,
        queue: str,
        exchange: str | None = None,
        exchange_type: str = "direct",
        routing_key: str | None = None,
        options: Mapping[str, Any] | None = None,
        destination: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Have workers consume from one more queue."""
        arguments = {
            "queue": queue, "exchange": exchange, "exchange_type": exchange_type, "routing_key": routing_key,
            **(options or {}),
        }  # fmt: skip
        return self.broadcast("add_consumer", arguments, destination, **kwargs)

    def cancel_consumer(self, queue: str, destination: Sequence[str] | None = None, **kwargs: Any) -> Any:
        """Have workers consume from a queue no longer."""
        return self.broadcast("cancel_consumer", {"queue": queue}, destination, **kwargs)

    def pool_grow(self, n: int = 1, destination: Sequence[str] | None = None, **kwargs: Any) -> Any:
        """Have workers run so many tasks more at once."""
        return self.broadcast("pool_grow", {"n": n}, destination, **kwargs)

    def pool_shrink(self, n: int = 1, destination: Sequence[str] | None = None, **kwargs: Any) -> Any:
        """Have workers run so many tasks fewer at once."""
        return self.broadcast("pool_shrink", {"n": n}, destination, **kwargs)

    def pool_restart(
        self, modules: Any = None, reload: bool = False, reloader: Any = None,
        destination: Sequence[str] | None = None, **kwargs: Any,
    ) -> Any:  # fmt: skip
        """Celery's workers start their pool again; Umbel's refuse."""
        arguments = {"modules": modules, "reload": reload, "reloader": reloader}
        return self.broadcast("pool_restart", arguments, destination, **kwargs)

    def autoscale(self, max: int, min: int, destination: Sequence[str] | None = None, **kwargs: Any) -> Any:
        """Change the range of an autoscaled pool."""
        return self.broadcast("autoscale", {"max": max, "min": min}, destination, **kwargs)

    def shutdown(self, destination: Sequence[str] | None = None, **kwargs: Any) -> Any:
        """End workers warmly."""
        return self.broadcast("shutdown", {}, destination, **kwargs)

    def heartbeat(self, destination: Sequence[str] | None = None, **kwargs: Any) -> Any:
        """Have workers send a heartbeat now."""
        return self.broadcast("heartbeat", {}, destination, **kwargs)

    def enable_events(self, destination: Sequence[str] | None = None, **kwargs: Any) -> Any:
        """Have workers send events about tasks."""
        return self.broadcast("enable_events", {}, destination, **kwargs)

    def disable_events(self, destination: Sequence[str] | None = None, **kwargs: Any) -> Any:
        """Have workers send no events about tasks."""
        return self.broadcast("disable_events", {}, destination, **kwargs)

    def election(self, id: str, topic: str, action: Any = None, connection: Any = None) -> None:
        """Celery's vote among workers; Umbel's take no part."""
        self.broadcast("election", {"id": id, "topic": topic, "action": action})

    def purge(self, connection: Any = None) -> int:
        """Delete what waits in the queues of the settings; returns how many messages. Blocks."""
        names = [str(getattr(queue, "name", queue)) for queue in self.app.conf.task_queues or ()]
        admin = self.app.transport.admin()
        return sum(admin.purge(name) for name in names or [self.app.conf.task_default_queue])

    discard_all = purge
