"""kill -9 at any instruction: nothing is lost, nothing is handed out twice while it is leased, the file is sound."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from umbel.model import Action, Message, Record, Settlement
from umbel_sqlite.backend import SqliteBackend
from umbel_sqlite.database import Database
from umbel_sqlite.settings import SqliteSettings
from umbel_sqlite.transport import SqliteTransport

pytestmark = pytest.mark.faults

PATIENCE_S = 60.0

#: A worker whose leases last so long that only the proof of its death brings back what it held.
WORKER = """
import os, sys
from umbel.model import Record, Settlement
from umbel_sqlite.backend import SqliteBackend
from umbel_sqlite.settings import SqliteSettings
from umbel_sqlite.transport import SqliteTransport

url, log = sys.argv[1], os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND)
settings = SqliteSettings(lease_s=1000.0)
transport, backend = SqliteTransport(url, settings), SqliteBackend(url, settings)


def note(what, deliveries):
    lines = [f"{what} {os.getpid()} {one.message.headers['id']}\\n" for one in deliveries]
    os.write(log, "".join(lines).encode())


while True:
    deliveries = transport.reserve(["q"], 7, 10.0)
    note("took", deliveries)
    backend.store([Record(one.message.headers["id"], "SUCCESS", b"") for one in deliveries])
    note("done", deliveries)
    assert not transport.settle([Settlement(one) for one in deliveries])
"""

PUBLISHER = """
import os, sys, time
from umbel.model import Message
from umbel_sqlite.transport import SqliteTransport

transport, log = SqliteTransport(sys.argv[1]), os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND)
number = 0
while True:
    number += 1
    ids = [f"{os.getpid()}-{number}-{one}" for one in range(number % 9 + 1)]
    due = time.time() + 0.05 if number % 3 == 0 else None
    transport.publish([Message("q", b"x" * 500, {"id": one}, priority=number % 4, due=due) for one in ids])
    os.write(log, "".join(f"sent {os.getpid()} {one}\\n" for one in ids).encode())
    time.sleep(0.005)  # so that the backlog stays short
"""


class Log:
    """What everyone did, in the order in which it was noted; and what must not be in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()

    def note(self, line: str) -> None:
        with self.path.open("a") as log:
            log.write(f"{line}\n")

    def __iter__(self) -> Iterator[tuple[str, int, str]]:
        for line in self.path.read_text().splitlines():
            what, pid, task_id = f"{line} ".split(" ", 2)
            yield what, int(pid), task_id.strip()

    def wait_for(self, pid: int) -> None:
        """Until this process has done something."""
        deadline = time.monotonic() + PATIENCE_S
        while f" {pid} " not in self.path.read_text():
            assert time.monotonic() < deadline, f"process {pid} does nothing"
            time.sleep(0.005)

    def all(self, what: str) -> set[str]:
        return {task_id for noted, _, task_id in self if noted == what}

    def taken_twice(self) -> list[str]:
        """Ids that one process took while another, alive, had not said that it was done with them."""
        holders: defaultdict[str, set[int]] = defaultdict(set)
        killed: set[int] = set()  # noted before the signal is sent, so one may still do something afterwards
        twice = []
        for what, pid, task_id in self:
            if what == "kill":
                killed.add(pid)
            elif what == "done":
                holders[task_id].discard(pid)
            elif what == "took":
                if holders[task_id] - killed:
                    twice.append(task_id)
                holders[task_id].add(pid)
        return twice


def test_nothing_is_lost_or_doubled_when_workers_and_publishers_are_killed_at_random(
    run_python: Callable[..., subprocess.Popen[str]],
    transport: SqliteTransport,
    backend: SqliteBackend,
    url: str,
    tmp_path: Path,
    assert_sound: Callable[[], None],
) -> None:
    log = Log(tmp_path / "log")
    transport.publish([Message("q", b"", {"id": "first"})])
    chance = random.Random(20)
    alive = [run_python(WORKER, url, str(log.path)) for _ in range(2)]
    alive.append(run_python(PUBLISHER, url, str(log.path)))
    for turn in range(30):
        victim = turn % len(alive)
        log.wait_for(alive[victim].pid)
        time.sleep(chance.uniform(0.0, 0.05))
        assert alive[victim].poll() is None, "it died by itself"
        log.note(f"kill {alive[victim].pid} -")
        alive[victim].kill()
        alive[victim].wait()
        alive[victim] = run_python((WORKER, WORKER, PUBLISHER)[victim], url, str(log.path))
    alive[2].kill()
    alive[2].wait()
    deadline = time.monotonic() + PATIENCE_S
    while (depth := transport.admin().depth("q")) and (depth.ready or depth.reserved or depth.delayed):
        assert time.monotonic() < deadline, f"{depth} is not worked off"
        time.sleep(0.02)
    for worker in alive[:2]:
        assert worker.poll() is None, "a worker died by itself"
        worker.kill()
        worker.wait()
    sent = sorted(log.all("sent"))
    assert len(sent) > 100
    assert [one for one in sent if one not in log.all("done")] == []
    assert [one.task_id for one in backend.fetch(sent) if one] == sent
    assert log.taken_twice() == []
    assert_sound()


