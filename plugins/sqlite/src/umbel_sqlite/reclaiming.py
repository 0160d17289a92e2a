"""Taking back what the dead hold."""

from __future__ import annotations

from umbel import clock
from umbel_sqlite import bell, leases, peers
from umbel_sqlite.database import Database

#: Seconds between two looks at who holds something.
LOOK_EVERY_S = 1.0

_HOLDERS = """
    SELECT lease.owner, peer.socket, min(lease.until)
    FROM lease LEFT JOIN peer ON peer.id = lease.owner GROUP BY lease.owner"""


class Reclaimer:
    """Looks now and then whether leases have ended, and whether those who hold some live."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._again = 0.0

    def reclaim(self, me: int) -> float:
        """Put back what is due, if it is time to look; `me` lives. Returns the seconds until the next look."""
        now = clock.monotonic()
        if now >= self._again:
            self._again = now + max(0.0, self._look(me))
        return self._again - now

    def _look(self, me: int) -> float:
        holders = self._database.query(_HOLDERS)
        dead = [(owner, path) for owner, path, _ in holders if path and owner != me and bell.is_dead(path)]
        if dead:
            peers.bury(self._database, dead)
        first_end = min((until for _, _, until in holders), default=float("inf"))
        now = clock.time()
        if first_end > now:
            return min(LOOK_EVERY_S, first_end - now)
        with self._database.writing() as connection:
            queues = leases.give_back_lapsed(connection, now)
            targets = peers.listening(connection, map(peers.topic, queues))
        peers.ring(self._database, targets)
        return 0.0
