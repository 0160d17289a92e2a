"""The app's view of its backend: records as dicts, in the serializer of `result_serializer`."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from umbel import states
from umbel.contracts.backend import Backend
from umbel.contracts.serializer import Serializer
from umbel.exceptions import ImproperlyConfigured
from umbel.model.message import Message
from umbel.model.record import Record
from umbel.results.listener import ResultListener
from umbel.wire import failure

Ttl = timedelta | float | None


class Results:
    """Stores and reads records; one for each app."""

    def __init__(self, backend: Backend | None, serializer: Serializer, expires: Ttl, failure_expires: Ttl) -> None:
        self._backend = backend
        self._serializer = serializer
        self._listener: ResultListener | None = None
        self._lock = threading.Lock()
        # A driver is promised one call of each method at a time, and users have many threads.
        self._storing, self._fetching, self._forgetting = (threading.Lock() for _ in range(3))
        self._ttl_s = _seconds(expires)
        self._failure_ttl_s = self._ttl_s if failure_expires is None else _seconds(failure_expires)

    @property
    def backend(self) -> Backend:
        """The backend; raises `ImproperlyConfigured` if results are disabled."""
        if self._backend is None:
            raise ImproperlyConfigured(
                "no result backend is configured: set result_backend (a URL) on the"
                " client and on the workers, or do not ask for results"
            )
        return self._backend

    @property
    def listener(self) -> ResultListener:
        with self._lock:
            if self._listener is None:
                self._listener = ResultListener(self.backend)
            return self._listener

    def store(self, records: Sequence[Record]) -> None:
        """Store encoded records. Blocks."""
        with self._storing:
            self.backend.store(records)

    def forget(self, task_ids: Sequence[str]) -> None:
        """Drop records. Blocks."""
        with self._forgetting:
            self.backend.forget(task_ids)

    def encode(self, fields: dict[str, Any]) -> bytes:
        """A record's payload; an exception as its result is described."""
        if isinstance(fields["result"], BaseException):
            fields = {**fields, "result": failure.describe(fields["result"], self._serializer.dumps)}
        return self._serializer.dumps(fields)

    def record(self, task_id: str, state: str, payload: bytes, reply_to: str | None = None) -> Record:
        """A record that is kept for as long as `result_expires` or `result_failure_expires` says."""
        ttl_s = self._failure_ttl_s if state == states.FAILURE else self._ttl_s
        return Record(task_id, state, payload, ttl_s, reply_to)

    def answer(self, message: Message, task_id: str, state: str, payload: bytes) -> Record:
        """A record of the task that a message asked for, to whom it names."""
        return self.record(task_id, state, payload, message.properties.get("reply_to"))

    def store_state(self, task_id: str, state: str, record: dict[str, Any], reply_to: str | None = None) -> None:
        """Store a record given as a dict. Blocks."""
        self.store((self.record(task_id, state, self.encode(record), reply_to),))

    def decode(self, record: Record) -> dict[str, Any]:
        """The record as a dict, with an exception rebuilt."""
        fields: dict[str, Any] = self._serializer.loads(record.payload)
        result = fields.get("result")
        if isinstance(result, dict) and "exc_type" in result:
            fields["result"] = failure.rebuild(result)
        return fields

    def fetch(self, task_ids: Sequence[str]) -> list[dict[str, Any] | None]:
        """Records by id, None where there is none. Blocks."""
        with self._fetching:
            records = self.backend.fetch(task_ids)
        return [None if record is None else self.decode(record) for record in records]

    def close(self) -> None:
        """Stop listening. The backend is the app's to close."""
        if self._listener is not None:
            self._listener.close()


def _seconds(ttl: Ttl) -> float | None:
    return (ttl.total_seconds() if isinstance(ttl, timedelta) else ttl) or None
