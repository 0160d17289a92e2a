"""All results and shared facts of one name, shared by every backend with that name in this process."""

from __future__ import annotations

import threading

from umbel.model import Record
from umbel_memory.expiring import Expiring


class MemoryStore:
    """What the server of a result backend would be."""

    def __init__(self) -> None:
        #: Guards all that is in here; notified when a record was stored.
        self.changed = threading.Condition()
        self.records: Expiring[Record] = Expiring()
        self.values: Expiring[bytes] = Expiring()
        self.owners: Expiring[str] = Expiring()
        self.tallies: Expiring[dict[str, bytes]] = Expiring()
