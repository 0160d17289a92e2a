"""A socket at which other processes of this machine can ring."""

from __future__ import annotations

import os
import socket
import threading
import weakref
from contextlib import suppress
from functools import cache
from glob import escape, glob

from umbel import clock
from umbel_sqlite import bell

#: What a socket's path may have in bytes, on every system that has such sockets (unix(7): 108 with a NUL on Linux).
LONGEST_PATH = 100
#: Without sockets (Windows) a waiting process looks this often, in seconds.
POLL_WITHOUT_SOCKET_S = 0.02
#: A file younger than this, in seconds, may be a socket that is just coming to life.
SWEEP_AFTER_S = 60.0


class Mailbox:
    """Waits for rings. One thread waits; anyone may `wake`."""

    def __init__(self, database_path: str) -> None:
        #: Where to ring; None before `open`, and where there are no such sockets.
        self.path: str | None = None
        self._database_path = database_path
        self._socket: socket.socket | None = None
        self._woken = False
        self._condition = threading.Condition()

    def open(self) -> str | None:
        """Bind the socket, unless it is bound; returns its path."""
        if self.path is None and hasattr(socket, "AF_UNIX"):
            self._bind_somewhere()
            _open_here().add(self)
        return self.path

    def wait(self, timeout_s: float) -> None:
        """Blocks until someone has rung since the last wait, for at most `timeout_s` seconds."""
        if self._woken or timeout_s <= 0:
            return
        if self._socket is None:
            with self._condition:
                clock.wait(self._condition, min(timeout_s, POLL_WITHOUT_SOCKET_S))
            return
        with suppress(OSError):
            # A blocking receive and no selector: gevent knows it, and it works with more than 1024 open files.
            self._socket.settimeout(timeout_s)
            self._socket.recv(1)
            self._socket.setblocking(False)
            while True:
                self._socket.recv(1)

    def wake(self) -> None:
        """End the wait that is under way, or the next one, and have `was_woken` say so. Never blocks."""
        self._woken = True
        self.nudge()

    def nudge(self) -> None:
        """End the wait that is under way. Never blocks."""
        if self.path is not None:
            bell.ring(self.path)
            return
        with self._condition:
            self._condition.notify_all()

    def was_woken(self) -> bool:
        """Whether `wake` was called since this was last asked."""
        woken, self._woken = self._woken, False
        return woken

    def close(self) -> None:
        """Give the socket up; nobody may be waiting."""
        path, self.path = self.path, None
        self.leave_to_the_parent()
        if path is not None:
            bell.remove(path)

    def leave_to_the_parent(self) -> None:
        """In a forked child: the socket must die with the process that made it."""
        mine, self._socket, self.path = self._socket, None, None
        if mine is not None:
            mine.close()

    def _bind_somewhere(self) -> None:
        """Beside the database if its path is short enough and the file system can hold a socket."""
        name = f"{os.getpid():x}-{os.urandom(3).hex()}"
        with suppress(OSError):
            folder = f"{self._database_path}-wake"
            os.makedirs(folder, mode=0o700, exist_ok=True)
            _sweep(folder)
            if self._bind(os.path.join(folder, name)):
                return
        import tempfile  # noqa: PLC0415  (3 ms, for those whose database is in a deep folder)

        with suppress(OSError):
            for folder in glob(os.path.join(escape(tempfile.gettempdir()), f"{bell.PRIVATE_FOLDER}*")):
                _sweep(folder)
            # Others find the path in the database, so it need not be one that they could guess.
            folder = tempfile.mkdtemp(prefix=bell.PRIVATE_FOLDER)
            if not self._bind(os.path.join(folder, name)):
                os.rmdir(folder)

    def _bind(self, path: str) -> bool:
        if len(os.fsencode(path)) > LONGEST_PATH:
            return False
        mine = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            mine.bind(path)
        except OSError:
            mine.close()
            return False
        self._socket, self.path = mine, path
        return True


def _sweep(folder: str) -> None:
    """Remove what killed processes left."""
    with suppress(OSError):  # Another user's, or gone meanwhile.
        for entry in os.scandir(folder):
            if entry.stat(follow_symlinks=False).st_mtime < clock.time() - SWEEP_AFTER_S and bell.is_dead(entry.path):
                bell.remove(entry.path)


@cache
def _open_here() -> weakref.WeakSet[Mailbox]:
    """The mailboxes of this process, which its forked children do not keep."""
    mailboxes: weakref.WeakSet[Mailbox] = weakref.WeakSet()

    def leave() -> None:
        for mailbox in list(mailboxes):
            mailbox.leave_to_the_parent()
        mailboxes.clear()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=leave)
    return mailboxes
