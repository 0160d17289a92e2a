"""Mock clusters of librdkafka's, in a process of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from umbel_conformance.mortal import mortal


class KafkaClusters:
    def __init__(self) -> None:
        command = [sys.executable, str(Path(__file__).with_name("kafka_mock.py"))]
        self._process = subprocess.Popen(
            mortal(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def another(self) -> str:
        """The URL of a new cluster."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        address = self._process.stdout.readline().strip()
        assert address, "the process with the mock clusters has ended; its stderr says why"
        return f"confluentkafka://{address}/"

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
