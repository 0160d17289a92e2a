"""Whatever a task does to its process, its job has an outcome, and the others run."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import stat
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from umbel.exceptions import PermanentError

pytestmark = pytest.mark.faults


def die(body: bytes) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def leave(body: bytes) -> None:
    os._exit(3)


def sockets() -> list[int]:
    """The sockets of this process."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                found.append(int(name))
    return found


def scribble(body: bytes) -> None:
    for fd in sockets():
        with contextlib.suppress(OSError):  # one that this process has from elsewhere, and that is not connected
            os.write(fd, b"this is no frame at all, " * 10)


def close_everything(body: bytes) -> None:
    os.closerange(3, 1000)


def wait_for(path: str) -> None:
    while not os.path.exists(path):
        time.sleep(0.002)


def until_there(body: bytes) -> str:
    wait_for(body.decode())
    return "was there"


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


@pytest.mark.parametrize(
    ("task", "how"),
    [(die, "signal 9 (SIGKILL)"), (leave, "exitcode 3"), (scribble, "signal 9 (SIGKILL)")],
)
def test_the_outcome_says_how_the_process_ended_and_which_job_it_was(
    bench: Any, functions: Any, task: Any, how: str
) -> None:
    bench.start(functions(task=task, good=lambda body: body))
    bad, good = bench.job("task"), bench.job("good", b"1")
    lost, fine = bench.run(bad, good)
    assert lost.lost
    assert lost.summary == f"WorkerLostError: Worker exited prematurely: {how} Job: {bad.key}."
    assert fine.payload == b"1"


@pytest.mark.parametrize("task", [close_everything, lambda body: sys.exit(4)])
def test_a_process_that_can_no_longer_answer_is_replaced(bench: Any, functions: Any, task: Any) -> None:
    bench.start(functions(task=task, good=lambda body: body))
    lost, fine = bench.run(bench.job("task"), bench.job("good", b"1"))
    assert (lost.lost, fine.lost) == (True, False)


def test_a_grandchild_that_lives_on_hides_no_death(bench: Any, functions: Any, gate: Path) -> None:
    def leave_a_grandchild(body: bytes) -> None:
        if os.fork():
            die(body)
        wait_for(str(gate))  # It holds every file descriptor that its parent had.
        os._exit(0)

    bench.start(functions(task=leave_a_grandchild, good=lambda body: body))
    lost, fine = bench.run(bench.job("task"), bench.job("good", b"1"))
    gate.touch()
    assert "SIGKILL" in lost.summary
    assert fine.payload == b"1"


def test_a_fork_that_comes_back_through_the_task_answers_nothing(bench: Any, functions: Any) -> None:
    bench.start(functions(task=lambda body: os.fork() and os.wait()[1], good=lambda body: body))
    outcomes = bench.run(bench.job("task"), *bench.jobs(20, "good", b"1"))
    assert [outcome.payload for outcome in outcomes] == [b"0"] + [b"1"] * 20


def test_a_process_that_is_stopped_is_killed_at_the_hard_limit(bench: Any, functions: Any) -> None:
    bench.start(functions(task=lambda body: os.kill(os.getpid(), signal.SIGSTOP), good=lambda body: body))
    lost, fine = bench.run(bench.job("task", time_limit=0.2), bench.job("good", b"1"))
    assert lost.summary == "TimeLimitExceeded: 0.2"
    assert fine.payload == b"1"


def test_a_job_that_a_stopped_process_has_not_begun_goes_to_another_one(bench: Any, functions: Any) -> None:
    pool = bench.start(functions(pid=lambda body: os.getpid()), concurrency=2)
    first = bench.job("pid")
    bench.run(first)
    stopped = bench.started[first.key]  # The next job goes to the process that was idle last.
    os.kill(stopped, signal.SIGSTOP)
    (outcome,) = bench.run(bench.job("pid"))
    assert int(outcome.payload) in set(pool.pids()) - {stopped}
    os.kill(stopped, signal.SIGCONT)
    others = bench.jobs(50, "pid")
    assert not any(outcome.lost for outcome in bench.run(*others))


