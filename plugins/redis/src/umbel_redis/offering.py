"""What a worker that waits offers: to be handed the next message by whoever publishes it.

Else two round trips lie between a message and its worker: the server tells that something has come, and a script takes
it. An Umbel client that finds the queue empty, and an offer, leases the message to that worker in the very call that
publishes it (`hand_over.lua`), and sends it along. Everyone else, Celery included, puts it on its list as ever.

An offer is for one message, and stands while `Reserver.wait` is under way. One that a dead worker has left behind is
dropped by the first who tries to take it up.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from umbel_redis.errors import ErrorReply
from umbel_redis.link import Command, Link
from umbel_redis.server import Server

_log = logging.getLogger(__name__)

#: More offers than this are never kept: those of the dead, on a queue that only Celery publishes to.
MOST_OFFERS = 1000
_SILENTLY: Command = ("CLIENT", "REPLY", "SKIP")

#: The tag, the number of the list that it would have been put on, the envelope.
Handed = tuple[str, int, bytes]


class Offer:
    """One for each reserver, on a connection of its own: the server gives up one that listens when its answers get
    large, and what is reserved may be."""

    def __init__(self, server: Server, token: str) -> None:
        self.link = server.link(protocol=3, prepare=self._listen)
        self._channel = f"{server.settings.global_keyprefix}umbel.handed.{token}"
        self._lease_ms = int(server.settings.lease_s * 1000)
        self._is_refused = False
        #: Under which key it stands, and what it says.
        self._made: tuple[str, str] | None = None
        self._is_withdrawn = False

    def make(self, key: str, number: str) -> None:
        """Unless it stands: offer to lease a message under this number. Does not wait for an answer."""
        if self._made is None and not self._is_refused:
            said = f"{self._channel} {number} {self._lease_ms}"
            trim = ("LTRIM", key, "0", str(MOST_OFFERS - 1))
            self.link.send((_SILENTLY, ("LPUSH", key, said), _SILENTLY, trim))
            self._made = key, said

    @property
    def stands(self) -> bool:
        return self._made is not None

    def taken_up(self) -> Sequence[Handed]:
        """What was handed over. Never blocks."""
        if self._made is not None:
            self.link.was_told()
        return self._handed() if self.link.heard else ()

    def withdraw(self) -> None:
        """Offer it no longer. Does not wait: `withdrawn` does."""
        if self._made is not None and not self._is_withdrawn:
            key, said = self._made
            self.link.send((("LREM", key, "1", said),))
            self._is_withdrawn = True

    def withdrawn(self) -> Sequence[Handed]:
        """What was handed over before it was withdrawn, if it was."""
        if not self._is_withdrawn:
            return ()
        self.link.answer()  # What was published before is read before it.
        self._is_withdrawn = False
        return self._handed()

    def forget(self) -> None:
        """Something went wrong: it may stand or not, and will be made anew on another connection."""
        self._made, self._is_withdrawn = None, False
        self.link.drop()

    def _handed(self) -> Sequence[Handed]:
        self._made = None
        return [_parts(self.link.heard.popleft()) for _ in range(len(self.link.heard))]

    def _listen(self, link: Link) -> None:
        link.send((("SUBSCRIBE", self._channel),))
        answer = link.read()
        if isinstance(answer, ErrorReply):
            _log.info("%s: cannot listen to %s (%s): messages take longer", link.where, self._channel, answer)
            self._is_refused = True


def _parts(handed: bytes) -> Handed:
    tag, _, envelope = handed.partition(b" ")
    return tag.decode(), int(tag.rpartition(b":")[2]), envelope
