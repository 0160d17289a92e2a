"""Who runs a job: the one who reads its number from a pipe.

The worker writes the numbers of the jobs that it hands to a child into a pipe that both can read. The child reads the
number of a job before it begins it; the worker reads what is left there to take jobs back. The kernel gives each
number to exactly one reader, so a job that the child has not begun can be given to another child, at any moment and
also after the child's death, and no job ever begins twice.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

_WIDTH = 8


class Claims:
    """The worker's end: both ends of the pipe."""

    __slots__ = ("_write", "read")

    def __init__(self) -> None:
        self.read, self._write = os.pipe()
        os.set_blocking(self.read, False)

    def offer(self, numbers: Sequence[int]) -> None:
        # Far below the pipe's capacity: a child never holds more than a few hundred jobs.
        os.write(self._write, b"".join([number.to_bytes(_WIDTH, "little") for number in numbers]))

    def withdraw(self) -> set[int]:
        """The numbers that the child has not claimed; it will not get them any more."""
        try:
            data = os.read(self.read, 1 << 16)
        except BlockingIOError:
            return set()
        return {int.from_bytes(data[at : at + _WIDTH], "little") for at in range(0, len(data), _WIDTH)}

    def close(self) -> None:
        os.close(self.read)
        os.close(self._write)


class Claimant:
    """The child's end. Numbers grow, so one that is above the wanted means that the wanted one was withdrawn."""

    __slots__ = ("_latest", "_read")

    def __init__(self, read: int) -> None:
        self._read = read
        self._latest = 0

    def claim(self, number: int) -> bool:
        """True: the job is the caller's, who must begin it. False: it was withdrawn."""
        while self._latest < number:
            try:
                data = os.read(self._read, _WIDTH)
            except BlockingIOError:
                return False
            if not data:  # the worker is gone
                return False
            self._latest = int.from_bytes(data, "little")
        return self._latest == number