def test_jobs_behind_one_that_takes_longer_than_expected_run_elsewhere(bench: Any, functions: Any, gate: Path) -> None:
    def usually_short(body: bytes) -> str:
        return until_there(body) if body else "short"

    bench.start(functions(task=usually_short), concurrency=2)
    bench.run(*bench.jobs(100, "task"))
    long, *others = bench.job("task", str(gate).encode()), *bench.jobs(100, "task")
    bench.pool.submit([long, *others])
    assert {outcome.payload for outcome in bench.finished(*others)} == {b"'short'"}
    assert long.key not in bench.outcomes
    gate.touch()
    assert bench.finished(long)[0].payload == b"'was there'"


def test_huge_jobs_and_huge_outcomes_pass_each_other(bench: Any, functions: Any) -> None:
    bench.start(functions(echo=lambda body: body, short=lambda body: None), concurrency=2)
    bench.run(*bench.jobs(20, "echo"))  # So that they are handed out in batches, while answers are on the way.
    bodies = [bytes([number]) * 3_000_000 for number in range(20)]
    outcomes = bench.run(*[bench.job("echo", body) for body in bodies])
    assert [outcome.payload for outcome in outcomes] == bodies


def test_what_a_task_reads_from_the_terminal_is_nothing(bench: Any, functions: Any) -> None:
    bench.start(functions(read=lambda body: os.read(0, 10)))
    assert bench.run(bench.job("read"))[0].payload == b""


def test_handlers_of_the_worker_do_not_run_in_its_children(bench: Any, functions: Any, tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, lambda *_: (tmp_path / "handled").touch())
    try:
        bench.start(functions(hang_up=lambda body: os.kill(os.getpid(), signal.SIGHUP)))
        (outcome,) = bench.run(bench.job("hang_up"))
    finally:
        signal.signal(signal.SIGHUP, before)
    assert "signal 1 (SIGHUP)" in outcome.summary
    assert not (tmp_path / "handled").exists()


def test_an_interrupt_from_the_terminal_does_not_reach_a_task(bench: Any, functions: Any) -> None:
    bench.start(functions(interrupted=lambda body: os.kill(os.getpid(), signal.SIGINT) or "still here"))
    assert bench.run(bench.job("interrupted"))[0].payload == b"'still here'"


def test_a_template_that_is_killed_ends_the_pool_but_not_the_running_job(
    bench: Any, functions: Any, gate: Path
) -> None:
    pool = bench.start(functions(wait=until_there))
    running, waiting = bench.jobs(2, "wait", str(gate).encode())
    pool.submit([running, waiting])
    bench.begun(running)
    template = int(Path(f"/proc/{pool.pids()[0]}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(template, signal.SIGKILL)
    with pytest.raises(PermanentError, match=r"signal 9 \(SIGKILL\).*start the worker again"):
        bench.until(lambda: False)
    assert pool.withdraw() == [waiting]
    gate.touch()
    assert bench.finished(running)[0].payload == b"'was there'"
    pids = pool.pids()
    assert pool.stop(None) == []
    assert not any(map(alive, pids))


def test_without_a_template_a_death_is_noticed_all_the_same(bench: Any, functions: Any, gate: Path) -> None:
    pool = bench.start(functions(wait=until_there))
    running = bench.job("wait", str(gate).encode())
    pool.submit([running])
    bench.begun(running)
    (pid,) = pool.pids()
    os.kill(int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]), signal.SIGKILL)
    with pytest.raises(PermanentError):
        bench.until(lambda: False)
    os.kill(pid, signal.SIGKILL)
    assert bench.finished(running)[0].lost
    assert pool.stop(None) == []


