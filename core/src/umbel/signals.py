"""Celery's signals: functions that are called when something happens, in the process where it happens.

Receivers get the sender as `sender` and the rest as keyword arguments. An error in a receiver is logged and disturbs
nobody, as in Celery.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable
from typing import Any

_log = logging.getLogger("umbel.signals")
_ANY = 0

Receiver = Callable[..., Any]


class Signal:
    """Connect with `@signal.connect` or `@signal.connect(sender=…)`; tasks may be named by their names."""

    def __init__(self, providing_args: Any = None, use_caching: bool = False, name: str | None = None) -> None:
        self.name = name
        self.providing_args = frozenset(providing_args or ())
        self._receivers: list[tuple[Any, Any, Callable[[], Receiver | None]]] = []

    @property
    def receivers(self) -> list[Receiver]:
        return [function for _, _, ref in self._receivers if (function := ref()) is not None]

    def has_listeners(self, sender: Any = None) -> bool:
        return bool(self._receivers)

    def connect(self, *args: Any, **kwargs: Any) -> Any:
        """Add a receiver; a decorator with or without arguments (`sender`, `weak`, `dispatch_uid`, `retry`)."""
        if args and callable(args[0]):
            return self._connect(args[0], *args[1:], **kwargs)
        return lambda function: self._connect(function, *args, **kwargs)

    def _connect(
        self,
        function: Receiver,
        sender: Any = None,
        weak: bool = False,
        dispatch_uid: Any = None,
        retry: bool = False,
    ) -> Receiver:
        uid = dispatch_uid if dispatch_uid is not None else id(function)
        key = (uid, _key(sender))
        if not any((known, of) == key for known, of, _ in self._receivers):
            self._receivers.append((*key, _weak(function) if weak else lambda: function))
        return function

    def disconnect(
        self, receiver: Receiver | None = None, sender: Any = None, weak: Any = None, dispatch_uid: Any = None
    ) -> bool:
        """Take a receiver away; True if it was there."""
        key = (dispatch_uid if dispatch_uid is not None else id(receiver), _key(sender))
        before = len(self._receivers)
        self._receivers = [entry for entry in self._receivers if entry[:2] != key]
        return len(self._receivers) < before

    def send(self, sender: Any, **named: Any) -> list[tuple[Receiver, Any]]:
        """Call the receivers in order; returns what each of them returned, or the exception it raised."""
        if not self._receivers:
            return []
        responses: list[tuple[Receiver, Any]] = []
        mine = {_ANY, _key(sender), _key(getattr(sender, "name", None))}
        for _, wanted, ref in list(self._receivers):
            function = ref() if wanted in mine else None
            if function is None:
                continue
            try:
                responses.append((function, function(signal=self, sender=sender, **named)))
            except Exception as error:
                _log.exception("Signal handler %r of %s raised", function, self.name)
                responses.append((function, error))
        return responses

    send_robust = send

    def __repr__(self) -> str:
        return f"<Signal: {self.name}>"


def _key(sender: Any) -> Any:
    if sender is None:
        return _ANY
    return sender if isinstance(sender, str) else id(sender)


def _weak(function: Receiver) -> Callable[[], Receiver | None]:
    if hasattr(function, "__self__"):
        return weakref.WeakMethod(function)
    return weakref.ref(function)


def _signal(name: str, *args: str) -> Signal:
    return Signal(providing_args=set(args), name=name)


before_task_publish = _signal(
    "before_task_publish", "body", "exchange", "routing_key", "headers", "properties", "declare", "retry_policy"
)
after_task_publish = _signal("after_task_publish", "body", "exchange", "routing_key", "headers")
task_received = _signal("task_received", "request")
task_prerun = _signal("task_prerun", "task_id", "task", "args", "kwargs")
task_postrun = _signal("task_postrun", "task_id", "task", "args", "kwargs", "retval", "state")
task_success = _signal("task_success", "result", "runtime")
task_failure = _signal("task_failure", "task_id", "exception", "args", "kwargs", "traceback", "einfo")
task_retry = _signal("task_retry", "request", "reason", "einfo")
task_internal_error = _signal(
    "task_internal_error", "task_id", "args", "kwargs", "request", "exception", "traceback", "einfo"
)
task_revoked = _signal("task_revoked", "request", "terminated", "signum", "expired")
task_rejected = _signal("task_rejected", "message", "exc")
task_unknown = _signal("task_unknown", "message", "exc", "name", "id")
celeryd_init = _signal("celeryd_init", "instance", "conf", "options")
celeryd_after_setup = _signal("celeryd_after_setup", "instance", "conf")
import_modules = _signal("import_modules")
worker_init = _signal("worker_init")
worker_before_create_process = _signal("worker_before_create_process")
worker_process_init = _signal("worker_process_init")
worker_process_shutdown = _signal("worker_process_shutdown", "pid", "exitcode")
worker_ready = _signal("worker_ready")
worker_shutting_down = _signal("worker_shutting_down", "sig", "how", "exitcode")
worker_shutdown = _signal("worker_shutdown")
setup_logging = _signal("setup_logging", "loglevel", "logfile", "format", "colorize")
after_setup_logger = _signal("after_setup_logger", "logger", "loglevel", "logfile", "format", "colorize")
after_setup_task_logger = _signal("after_setup_task_logger", "logger", "loglevel", "logfile", "format", "colorize")
user_preload_options = _signal("user_preload_options", "app", "options")
# Sent by the plugins that bring what they tell of.
beat_init = _signal("beat_init")
beat_embedded_init = _signal("beat_embedded_init")
heartbeat_sent = _signal("heartbeat_sent")
eventlet_pool_started = _signal("eventlet_pool_started")
eventlet_pool_preshutdown = _signal("eventlet_pool_preshutdown")
eventlet_pool_postshutdown = _signal("eventlet_pool_postshutdown")
eventlet_pool_apply = _signal("eventlet_pool_apply", "target", "args", "kwargs")
