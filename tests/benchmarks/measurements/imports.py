"""What a program pays before its first task is on the queue."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence

from ..contender import Contender
from ..measurement import Bench, Case, Measurement
from ..samples import Column
from ..session import BenchmarkError, Session


class Imports(Measurement):
    name = "import"
    place = 4
    title = "Import and first call"
    note = (
        "Fresh interpreters, taken in turn; each number is the time above bare Python's own, which was measured "
        "beside it in the same environment. The database is there already. CPU: user and system."
    )
    columns = (
        Column("app_ms", "import and app, ms", "low", ".1f"),
        Column("app_cpu_ms", "CPU ms", "low", ".1f"),
        Column("send_ms", "… and first send, ms", "low", ".1f"),
        Column("bare_ms", "bare Python, ms", "low", ".1f"),
    )
    repeats = 15

    def cases(self, contender: Contender) -> Sequence[Case]:
        return [Case(contender, None, "", contender.name)]

    def once(self, bench: Bench, case: Case) -> dict[str, float]:
        make = f"import os\n{case.contender.make_app}"
        with bench.session(case) as run:
            send = f"{make}\n{case.contender.first_send}"
            _interpreter(run, send)
            bare, bare_cpu = _interpreter(run, "import os")
            app, app_cpu = _interpreter(run, make)
            sent, _ = _interpreter(run, send)
        return {
            "bare_ms": bare,
            "app_ms": app - bare,
            "app_cpu_ms": app_cpu - bare_cpu,
            "send_ms": sent - bare,
        }


def _interpreter(run: Session, code: str) -> tuple[float, float]:
    """Milliseconds of the wall and of CPU that a fresh interpreter takes for `code`."""
    began = time.perf_counter()
    process = subprocess.Popen([str(run.scripts / "python"), "-c", code], env=run.environment)
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    process.returncode = status
    if status:
        raise BenchmarkError(f"these lines failed:\n{code}")
    return took * 1000, (usage.ru_utime + usage.ru_stime) * 1000


MEASUREMENT = Imports()
