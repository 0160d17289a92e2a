"""Hearing of results: whatever is newer than the last one seen is looked at, so no lost wake-up can hide one."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from umbel import clock
from umbel.contracts import Subscription
from umbel.model import Record
from umbel.states import READY_STATES
from umbel_sqlite import records
from umbel_sqlite.database import Database
from umbel_sqlite.peers import Peer

#: What the peers listen for who wait for results.
TOPIC = "results"
_LISTENING = frozenset({TOPIC})
_SILENT: frozenset[str] = frozenset()
#: Seconds for which one goes on listening with nothing to wait for: the next call is often not far.
LINGER_S = 5.0
#: How many news are looked at in one statement.
AT_ONCE = 1000

_LAST = "SELECT coalesce(max(seq), 0) FROM result"
_NEWS = "SELECT seq, task_id, state FROM result WHERE seq > ? ORDER BY seq LIMIT ?"


class SqliteSubscription(Subscription):
    def __init__(self, database: Database) -> None:
        self._database = database
        self._me = Peer(database)
        self._lock = Lock()
        #: What was not heard of yet; and of that, what was not looked for yet.
        self._awaited: set[str] = set()
        self._unchecked: set[str] = set()
        self._seen = 0
        self._openings = 0
        self._listen_until = 0.0
        self._closed = False
        self._receiving = Lock()

    def add(self, task_ids: Sequence[str]) -> None:
        with self._lock:
            self._awaited.update(task_ids)
            self._unchecked.update(task_ids)
        self._me.nudge()

    def discard(self, task_ids: Sequence[str]) -> None:
        with self._lock:
            self._awaited.difference_update(task_ids)
            self._unchecked.difference_update(task_ids)

    def receive(self, timeout_s: float) -> Sequence[Record]:
        deadline = clock.monotonic() + timeout_s
        with self._receiving:
            while not self._closed:
                self._me.listen(self._topics())
                if heard := self._hear():
                    return heard
                wait_s = deadline - clock.monotonic()
                if self._me.was_woken() or wait_s <= 0:
                    break
                self._me.wait(wait_s)
        return ()

    def wake(self) -> None:
        self._me.wake()

    def close(self) -> None:
        self._closed = True
        self.wake()
        with self._receiving:
            self._me.close()

    def _topics(self) -> frozenset[str]:
        """A client that once asked for a result is not woken by those of others for the rest of its life."""
        now = clock.monotonic()
        if self._awaited:
            self._listen_until = now + LINGER_S
        return _LISTENING if now < self._listen_until else _SILENT

    def _hear(self) -> list[Record]:
        with self._lock:
            if self._openings != self._database.openings:  # Another file may be there now, with numbers of its own.
                self._openings = self._database.openings
                self._unchecked |= self._awaited
            if not self._awaited:
                return []
            unchecked, self._unchecked = self._unchecked, set()
            all_new = len(unchecked) == len(self._awaited)
        try:
            return self._claim(self._ready(unchecked, all_new))
        except BaseException:
            with self._lock:
                self._unchecked |= self._awaited
            raise

    def _ready(self, unchecked: set[str], all_new: bool) -> list[Record]:
        """The ready records among the news, and among those that nobody looked for yet."""
        if all_new:  # No need to go through what others got meanwhile.
            ((self._seen,),) = self._database.query(_LAST)
            news = unchecked
        else:
            news = unchecked | self._news()
        if not news:
            return []
        found = records.fetch(self._database, news, clock.time())
        return [record for record in found.values() if record.state in READY_STATES]

    def _news(self) -> set[str]:
        """Which of those that are awaited have become ready since the last look."""
        ready: set[str] = set()
        while True:
            rows = self._database.query(_NEWS, (self._seen, AT_ONCE))
            for self._seen, task_id, state in rows:
                if state in READY_STATES and task_id in self._awaited:
                    ready.add(task_id)
            if len(rows) < AT_ONCE:
                return ready

    def _claim(self, ready: list[Record]) -> list[Record]:
        """Those that are still awaited; they are no longer."""
        with self._lock:
            heard = [record for record in ready if record.task_id in self._awaited]
            self._awaited.difference_update(record.task_id for record in heard)
        return heard
