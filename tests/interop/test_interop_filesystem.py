"""Celery and Umbel on one folder, through kombu's filesystem transport."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest
from harness.parties import LIMIT_S
from harness.server import MORTAL

pytestmark = pytest.mark.needs("umbel-kombu", "umbel-cli")
KINDS = ("celery", "umbel")

PROJECT = """
    import sys
    from pathlib import Path
    from {kind} import {app}

    HERE = Path(__file__).parent
    app = {app}("proj", broker="filesystem://")
    app.conf.broker_transport_options = {{
        "data_folder_in": str(HERE / "queues"),
        "data_folder_out": str(HERE / "queues"),
        "control_folder": str(HERE / "control"),
    }}
    app.conf.worker_prefetch_multiplier = 1

    @app.task(name="proj.note")
    def note(text):
        with (HERE / "done").open("a") as file:
            file.write(text + chr(10))

    def send(count):
        for number in range(count):
            note.delay(f"{kind} {{number}}")
        note.apply_async(("{kind} later",), countdown=0.5)

    if __name__ == "__main__":
        send(int(sys.argv[1]))
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for folder in ("queues", "control"):
        (tmp_path / folder).mkdir()
    for kind, app in (("celery", "Celery"), ("umbel", "Umbel")):
        (tmp_path / f"on_{kind}.py").write_text(textwrap.dedent(PROJECT.format(kind=kind, app=app)))
    return tmp_path


@pytest.fixture
def pythons(celery: Path) -> dict[str, str]:
    return {"celery": str(celery / "python"), "umbel": sys.executable}


def send(pythons: dict[str, str], kind: str, place: Path, count: int) -> None:
    command = [pythons[kind], f"on_{kind}.py", str(count)]
    ran = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=LIMIT_S)
    assert ran.returncode == 0, ran.stderr


def waiting(place: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted((place / "queues").iterdir())]


@pytest.mark.parametrize("worker", KINDS)
@pytest.mark.parametrize("client", KINDS)
def test_what_one_sends_the_other_runs(pythons: dict[str, str], place: Path, client: str, worker: str) -> None:
    send(pythons, client, place, 5)
    quiet = ["--without-mingle", "--without-gossip", "--without-heartbeat"] if worker == "celery" else []
    command = [*MORTAL, pythons[worker], "-m", worker, "-A", f"on_{worker}", "worker", "-P", "solo", *quiet]
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=place, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env={**os.environ, "TMPDIR": str(place)},
        )  # fmt: skip
    pause = threading.Event()
    done = place / "done"
    try:
        for _ in range(int(LIMIT_S / 0.05)):
            if done.exists() and len(done.read_text().splitlines()) == 6:
                break
            pause.wait(0.05)
    finally:
        process.kill()
        process.wait(LIMIT_S)
    assert done.exists(), (place / "log").read_text()
    assert sorted(done.read_text().splitlines()) == [*(f"{client} {number}" for number in range(5)), f"{client} later"]


def test_the_envelopes_have_the_same_parts(pythons: dict[str, str], place: Path) -> None:
    send(pythons, "celery", place, 1)
    send(pythons, "umbel", place, 1)
    theirs, _, ours, _ = waiting(place)
    assert theirs.keys() == ours.keys()
    assert theirs["headers"].keys() - {"stamped_headers", "stamps", "replaced_task_nesting"} <= ours["headers"].keys()
    assert theirs["properties"].keys() - {"reply_to"} <= ours["properties"].keys()
    for name in ("delivery_info", "delivery_mode", "priority", "body_encoding"):
        assert theirs["properties"][name] == ours["properties"][name]
    assert (theirs["content-type"], theirs["content-encoding"]) == (ours["content-type"], ours["content-encoding"])
