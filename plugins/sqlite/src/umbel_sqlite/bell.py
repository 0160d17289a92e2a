"""Ringing at the mailbox of another process, and what the answer proves."""

from __future__ import annotations

import os
import socket
import stat
from contextlib import suppress
from enum import Enum
from functools import cache

#: A folder that begins with this was made for one mailbox alone.
PRIVATE_FOLDER = "umbel-wake-"


class Ring(Enum):
    """What became of a ring."""

    #: It will be heard; or so many others have not been heard yet that it need not be.
    DONE = "done"
    #: Nobody has the socket any more, and only the end of a process leaves its file behind.
    DEAD = "dead"
    #: No such socket can be seen from here (another container, a cleaned folder), which proves nothing.
    UNKNOWN = "unknown"


def ring(path: str) -> Ring:
    """Wake the process that waits at the mailbox. Never blocks."""
    try:
        _bell().sendto(b"!", path)
    except ConnectionRefusedError:
        return Ring.DEAD
    except BlockingIOError:
        return Ring.DONE
    except OSError:
        return Ring.UNKNOWN
    return Ring.DONE


def is_dead(path: str) -> bool:
    """Whether the mailbox's process is proved dead. Wakes nobody."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False


def remove(path: str) -> None:
    """Remove a mailbox that is no longer used, and its folder if that was made for it."""
    with suppress(OSError):
        if stat.S_ISSOCK(os.lstat(path).st_mode):
            os.unlink(path)
            folder = os.path.dirname(path)
            if os.path.basename(folder).startswith(PRIVATE_FOLDER):
                os.rmdir(folder)


@cache
def _bell() -> socket.socket:
    # One for the process: it has no address, and a datagram is sent in one call, so threads and children may share it.
    bell = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    bell.setblocking(False)
    return bell
