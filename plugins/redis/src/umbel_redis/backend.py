"""The result backend: records as Celery keeps and publishes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar
from weakref import WeakSet

from umbel.contracts import Backend, SharedState, Subscription
from umbel.exceptions import PermanentError
from umbel.model import Record
from umbel_redis.headers import milliseconds
from umbel_redis.result_keys import ResultKeys
from umbel_redis.result_state import record_of, value_of
from umbel_redis.routes import Routes
from umbel_redis.script import load
from umbel_redis.server import Server
from umbel_redis.settings import RedisSettings
from umbel_redis.shared_state import RedisSharedState
from umbel_redis.subscription import RedisSubscription

#: How many records, and how many bytes of them, are one step of the server: others wait for some milliseconds at most.
AT_ONCE = 500
BYTES_AT_ONCE = 4 * 2**20
#: What Redis takes for a string (https://redis.io/docs/latest/develop/data-types/strings/).
LARGEST = 512 * 2**20


class RedisBackend(Backend):
    """One connection for all calls (in a cluster one to each server); subscriptions have one of their own."""

    contract_version = 1
    features: ClassVar[frozenset[str]] = frozenset(
        {"across_processes", "durable", "expires", "headers", "push", "shared_state"}
    )
    settings_class = RedisSettings

    def __init__(self, url: str, settings: RedisSettings | None = None) -> None:
        """Raises `ImproperlyConfigured` for a URL that is of no known form."""
        super().__init__(url, settings or RedisSettings())
        self._server = Server(url, self.settings)
        self.settings: RedisSettings = self._server.settings
        self._keys = ResultKeys(self.settings.global_keyprefix, self._server.location.mode == "cluster")
        self._routes = Routes(self._server)
        self._subscriptions: WeakSet[RedisSubscription] = WeakSet()

    def store(self, records: Sequence[Record]) -> None:
        script = load("result_store")
        for life, values in self._steps(records):
            if self._routes.are_many:
                self._routes.scripts(script, [(key, (life, value)) for key, value in values])
            else:
                self._routes.script(script, [key for key, _ in values], [life, *(value for _, value in values)])

    def fetch(self, task_ids: Sequence[str]) -> Sequence[Record | None]:
        return [
            None if value is None else record_of(task_id, value)
            for task_id, value in zip(task_ids, self._values(task_ids), strict=True)
        ]

    def forget(self, task_ids: Sequence[str]) -> None:
        for start in range(0, len(task_ids), AT_ONCE):
            self._about("UNLINK", task_ids[start : start + AT_ONCE])

    def subscribe(self) -> Subscription:
        subscription = RedisSubscription(self._server, self._keys, self._values)
        self._subscriptions.add(subscription)
        return subscription

    def close(self) -> None:
        for subscription in list(self._subscriptions):
            subscription.close()
        self._routes.close()

    def shared(self) -> SharedState:
        return RedisSharedState(self._routes, self._keys, self.settings.result_chord_ordered)

    def _steps(self, records: Sequence[Record]) -> Iterator[tuple[int | str, list[tuple[bytes, bytes]]]]:
        """Milliseconds to live, with the keys and values that have so many, in steps."""
        step: list[tuple[bytes, bytes]] = []
        size, ttl_s = 0, None
        for record in records:
            value = value_of(record)
            if len(value) > LARGEST:
                raise PermanentError(
                    f"the result of task {record.task_id} has {len(value)} bytes; Redis takes {LARGEST}"
                )
            if step and (record.ttl_s != ttl_s or len(step) >= AT_ONCE or size >= BYTES_AT_ONCE):
                yield _life(ttl_s), step
                step, size = [], 0
            step.append((self._keys.record(record.task_id), value))
            size, ttl_s = size + len(value), record.ttl_s
        if step:
            yield _life(ttl_s), step

    def _values(self, task_ids: Sequence[str]) -> list[bytes | None]:
        """What is stored of these tasks."""
        found: list[bytes | None] = []
        for start in range(0, len(task_ids), AT_ONCE):
            found += self._about("MGET", task_ids[start : start + AT_ONCE])
        return found

    def _about(self, command: str, task_ids: Sequence[str]) -> Any:
        """The answer to a command about the records of these tasks. There are some."""
        names = [self._keys.record(task_id) for task_id in task_ids]
        if self._routes.are_many:
            return self._routes.pipeline([(command.replace("MGET", "GET"), name) for name in names])
        return self._routes.call(command, *names)


def _life(ttl_s: float | None) -> int | str:
    return "" if ttl_s is None else milliseconds(ttl_s)
