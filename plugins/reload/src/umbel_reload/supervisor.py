"""The process that the user has started: it runs no task, it starts workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from types import FrameType

from umbel import clock
from umbel_reload.kinship import Kinship
from umbel_reload.sources import Sources

#: Seconds between two looks at the files.
_LOOK_S = 0.25
#: A command line that cannot be read: no change of a file mends it.
_USAGE = 2
_END = ("SIGTERM", "SIGINT", "SIGQUIT")
_PASSED_ON = ("SIGUSR1", "SIGUSR2")


class Supervisor:
    """Runs one worker after the other. `command` starts a worker, `say` tells the user."""

    def __init__(self, command: Sequence[str], say: Callable[[str], None]) -> None:
        self._command = command
        self._say = say
        self._sources = Sources()
        self._child: subprocess.Popen[bytes] | None = None
        self._ending = False
        self._anew = False

    def run(self) -> int:
        """Blocks until a worker has ended for good, or somebody ends it; returns its exit code."""
        self._hear_signals()
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        while True:
            code = self._one_worker()
            if self._ending or (code in (0, _USAGE) and not self._anew):
                return code if code >= 0 else 128 - code
            if not self._anew and not self._mended(code):
                return 1

    # One worker.

    def _one_worker(self) -> int:
        """Start a worker, and end it warmly when a file has changed (`_anew`). Returns its exit code."""
        self._anew = False
        self._began = clock.time()
        # A session of its own: Ctrl-C reaches the supervisor alone, which passes it on, once.
        self._child = child = subprocess.Popen(
            self._command,
            env=Kinship(os.getpid(), self._writer).environment(),
            pass_fds=(self._writer,),
            start_new_session=True,
        )
        if self._ending:  # told so before there was a child to tell
            child.terminate()
        while child.poll() is None:
            clock.sleep(_LOOK_S)
            self._listen()
            if not (self._ending or self._anew) and (changed := self._settled(self._sources.changed())):
                self._say(f"{_names(changed)} changed: the worker starts anew when its running tasks have ended")
                self._restart()
        self._listen()
        return child.returncode

    def _restart(self) -> None:
        self._anew = True
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()

    def _mended(self, code: int) -> bool:
        """Wait until a file has changed after a worker that could not go on; False if somebody ends us first."""
        self._sources.look_around(os.curdir, self._began)
        self._say(f"the worker has ended with exit code {code}; waiting for a change of its files")
        while not self._ending:
            clock.sleep(_LOOK_S)
            changed = self._sources.changed() + self._sources.appeared(os.curdir)
            if changed := self._settled(changed):
                self._say(f"{_names(changed)} changed: the worker starts again")
                return True
            if self._anew:
                return True
        return False

    def _settled(self, changed: list[str]) -> list[str]:
        """Many files may change at once, and not in one moment: wait until no more do."""
        more = changed
        while more and not self._ending:
            clock.sleep(_LOOK_S)
            more = self._sources.changed()
            changed = sorted({*changed, *more})
        return changed

    def _listen(self) -> None:
        while True:
            try:
                self._sources.hear(os.read(self._reader, 65536))
            except BlockingIOError:
                return

    # Signals.

    def _hear_signals(self) -> None:
        for name in _END:
            signal.signal(getattr(signal, name), self._on_end)
        for name in _PASSED_ON:
            signal.signal(getattr(signal, name), self._pass_on)
        # From a terminal HUP says that it is gone.
        at_terminal = sys.stdin is not None and sys.stdin.isatty()
        signal.signal(signal.SIGHUP, self._on_end if at_terminal else self._on_hup)

    def _on_end(self, number: int, frame: FrameType | None) -> None:
        self._ending = True
        self._pass_on(signal.SIGTERM if number == signal.SIGHUP else number, frame)

    def _on_hup(self, number: int, frame: FrameType | None) -> None:
        self._restart()

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        if self._child is not None:
            self._child.send_signal(number)


def _names(paths: Sequence[str]) -> str:
    """As they are seen from here."""
    here = os.getcwd() + os.sep
    names = [path.removeprefix(here) for path in paths]
    return f"{', '.join(names[:3])}{f' and {len(names) - 3} more' if len(names) > 3 else ''} {_has(names)}"


def _has(names: Sequence[str]) -> str:
    return "has" if len(names) == 1 else "have"
