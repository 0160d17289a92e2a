"""What befell a message, told in its envelope beside the count of its losses: so it travels with the message.

An entry is `milliseconds worker what`, and entries stand between commas. Worker and text are quoted as in a URL: so
scripts add an entry and cut off the oldest ones without a look at JSON, and Celery, which may read the envelope and
write it again, does not change a byte of it.
"""

from __future__ import annotations

import os
import re
import socket
from typing import Any
from urllib.parse import quote, unquote

from umbel.model import Death

#: Characters of an entry's text.
MOST_TEXT = 500
#: As in `lua/shared.lua`: characters of a history; the oldest entries of a longer one go.
MOST = 8000
#: What JSON writes as it is, and what separates nothing.
_PLAIN = "/:()[]{}@='!?*;<>#&+|^$`"
_TOLD = re.compile(rb'\{"umbel-lost": ?\d+, ?"umbel-history": ?"([^"\\]*)", ?')


def here() -> str:
    """This process, as histories name it."""
    return quote(f"{socket.gethostname()}/{os.getpid()}")


def entry(at: float, what: str, worker: str | None = None) -> str:
    """Something befell a message in the hands of a worker (quoted; None: of this process), seconds since the epoch."""
    return f"{int(at * 1000)} {worker or here()} {quote(what[:MOST_TEXT], ' ' + _PLAIN)}"


def begun(envelope: bytes, first: str) -> bytes:
    """The envelope of a message that was never lost, with a history."""
    return b'{"umbel-lost":0,"umbel-history":"%b",%b' % (first.encode(), envelope[1:])


def longer(history: Any, new: str) -> str:
    """A history with one more entry."""
    whole = f"{history},{new}" if history and isinstance(history, str) else new
    return whole if len(whole) <= MOST else whole[whole.index(",", -MOST) + 1 :]


def told(envelope: bytes) -> tuple[Death, ...]:
    """The history in an envelope."""
    found = _TOLD.match(envelope)
    entries = (one.split(" ", 2) for one in found[1].decode().split(",")) if found and found[1] else ()
    return tuple(Death(int(at) / 1000, unquote(worker), unquote(what)) for at, worker, what in entries)


def as_it_came(envelope: bytes) -> bytes:
    """The envelope without what is in front of it here."""
    return _TOLD.sub(b"{", envelope, count=1) if _TOLD.match(envelope) else envelope
