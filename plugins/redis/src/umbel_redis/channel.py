"""The connection on which Redis pushes results: which tasks it is subscribed to, and what was there before."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from random import uniform
from typing import Any

from umbel import clock
from umbel.exceptions import TemporaryError
from umbel_redis.errors import ErrorReply
from umbel_redis.link import Command, Link
from umbel_redis.result_keys import ResultKeys
from umbel_redis.server import Server

#: Seconds of silence after which the server is asked whether it is there.
QUIET_S = 5.0
#: In a cluster: seconds from one look at what may have been missed to the next, and how many are looked at.
AGAIN_S, AGAIN_AT_ONCE = 5.0, 500
#: So many channels that nobody listens to any more are given up, if there is no other occasion to do so.
MOST_GONE = 1000

#: The id of a task, and its record as it is stored.
Found = tuple[str, bytes]


class PushedLink(Link):
    """A link on which something to be read is no sign of its end; in a cluster any node will do."""

    def __init__(self, server: Server) -> None:
        super().__init__(server.opener, server.timeout_s)
        self._nodes = deque(server.location.addresses if server.location.mode == "cluster" else ())

    def connect(self) -> None:
        if self.fileno() >= 0:
            return
        if self._nodes:
            self.address = self._nodes[0]
            self._nodes.rotate(-1)  # Should this one be gone, it is the next one's turn.
        super().connect()


class Channel:
    """One thread calls it. All errors are `TemporaryError` or `PermanentError`, and after one it is as new: nothing is
    subscribed.

    A result that came between looking and subscribing would be missed, so subscribing comes first. A connection that is
    subscribed takes no other command (https://redis.io/docs/latest/develop/interact/pubsub/), but while it is not, it
    may subscribe and look in one transaction: who waits for one result sends once, and needs one connection.
    """

    _due: float | None
    _again: dict[bytes, None]
    _again_at: float

    def __init__(self, server: Server, keys: ResultKeys, values: Callable[[Sequence[str]], list[bytes | None]]) -> None:
        """`values` reads what is stored, on another connection."""
        self.link = PushedLink(server)
        self._timeout_s = server.timeout_s
        self._can_look = server.location.mode != "cluster"
        self._keys = keys
        self._values = values
        self._forget()

    @property
    def is_open(self) -> bool:
        return self.link.fileno() >= 0

    @property
    def owes(self) -> bool:
        """The server has not yet said what was there of those that were added last."""
        return bool(self._looking or self._confirming)

    @property
    def attention_at(self) -> float:
        """When `tend` has something to do, on the monotonic clock."""
        return min(self._heard_at + QUIET_S if self._due is None else self._due, self._again_at)

    def add(self, task_ids: Sequence[str]) -> None:
        """Subscribe to these, and look what is there. Connects if it must."""
        if not self.is_open:
            self._forget()
            self.link.connect()
            self._heard_at = clock.monotonic()
        names = [self._keys.record(task_id) for task_id in task_ids]
        self._gone.difference_update(names)
        commands: list[Command] = []
        if self._can_look and self._gone == self._subscribed:
            commands += self._nothing_more()
            commands += [("MULTI",), ("MGET", *names), ("SUBSCRIBE", *names), ("EXEC",)]
            self._looking.append(task_ids)
        else:
            if self._gone:
                commands.append(self._less())
            commands.append(("SUBSCRIBE", *names))
            self._confirming.append((names[-1], task_ids))
        self._subscribed.update(names)
        if not self._can_look:
            self._again.update(dict.fromkeys(names))
            self._again_at = min(self._again_at, _again())
        self._send(commands)

    def give_up(self, task_ids: Iterable[str]) -> None:
        """Nobody waits for these any longer. The server hears of it with what it is told next."""
        self._gone.update(self._subscribed.intersection(map(self._keys.record, task_ids)))

    def read(self) -> list[Found]:
        """What has come."""
        found: list[Found] = []
        confirmed: list[str] = []
        while (reply := self.link.read_if_there()) is not None:
            self._heard_at = clock.monotonic()
            self._due = None
            self._take(reply, found, confirmed)
        if confirmed:
            found += _there(confirmed, self._values(confirmed))
        if clock.monotonic() >= self._again_at:
            found += self._look_again()
        return found

    def tend(self) -> None:
        """See to it that the server is there, and is told what it need not send any more."""
        now = clock.monotonic()
        if self._due is not None and now >= self._due:
            where = self.link.where
            self.close()
            raise TemporaryError(f"{where}: no answer within {self._timeout_s} s")
        if self._due is None and (now >= self._heard_at + QUIET_S or len(self._gone) >= MOST_GONE):
            self._send([self._less() if self._gone else ("PING",)])

    def _look_again(self) -> list[Found]:
        """What is there of those that have waited longest for a look. The nodes of a cluster pass on to each other what
        is published, and drop what cannot be passed on; nobody notices."""
        some = list(islice(self._again, AGAIN_AT_ONCE))
        for name in some:
            del self._again[name]
        names = [name for name in some if name in self._subscribed and name not in self._gone]
        self._again.update(dict.fromkeys(names))
        self._again_at = _again() if self._again else float("inf")
        task_ids = [self._keys.task_id(name) for name in names]
        return _there(task_ids, self._values(task_ids))

    def close(self) -> None:
        """Give the connection up; `add` opens another."""
        self.link.drop()
        self._forget()

    def _forget(self) -> None:
        self._subscribed: set[bytes] = set()
        #: Of the subscribed, those that nobody waits for.
        self._gone: set[bytes] = set()
        #: Whose records come with the answer to a transaction; whose are read when the last of them is confirmed.
        self._looking: deque[Sequence[str]] = deque()
        self._confirming: deque[tuple[bytes, Sequence[str]]] = deque()
        self._heard_at = 0.0
        #: In a cluster: which are looked at again, in this order, and when.
        self._again = {}
        self._again_at = float("inf")
        #: When the server must have answered, if it owes an answer.
        self._due = None

    def _send(self, commands: Sequence[Command]) -> None:
        self.link.send(commands)
        if self._due is None:
            self._due = clock.monotonic() + self._timeout_s

    def _nothing_more(self) -> list[Command]:
        if not self._subscribed:
            return []
        self._subscribed.clear()
        self._gone.clear()
        return [("UNSUBSCRIBE",)]

    def _less(self) -> Command:
        gone, self._gone = self._gone, set()
        self._subscribed -= gone
        return ("UNSUBSCRIBE", *gone)

    def _take(self, reply: Any, found: list[Found], confirmed: list[str]) -> None:
        if isinstance(reply, ErrorReply):
            error = self.link.translated(reply)
            self.close()
            raise error
        if not isinstance(reply, list):
            return  # OK to MULTI, QUEUED to what follows
        kind = reply[0]
        if kind == b"message":
            found.append((self._keys.task_id(reply[1]), reply[2]))
        elif kind == b"subscribe":
            if self._confirming and self._confirming[0][0] == reply[1]:
                confirmed += self._confirming.popleft()[1]
        elif isinstance(kind, list):
            found += _there(self._looking.popleft(), kind)


def _again() -> float:
    """When to look again: not when all others do."""
    return clock.monotonic() + AGAIN_S * uniform(0.7, 1.3)


def _there(task_ids: Sequence[str], values: Sequence[bytes | None]) -> list[Found]:
    return [(task_id, value) for task_id, value in zip(task_ids, values, strict=True) if value is not None]
