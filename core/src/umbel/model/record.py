"""A stored result."""

from __future__ import annotations

from attrs import define


@define(slots=True, eq=False)
class Record:
    """The state and result of a task as the backend keeps it.

    `payload` is the whole result meta in `result_serializer`'s encoding (Celery's fields: status, result, traceback,
    children, date_done, task_id, …). A backend that only stores bytes need not look into it.
    """

    task_id: str
    state: str
    payload: bytes
    #: Seconds until the record may be dropped; None: never.
    ttl_s: float | None = None
    #: Who asked for it: what the call said (`Backend.reply_to`). Backends that keep it for anybody need not look.
    reply_to: str | None = None
