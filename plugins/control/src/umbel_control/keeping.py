"""What is revoked, in memory and wherever it lasts: in the backend, and in the file of `worker_state_db`."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from umbel import clock
from umbel.exceptions import DriverError
from umbel_control.marks import Marks
from umbel_control.sharing import SharedMarks
from umbel_control.statefile import StateFile

_log = logging.getLogger("umbel.worker")


class Keeper:
    """From any thread."""

    def __init__(self, marks: Marks, shared: SharedMarks | None, file: StateFile | None) -> None:
        """Reads what is there. Blocks; raises `ImproperlyConfigured` for a file that is none of ours."""
        self.marks = marks
        self._shared = shared
        self._file = file
        self._unsaved = False
        if file is not None:
            marks.add(file.load())
        self.look()

    def flag(self, marks: Sequence[str]) -> None:
        """These are revoked now, here and for all who share the backend."""
        self.learn(dict.fromkeys(marks, clock.time()))
        if self._shared is None or not marks:
            return
        try:
            self._shared.add(marks)
        except DriverError as error:
            _log.warning("What was revoked could not be stored, and holds in this worker only: %s", error)

    def learn(self, made: Mapping[str, float]) -> bool:
        """These are revoked, says somebody, with the moments since when. Whether any of it is new."""
        is_new = self.marks.add(made)
        self._unsaved |= is_new
        return is_new

    def look(self) -> bool:
        """Ask the backend. Whether anything was new."""
        if self._shared is None:
            return False
        try:
            return self.learn(self._shared.news())
        except DriverError as error:
            _log.warning("What is revoked cannot be read, and is asked for again: %s", error)
            return False

    def save(self) -> None:
        """Write the file, if there is one, and anything that it does not have."""
        if self._file is None or not self._unsaved:
            return
        self._unsaved = False
        try:
            self._file.save(self.marks.all())
        except OSError as error:
            self._unsaved = True
            _log.error("worker_state_db cannot be written: %s", error)
