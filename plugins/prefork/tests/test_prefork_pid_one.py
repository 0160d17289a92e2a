"""A worker that is the first process of a container, which inherits every orphan."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

SCRIPT = """
    import os, sys, time
    from pathlib import Path
    from umbel.contracts.pool import PoolSettings
    from umbel.model import Finished, Job, Message, Outcome
    from umbel_prefork.pool import PreforkPool

    class Orphans:
        def run(self, job):
            if os.fork() == 0:  # Its child ends later than itself, and so loses its parent.
                if os.fork() == 0:
                    time.sleep(0.05)
                os._exit(0)
            os.wait()
            return Outcome("SUCCESS")
        def lost(self, job, error): raise error
        def process_started(self): pass
        def process_stopping(self): pass

    def states():
        stats = [path.read_text().rpartition(")")[2].split() for path in Path("/proc").glob("[0-9]*/stat")]
        return [state for state, parent, *_ in stats if parent == "1"]

    assert os.getpid() == 1
    pool = PreforkPool(PoolSettings())
    pool.start(Orphans())
    pool.submit([Job(key, "task", str(key), Message("q", b"")) for key in range(5)])
    left, until = 5, time.monotonic() + 20
    while time.monotonic() < until and (left or len(states()) > 1):
        left -= sum(isinstance(event, Finished) for event in pool.events(0.1))
    print(left, "jobs left,", len(states()), "process of its own", flush=True)
    print(list(pool.stop(None)), states(), flush=True)
"""


def test_orphans_are_buried() -> None:
    script = [sys.executable, "-c", textwrap.dedent(SCRIPT)]
    try:
        done = subprocess.run(["unshare", "-fp", "--mount-proc", *script], capture_output=True, text=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("needs unshare(1)")
    if "unshare failed" in done.stderr or "Operation not permitted" in done.stderr:
        pytest.skip("may not make a process the first of its own container")
    assert done.stdout.splitlines() == ["0 jobs left, 1 process of its own", "[] []"], done.stderr
