"""A process that keeps a worker, and its files, for exactly as long as somebody holds its standard input open.

    python -m umbel_demo.keeper COMMAND…

`umbel demo` runs the worker under this keeper. However the demo ends, `kill -9` included, the kernel closes the pipe
between them; then the keeper ends the worker and removes the folder that holds the broker, the results and the log.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from types import FrameType

#: Seconds that the worker has to end in order.
PATIENCE_S = 3.0


def main(command: list[str]) -> int:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
    folder = tempfile.mkdtemp(prefix="umbel-demo-")
    worker: subprocess.Popen[bytes] | None = None
    try:
        worker = start(command, folder)
        say(folder=folder, pid=worker.pid)
        if wait(worker):
            return 0
        say(exit=worker.returncode, log=tail(folder))
        return 1
    finally:
        if worker is not None:
            stop(worker)
        shutil.rmtree(folder, ignore_errors=True)


def start(command: list[str], folder: str) -> subprocess.Popen[bytes]:
    """Start the worker at the head of a process group, its state and its log in `folder`."""
    environment = {**os.environ, **inside(folder)}
    with open(os.path.join(folder, "worker.log"), "wb") as log:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True
        )


def inside(folder: str) -> dict[str, str]:
    """The environment of a process that puts everything into `folder`."""
    return {"XDG_STATE_HOME": folder, "TMPDIR": folder}


def wait(worker: subprocess.Popen[bytes]) -> bool:
    """Until standard input ends (True) or the worker does (False)."""
    while worker.poll() is None:
        readable, _, _ = select.select([sys.stdin], [], [], 0.2)
        if readable and not os.read(sys.stdin.fileno(), 1):
            return True
    return False


def say(**facts: object) -> None:
    """Tell the demo, if it is still there."""
    with suppress(BrokenPipeError):
        print(json.dumps(facts), flush=True)


def tail(folder: str, characters: int = 4000) -> str:
    """The end of the worker's log."""
    with open(os.path.join(folder, "worker.log"), encoding="utf-8", errors="replace") as log:
        return log.read()[-characters:]


def stop(worker: subprocess.Popen[bytes]) -> None:
    """End the worker in order, and what is left of its process group after that without asking."""
    if worker.poll() is None:
        worker.terminate()
        with suppress(subprocess.TimeoutExpired):
            worker.wait(PATIENCE_S)
    kill_group(worker.pid)
    worker.wait()


def kill_group(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def end(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