def die_after(database: Database, instructions: int) -> None:
    """Kill this process when SQLite's virtual machine has run so many instructions more."""
    left = instructions

    def one_less() -> int:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    with database.writing() as connection:
        connection.set_progress_handler(one_less, 1)


def in_a_child(act: Callable[[int], None], instructions: int) -> int:
    """What became of it: 0, or minus the signal that ended it."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            act(instructions)
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def until_it_survives(act: Callable[[int], None], check: Callable[[], None], step: int) -> int:
    """Let it die after 1, 1 + step, 1 + 2 * step, … instructions until none is left to die at."""
    deaths = 0
    while (code := in_a_child(act, 1 + deaths * step)) != 0:
        assert code == -signal.SIGKILL
        check()
        deaths += 1
    check()
    return deaths


@pytest.fixture
def ready_made(url: str) -> Callable[[], SqliteTransport]:
    """A transport that has opened and introduced itself, so that only the act that is tested is under the knife."""

    def make() -> SqliteTransport:
        transport = SqliteTransport(url, SqliteSettings(lease_s=1000.0))
        transport.reserve(["q"], 1, 0.0)
        return transport

    return make


def test_a_publisher_that_dies_at_any_step_has_published_all_or_nothing(
    ready_made: Callable[[], SqliteTransport],
    assert_sound: Callable[[], None],
    look: Callable[[str], list[Any]],
) -> None:
    def act(instructions: int) -> None:
        transport = ready_made()
        die_after(transport._database, instructions)
        transport.publish([Message("p", b"x" * 200, due=1e12 if number == 2 else None) for number in range(3)])

    def check() -> None:
        assert_sound()
        assert look("SELECT count(*) % 3 FROM message") == [(0,)]

    assert until_it_survives(act, check, 5) > 1


def test_a_worker_that_dies_at_any_step_of_a_reserve_leaves_every_message_to_others(
    ready_made: Callable[[], SqliteTransport],
    transport: SqliteTransport,
    assert_sound: Callable[[], None],
) -> None:
    transport.publish([Message("q", str(number).encode()) for number in range(5)])

    def act(instructions: int) -> None:
        victim = SqliteTransport(transport.url, SqliteSettings(lease_s=1000.0))
        die_after(victim._database, instructions)
        victim.reserve(["q"], 5, 0.0)

    def check() -> None:
        assert_sound()
        assert transport.admin().depth("q").ready + (transport.admin().depth("q").reserved or 0) == 5

    assert until_it_survives(act, check, 25) > 1
    transport._reclaimer._again = 0.0  # the second between two looks
    assert sorted(one.message.body for one in transport.reserve(["q"], 10, 10.0)) == [b"0", b"1", b"2", b"3", b"4"]


def test_a_worker_that_dies_at_any_step_of_a_settle_has_settled_all_or_nothing(
    ready_made: Callable[[], SqliteTransport],
    transport: SqliteTransport,
    assert_sound: Callable[[], None],
    look: Callable[[str], list[Any]],
) -> None:
    actions = [Action.ACK, Action.REQUEUE, Action.DEAD]

    def act(instructions: int) -> None:
        victim = ready_made()
        victim.publish([Message("p", b"") for _ in actions])
        held = victim.reserve(["p"], 3, 0.0)
        die_after(victim._database, instructions)
        victim.settle([Settlement(one, action) for one, action in zip(held, actions, strict=True)])

    def check() -> None:
        assert_sound()
        ((ready, leased, dead),) = look(
            "SELECT (SELECT count(*) FROM ready), (SELECT count(*) FROM lease), (SELECT count(*) FROM dead)"
        )
        assert (ready, leased, dead) in [(0, 3, 0), (1, 0, 1)]
        transport.admin().discard([letter.key for letter in transport.admin().dead("p")])
        transport._reclaimer._again = 0.0
        transport.settle([Settlement(one) for one in transport.reserve(["p"], 10, 0.0)])

    assert until_it_survives(act, check, 10) > 1


def test_a_backend_that_dies_at_any_step_has_stored_all_or_nothing(
    url: str, backend: SqliteBackend, assert_sound: Callable[[], None]
) -> None:
    backend.store([Record("kept", "SUCCESS", b"")])

    def act(instructions: int) -> None:
        victim = SqliteBackend(url)
        victim.fetch([])
        die_after(victim._database, instructions)
        victim.store([Record(name, "SUCCESS", b"x" * 300, 60.0) for name in "abc"])

    def check() -> None:
        assert_sound()
        assert backend.fetch(["kept"])[0] is not None
        assert len([one for one in backend.fetch(["a", "b", "c"]) if one]) in (0, 3)
        backend.forget(["a", "b", "c"])

    assert until_it_survives(act, check, 5) > 1


def test_a_chord_counts_right_whoever_dies_at_any_step(
    url: str, backend: SqliteBackend, assert_sound: Callable[[], None]
) -> None:
    deaths = 0

    def act(instructions: int) -> None:
        victim = SqliteBackend(url)
        victim.fetch([])
        die_after(victim._database, instructions)
        victim.shared().tally("chord", f"member {deaths}", b"", 60.0)

    def check() -> None:
        nonlocal deaths
        assert_sound()
        deaths += 1

    until_it_survives(act, check, 5)
    counted = backend.shared().tallied("chord")
    assert backend.shared().tally("chord", "last", b"") == len(counted) + 1
