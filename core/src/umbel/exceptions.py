"""The tree of errors, with Celery's names; what Umbel adds stands at the end.

`UmbelError` is the root, and `CeleryError` is the same class under the name that Celery's users import.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any


class UmbelError(Exception):
    """The root of every error that Umbel raises on purpose."""


class UmbelWarning(UserWarning):
    """The root of Umbel's warnings."""


CeleryError = UmbelError
CeleryWarning = UmbelWarning


class AlwaysEagerIgnored(UmbelWarning):
    """`send_task` was called while `task_always_eager` is on."""


class DuplicateNodenameWarning(UmbelWarning):
    """Two workers have the same node name."""


class DuplicateTaskNameWarning(UmbelWarning):
    """Two tasks have the same name."""


class FixupWarning(UmbelWarning):
    """A framework bridge could not be set up."""


class NotConfigured(UmbelWarning):
    """The app was used before it had any configuration."""


class SecurityWarning(UmbelWarning):
    """Something works, but not safely."""


class CDeprecationWarning(DeprecationWarning):
    """A feature that will go."""


class CPendingDeprecationWarning(PendingDeprecationWarning):
    """A feature that will be deprecated."""


class ImproperlyConfigured(UmbelError):
    """A setting is wrong, or something that a setting names is not installed."""


class SecurityError(UmbelError):
    """Content that must not be trusted was refused."""


class BackendError(Exception):
    """The result backend failed."""


class BackendGetMetaError(BackendError):
    """A result could not be read. `task_id` says which."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.task_id = kwargs.get("task_id", "")
        super().__init__(*args)


class BackendStoreError(BackendError):
    """A result could not be stored. `state` and `task_id` say which."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.state = kwargs.get("state", "")
        self.task_id = kwargs.get("task_id", "")
        super().__init__(*args)


class TaskError(UmbelError):
    """An error about a task."""


class AlreadyRegistered(TaskError):
    """The task is registered already."""


class ChordError(TaskError):
    """A task in the header of a chord failed."""


class IncompleteStream(TaskError):
    """The end of a stream of data was not found."""


class InvalidTaskError(TaskError):
    """A message is not a task message, or its parts have the wrong types."""


class MaxRetriesExceededError(TaskError):
    """A task was tried again as often as it may be."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.task_args = kwargs.pop("task_args", [])
        self.task_kwargs = kwargs.pop("task_kwargs", {})
        super().__init__(*args)


class NotRegistered(KeyError, TaskError):
    """No task of this name is registered."""

    def __repr__(self) -> str:
        return f"Task of kind {self} never registered, please make sure it's imported."


class QueueNotFound(KeyError, TaskError):
    """The queue is not in `task_queues`, and missing queues are not created."""


class TaskRevokedError(TaskError):
    """The task was revoked before it ran."""


class TimeoutError(TaskError):
    """The operation took longer than it was given."""


class TaskPredicate(UmbelError):
    """Raised by a task to say what shall become of it; not a failure."""


class Ignore(TaskPredicate):
    """Leave the state of the task alone."""


class Reject(TaskPredicate):
    """Reject the message; it goes to the dead letters, or back to its queue with `requeue=True`."""

    def __init__(self, reason: Any = None, requeue: bool = False) -> None:
        self.reason = reason
        self.requeue = requeue
        super().__init__(reason, requeue)

    def __repr__(self) -> str:
        return f"reject requeue={self.requeue}: {self.reason}"


class Retry(TaskPredicate):
    """The task will be tried again."""

    #: The exception that made the task be retried, if there is one, and its text.
    message: Any = None
    exc: BaseException | None = None
    excs: str | None = None
    when: float | datetime | None = None

    def __init__(
        self,
        message: Any = None,
        exc: BaseException | str | None = None,
        when: float | datetime | None = None,
        is_eager: bool = False,
        sig: Any = None,
        **kwargs: Any,
    ) -> None:
        self.message = message
        if isinstance(exc, str):
            self.exc, self.excs = None, exc
        else:
            self.exc, self.excs = exc, repr(exc) if exc is not None else None
        self.when = when
        self.is_eager = is_eager
        self.sig = sig
        super().__init__(message, exc, when, **kwargs)

    def humanize(self) -> str:
        if isinstance(self.when, (int, float)):
            return f"in {self.when}s"
        return f"at {self.when}"

    def __str__(self) -> str:
        if self.message:
            return str(self.message)
        if self.excs:
            return f"Retry {self.humanize()}: {self.excs}"
        return f"Retry {self.humanize()}"

    def __reduce__(self) -> tuple[Any, ...]:
        return self.__class__, (self.message, self.exc, self.when)


RetryTaskError = Retry


class SoftTimeLimitExceeded(Exception):
    """The soft time limit of the running task is over; the task may clean up."""


class TimeLimitExceeded(Exception):
    """The hard time limit was over, and the task was killed."""


class WorkerLostError(Exception):
    """The process that ran the task died."""


class Terminated(Exception):
    """The task was terminated on request."""


class WorkerShutdown(SystemExit):
    """Raised to end the worker warmly."""


class WorkerTerminate(SystemExit):
    """Raised to end the worker at once."""


SystemTerminate = WorkerTerminate


# What a driver may raise. Everything that a library throws becomes one of these at the driver's edge.


class DriverError(UmbelError):
    """A driver could not do what it was asked."""


class OperationalError(DriverError):
    """The broker or backend could not be reached; Celery's name for it."""


class TemporaryError(OperationalError):
    """Trying again later may help: connection lost, server busy, database locked."""


class PermanentError(DriverError):
    """Trying again will not help: wrong password, corrupt database, message refused."""


class UnsupportedError(PermanentError):
    """The driver does not have this capability."""


# What the plugin platform may raise.


class PluginError(UmbelError):
    """A plugin cannot be used; the message says why and what to do."""


class PluginNotFound(PluginError, ImproperlyConfigured):
    """No installed distribution has a driver of this name."""


class PluginConflict(PluginError):
    """Two distributions claim one name."""


class ContractMismatch(PluginError):
    """The plugin was written for another version of the contract."""


class GraphError(PluginError):
    """Boot steps do not fit together: a missing requirement, a circle, or two providers."""


# What the way of a task may raise.


class UnserializableArgument(TaskError, TypeError):
    """An argument of a call cannot be encoded by the task's serializer."""


class DecodeError(InvalidTaskError):
    """A message's body cannot be decoded; the message is kept among the dead letters."""


class MessageTooLarge(TaskError, ValueError):
    """A message is larger than `broker_message_max_bytes`."""


def __getattr__(name: str) -> Any:
    # The command-line errors derive from click's; nobody but the CLI should pay for that import.
    if name in ("CeleryCommandException", "UmbelCommandException"):
        from umbel.cli.errors import CommandError  # noqa: PLC0415

        return CommandError
    if name == "ClickException":
        import click  # noqa: PLC0415

        return click.ClickException
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
