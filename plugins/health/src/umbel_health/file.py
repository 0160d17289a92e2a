"""The report in a file: what is not renewed in time is not believed."""

from __future__ import annotations

import json
import os
import threading
from typing import Any

from umbel import clock
from umbel_health.report import Report

#: Seconds between two renewals, and for how long one is believed.
RENEWED_S, BELIEVED_S = 1.0, 10.0


class HealthFile:
    """Written by one worker, read by any number of probes."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._lock = threading.Lock()

    @classmethod
    def of(cls, pattern: str, hostname: str) -> HealthFile:
        """The file of a node: `%h` is its name, `%n` the part before the @."""
        return cls(pattern.replace("%h", hostname).replace("%n", hostname.partition("@")[0]))

    def write(self, report: Report) -> None:
        """Whoever reads sees the old one or the new one. Raises `OSError`."""
        new = f"{self.path}.{os.getpid()}.new"
        with self._lock:
            with open(new, "w", encoding="utf-8") as file:
                file.write(report.to_json(until=clock.time() + BELIEVED_S))
            os.replace(new, self.path)

    def read(self) -> dict[str, Any]:
        """Raises `ValueError` with the reason why it says nothing: none is there, or it is too old."""
        try:
            with open(self.path, encoding="utf-8") as file:
                found: dict[str, Any] = json.load(file)
            late_s = clock.time() - found["until"]
        except OSError as error:
            raise ValueError(f"{self.path}: {error.strerror}: no worker has written it") from None
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"{self.path} holds no report of a worker") from None
        if late_s > 0:
            raise ValueError(
                f"{self.path} was not renewed for {late_s + BELIEVED_S:.0f} s: the worker is gone, or all of it hangs"
            )
        return found

    def remove(self) -> None:
        """Raises `OSError`."""
        os.unlink(self.path)
