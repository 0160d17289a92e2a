"""Signals of the operating system: the first TERM or INT ends the worker warmly, the second at once, or soon."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn

from umbel.exceptions import WorkerTerminate

#: HUP says that the terminal is gone, or asks for a new start, which is the business of whoever started the worker.
_WARM = ("SIGTERM", "SIGINT", "SIGHUP")
_COLD = ("SIGQUIT",)


class Signals:
    """Installs handlers for the length of a worker's run. Only the main thread of a process may do so."""

    def __init__(self, warm: Callable[[str], None], soft: Callable[[str], bool]) -> None:
        """`soft` is asked by what would be a cold one, and says whether the worker ends softly instead."""
        self._warm = warm
        self._soft = soft
        self._stopping = False
        self._before: dict[signal.Signals, Any] = {}

    def install(self) -> None:
        cold = set(_COLD)
        # Heroku and others send TERM for the cold kind; Celery's variable says so.
        if os.environ.get("REMAP_SIGTERM") == "SIGQUIT":
            cold.add("SIGTERM")
        for name in (*_WARM, *_COLD):
            number = getattr(signal, name, None)
            if number is not None:
                handler = self._on_cold if name in cold else self._on_warm
                self._before[number] = signal.signal(number, handler)
        if hasattr(signal, "SIGUSR1"):
            faulthandler.register(signal.SIGUSR1, file=sys.__stderr__ or 2, all_threads=True)

    def restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()
        if hasattr(signal, "SIGUSR1"):
            faulthandler.unregister(signal.SIGUSR1)

    def _on_warm(self, number: int, frame: FrameType | None) -> None:
        if self._stopping:
            self._on_cold(number, frame)
        else:
            self._stopping = True
            self._warm(signal.Signals(number).name)

    def _on_cold(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True
        if not self._soft(signal.Signals(number).name):
            self.cut_off()

    def cut_off(self) -> NoReturn:
        """Raise `WorkerTerminate`. The next signal is the last: it ends the process whatever it is doing."""
        for known in self._before:
            signal.signal(known, _exit_at_once)
        raise WorkerTerminate(1)


def _exit_at_once(number: int, frame: FrameType | None) -> None:
    os._exit(128 + number)
