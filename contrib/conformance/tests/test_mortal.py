"""Nothing stays behind of a test run that was killed."""

from __future__ import annotations

import select
import shutil
import subprocess
import sys

import pytest

STARTS_ONE = """
import subprocess, sys
from umbel_conformance.mortal import mortal
subprocess.Popen(mortal([sys.executable, "-c", "print('runs', flush=True); input()"]))
input()
"""


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="this system has no setpriv(1)")
def test_a_process_ends_with_the_one_that_started_it_and_was_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", STARTS_ONE], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"runs\n"
        starter.kill()
        # Both hold the other end of this pipe: it ends with the last of them.
        assert select.select([starter.stdout], [], [], 20.0)[0]
        assert starter.stdout.read() == b""