def test_children_end_when_worker_and_template_are_killed_together(
    bench: Any, functions: Any, gate: Path, tmp_path: Path
) -> None:
    ours, theirs = socket.socketpair()
    worker = os.fork()
    if worker == 0:
        try:
            pool = bench.start(functions(wait=until_there), concurrency=2)
            pool.submit([bench.job("wait", str(gate).encode())])
            pool.events(None)
            template = int(Path(f"/proc/{pool.pids()[0]}/stat").read_text().rpartition(")")[2].split()[1])
            theirs.send(repr([template, *pool.pids()]).encode())
            pool.events(None)
        finally:
            os._exit(1)
    pids = [int(text) for text in ours.recv(1000).decode().strip("[]").split(",")]
    for pid in (worker, pids[0]):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(worker, 0)
    gate.touch()  # The running child learns of it when it wants to answer.
    deadline = time.monotonic() + 30
    while any(map(alive, pids)):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_pool_whose_processes_cannot_start_says_why_and_leaves_nothing(
    bench: Any, functions: Any, tmp_path: Path
) -> None:
    def refuse() -> None:
        with (tmp_path / "tries").open("a") as tries:
            tries.write(f"{os.getpid()} ")
        raise ConnectionError("the database is not there")

    runner = functions()
    runner.on_start = refuse
    with pytest.raises(PermanentError, match="ConnectionError: the database is not there"):
        bench.start(runner, concurrency=2)
    bench.pool = None
    pids = [int(pid) for pid in (tmp_path / "tries").read_text().split()]
    assert 5 <= len(pids) <= 10
    assert not any(map(alive, pids))


def test_a_process_that_cannot_start_at_first_is_tried_again(bench: Any, functions: Any, tmp_path: Path) -> None:
    def refuse_once() -> None:
        if not (tmp_path / "tried").exists():
            (tmp_path / "tried").touch()
            os._exit(1)

    runner = functions(good=lambda body: body)
    runner.on_start = refuse_once
    bench.start(runner)
    assert bench.run(bench.job("good", b"1"))[0].payload == b"1"


def test_a_process_that_does_not_come_up_in_time_is_killed(bench: Any, functions: Any) -> None:
    runner = functions()
    runner.on_start = lambda: time.sleep(1000)
    with pytest.raises(PermanentError, match=r"SIGKILL.*took too long"):
        bench.start(runner, start_timeout_s=0.5)
    bench.pool = None


def test_a_warm_stop_that_is_broken_off_can_be_made_cold(bench: Any, functions: Any, gate: Path) -> None:
    class EnoughError(Exception):
        pass

    def enough(*_: Any) -> None:
        raise EnoughError

    pool = bench.start(functions(wait=until_there), concurrency=1)
    running, waiting = bench.jobs(2, "wait", str(gate).encode())
    pool.submit([running, waiting])
    bench.begun(running)
    before = signal.signal(signal.SIGALRM, enough)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(EnoughError):
            pool.stop(None)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert pool.stop(0) == [waiting]
    assert bench.finished(running)[0].lost


def test_a_second_stop_from_another_thread_shortens_the_first(bench: Any, functions: Any, gate: Path) -> None:
    pool = bench.start(functions(wait=until_there))
    running = bench.job("wait", str(gate).encode())
    pool.submit([running])
    bench.begun(running)
    second = threading.Timer(0.1, pool.stop, [0])
    second.start()
    assert pool.stop(None) == []
    second.join()
    assert bench.finished(running)[0].summary.startswith("Terminated")


def test_too_many_open_files_are_an_error_and_no_hang(bench: Any, functions: Any) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 30, before[1]))
    try:
        with pytest.raises(PermanentError, match="Too many open files"):
            bench.start(functions(), concurrency=50)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    bench.pool = None


def test_more_processes_than_are_born_at_once_come_up(bench: Any, functions: Any) -> None:
    pool = bench.start(functions(pid=lambda body: os.getpid()), concurrency=40)
    assert len(set(pool.pids())) == 40
    assert not any(outcome.lost for outcome in bench.run(*bench.jobs(200, "pid")))


def test_a_stopped_pool_leaves_no_process_and_no_file_open(bench: Any, functions: Any) -> None:
    before = sorted(os.listdir("/proc/self/fd")), children()
    for grace_s in (None, 0, 1.0):
        pool = bench.start(functions(pid=lambda body: os.getpid()), concurrency=3, max_tasks_per_child=5)
        bench.run(*bench.jobs(40, "pid"))
        pool.stop(grace_s)
    assert (sorted(os.listdir("/proc/self/fd")), children()) == before


def children() -> list[str]:
    """Of this process, the dead included that nobody has asked for yet; other tests may have some."""
    return sorted(pid for each in Path("/proc/self/task").glob("*/children") for pid in each.read_text().split())
