"""Many callers in one process. Imported by the peers' interpreters: standard library only."""

from __future__ import annotations

import threading


def from_threads(number, share, send):
    """So many threads at once, each of which calls `send` for its share."""
    threads = [threading.Thread(target=_send_share, args=(share, send)) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _send_share(share, send):
    for _ in range(share):
        send()
