"""What a pool is given and what it gives back."""

from __future__ import annotations

from typing import Any

from attrs import Factory, define

from umbel.model.message import Action, Message


@define(slots=True, eq=False)
class Job:
    """One run of a task. `key` is unique within the worker (a task id is not: it may be delivered twice)."""

    key: int
    task: str
    task_id: str
    #: The message that is run: its body is decoded in the process that runs it.
    message: Message
    #: Seconds; None: no limit.
    time_limit: float | None = None
    soft_time_limit: float | None = None
    #: What else the runner needs to know about the delivery (hostname, redelivered); plain data.
    info: dict[str, Any] = Factory(dict)


@define(slots=True, eq=False)
class Outcome:
    """How a run ended, in a form that crosses a process boundary (plain data only)."""

    state: str
    #: The encoded result record, or None where nothing shall be stored.
    payload: bytes | None = None
    #: Seconds that the task took.
    runtime_s: float = 0.0
    #: What becomes of the message, for tasks that are acknowledged late.
    action: Action = Action.ACK
    due: float | None = None
    reason: str = ""
    #: For the log: the repr of the return value, or the exception's text.
    summary: str = ""
    traceback: str | None = None
    #: The failure is one the task declared in `throws`: logged without a traceback, at INFO.
    expected: bool = False
    #: The process died or was killed under the task (worker lost, hard time limit).
    lost: bool = False


@define(slots=True, eq=False)
class Started:
    """The job with this key has begun; early acknowledgement hangs on it. `pid` runs it."""

    key: int
    pid: int


@define(slots=True, eq=False)
class Finished:
    """The job with this key is over."""

    key: int
    outcome: Outcome


PoolEvent = Started | Finished
