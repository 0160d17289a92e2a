"""`app.control.inspect()`: what workers are and do."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from umbel.exceptions import DuplicateNodenameWarning


class Inspect:
    """Each method asks the workers and returns `{node: answer}`, or None if nobody answered within `timeout` seconds;
    for a `destination` that is one name, that node's answer alone."""

    def __init__(
        self,
        destination: str | Sequence[str] | None = None,
        timeout: float | None = 1.0,
        callback: Callable[[dict[str, Any]], Any] | None = None,
        connection: Any = None,
        app: Any = None,
        limit: int | None = None,
        pattern: str | None = None,
        matcher: str | None = None,
    ) -> None:
        self.app = app
        self.destination = destination
        self.timeout = timeout
        self._how = {"callback": callback, "limit": limit, "pattern": pattern, "matcher": matcher}

    def _ask(self, command: str, **arguments: Any) -> Any:
        one = self.destination if isinstance(self.destination, str) else None
        destination = [one] if one else self.destination
        answers = self.app.control.broadcast(
            command, arguments, destination, reply=True, timeout=self.timeout, **self._how
        )
        if not answers:
            return None
        by_node = flatten(answers)
        return by_node.get(one) if one else by_node

    def active(self, safe: bool | None = None) -> Any:
        """Tasks that run now."""
        return self._ask("active", safe=bool(safe))

    def reserved(self, safe: bool | None = None) -> Any:
        """Tasks that were reserved and have not begun."""
        return self._ask("reserved")

    def scheduled(self, safe: bool | None = None) -> Any:
        """Tasks that a worker holds until their ETA."""
        return self._ask("scheduled")

    def registered(self, *taskinfoitems: str) -> Any:
        """Names of tasks, with these of their options."""
        return self._ask("registered", taskinfoitems=list(taskinfoitems))

    registered_tasks = registered

    def revoked(self) -> Any:
        """Ids of revoked tasks."""
        return self._ask("revoked")

    def query_task(self, *ids: Any) -> Any:
        """Where tasks are, by their ids."""
        listed = list(ids[0]) if len(ids) == 1 and isinstance(ids[0], (list, tuple)) else list(ids)
        return self._ask("query_task", ids=listed)

    def active_queues(self) -> Any:
        """The queues that workers consume from."""
        return self._ask("active_queues")

    def stats(self) -> Any:
        """Counts, pools, brokers, resources."""
        return self._ask("stats")

    def conf(self, with_defaults: bool = False) -> Any:
        """Settings, with secrets masked."""
        return self._ask("conf", with_defaults=with_defaults)

    def report(self) -> Any:
        """Versions and settings as text."""
        return self._ask("report")

    def ping(self, destination: Any = None) -> Any:
        """Who is there."""
        if destination:
            self.destination = destination
        return self._ask("ping")

    def clock(self) -> Any:
        """The logical clocks."""
        return self._ask("clock")

    def hello(self, from_node: str, revoked: Any = None) -> Any:
        """What Celery's workers ask others when they start."""
        return self._ask("hello", from_node=from_node, revoked=revoked)

    def memsample(self) -> Any:
        """The memory of workers."""
        return self._ask("memsample")

    def memdump(self, samples: int = 10) -> Any:
        """Statistics of memory; Umbel's workers refuse."""
        return self._ask("memdump", samples=samples)

    def objgraph(self, type: str = "Request", n: int = 200, max_depth: int = 10) -> Any:
        """A picture of objects in memory; Umbel's workers refuse."""
        return self._ask("objgraph", num=n, max_depth=max_depth, type=type)


def flatten(answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The answers by node. Warns of two nodes of one name."""
    nodes: dict[str, Any] = {}
    for answer in answers:
        again = nodes.keys() & answer.keys()
        if again:
            warnings.warn(
                f"more than one node answered as {', '.join(sorted(again))}: give each a name of its own (--hostname)",
                DuplicateNodenameWarning,
                stacklevel=3,
            )
        nodes |= answer
    return nodes
