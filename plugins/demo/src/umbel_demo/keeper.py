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
from types import FrameType

#: Seconds that the worker has to end in order.
PATIENCE_S = 5.0


def main(command: list[str]) -> int:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
    folder = tempfile.mkdtemp(prefix="umbel-demo-")
    worker: subprocess.Popen[bytes] | None = None
    try:
        worker = start(command, folder)
        print(json.dumps({"folder": folder, "pid": worker.pid}), flush=True)
        return wait(worker)
    finally:
        if worker is not None:
            stop(worker)
        shutil.rmtree(folder, ignore_errors=True)


def start(command: list[str], folder: str) -> subprocess.Popen[bytes]:
    """Start the worker at the head of a process group, its state and its log in `folder`."""
    environment = {**os.environ, "XDG_STATE_HOME": folder}
    with open(os.path.join(folder, "worker.log"), "wb") as log:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True
        )


def wait(worker: subprocess.Popen[bytes]) -> int:
    """Until standard input ends (0) or the worker does (1)."""
    while worker.poll() is None:
        readable, _, _ = select.select([sys.stdin], [], [], 0.2)
        if readable and not os.read(sys.stdin.fileno(), 1):
            return 0
    return 1


def stop(worker: subprocess.Popen[bytes]) -> None:
    """End the worker in order, and what is left of its process group after that without asking."""
    if worker.poll() is None:
        worker.terminate()
        try:
            worker.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            pass
    kill_group(worker.pid)
    worker.wait()


def kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def end(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
