"""Natural batching among callers."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from umbel import clock
from umbel.app.commit import GroupCommit
from umbel.exceptions import TemporaryError


def test_a_caller_alone_commits_its_own_items_at_once() -> None:
    committed: list[Sequence[int]] = []
    GroupCommit(committed.append).submit([1, 2])

    assert committed == [[1, 2]]


def test_who_comes_while_a_commit_is_under_way_goes_along_with_the_next_one() -> None:
    committed: list[list[int]] = []
    first_is_in, let_go = threading.Event(), threading.Event()

    def commit(items: Sequence[int]) -> None:
        committed.append(list(items))
        if len(committed) == 1:
            first_is_in.set()
            assert let_go.wait(10)

    commits = GroupCommit(commit)
    threads = [threading.Thread(target=commits.submit, args=([0],))]
    threads[0].start()
    assert first_is_in.wait(10)
    for n in range(1, 6):
        threads.append(threading.Thread(target=commits.submit, args=([n],)))
        threads[-1].start()
    while len(commits._waiting) < 5:
        pass
    let_go.set()
    for thread in threads:
        thread.join(10)

    assert committed[0] == [0]
    assert sorted(committed[1]) == [1, 2, 3, 4, 5]
    assert len(committed) == 2


def test_those_who_were_served_together_are_let_come_along_again(monkeypatch: pytest.MonkeyPatch) -> None:
    committed: list[list[int]] = []
    commits = GroupCommit(lambda items: committed.append(list(items)))
    comers = [threading.Thread(target=commits.submit, args=([n],)) for n in (1, 2)]
    looks: list[int] = []

    def stand_back(_: float) -> None:
        looks.append(len(commits._waiting))
        if comers:
            comers.pop().start()
            while len(commits._waiting) == looks[-1]:
                pass

    monkeypatch.setattr(clock, "sleep", stand_back)
    commits._served = 4
    commits.submit([0])
    assert [sorted(batch) for batch in committed] == [[0, 1, 2]]
    assert looks == [1, 2, 3], "it went on to stand back when nobody came any more, or did not try"
    commits.submit([3])
    commits.submit([4])
    assert len(looks) == 4, "who is alone stood back for nobody"


def test_one_bad_item_spoils_nobody_elses() -> None:
    first_is_in, let_go = threading.Event(), threading.Event()
    done: list[int] = []
    errors: dict[int, BaseException] = {}

    def commit(items: Sequence[int]) -> None:
        if not first_is_in.is_set():
            first_is_in.set()
            assert let_go.wait(10)
        if 13 in items:
            raise ValueError("unlucky")
        done.extend(items)

    commits = GroupCommit(commit)

    def submit(n: int) -> None:
        try:
            commits.submit([n])
        except ValueError as error:
            errors[n] = error

    threads = [threading.Thread(target=submit, args=(n,)) for n in (0, 12, 13, 14)]
    threads[0].start()
    assert first_is_in.wait(10)
    for thread in threads[1:]:
        thread.start()
    while len(commits._waiting) < 3:
        pass
    let_go.set()
    for thread in threads:
        thread.join(10)

    assert sorted(done) == [0, 12, 14]
    assert list(errors) == [13]


def test_what_commit_raises_reaches_the_caller() -> None:
    def commit(items: Sequence[int]) -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        GroupCommit(commit).submit([1])


def test_all_who_wait_for_a_broker_that_does_not_answer_fail_together() -> None:
    first_is_in, let_go = threading.Event(), threading.Event()
    attempts: list[Sequence[int]] = []
    failed: list[int] = []

    def commit(items: Sequence[int]) -> None:
        attempts.append(items)
        first_is_in.set()
        assert let_go.wait(10)
        now.advance(4)
        raise TemporaryError("no answer")

    commits = GroupCommit(commit)

    def submit(n: int) -> None:
        try:
            commits.submit([n])
        except TemporaryError:
            failed.append(n)

    with clock.manual() as now:
        threads = [threading.Thread(target=submit, args=(n,)) for n in range(4)]
        threads[0].start()
        assert first_is_in.wait(10)
        for thread in threads[1:]:
            thread.start()
        while len(commits._waiting) < 3:
            pass
        let_go.set()
        for thread in threads:
            thread.join(10)

    assert sorted(failed) == [0, 1, 2, 3]
    assert attempts == [[0]]


def test_who_has_failed_does_not_wait_for_the_next_attempt_of_another() -> None:
    waiting, others_are_done = threading.Event(), threading.Semaphore(0)

    def commit(items: Sequence[int]) -> None:
        if items == [99]:
            assert others_are_done.acquire(timeout=10)
            assert others_are_done.acquire(timeout=10)
            return
        assert waiting.wait(10)
        now.advance(4)
        raise TemporaryError("no answer")

    commits = GroupCommit(commit)

    def insist() -> None:
        with pytest.raises(TemporaryError):
            commits.submit([0])
        commits.submit([99])

    def give_up() -> None:
        with pytest.raises(TemporaryError):
            commits.submit([1])
        others_are_done.release()

    with clock.manual() as now:
        threads = [threading.Thread(target=call) for call in (insist, give_up, give_up)]
        for thread in threads:
            thread.start()
        while len(commits._waiting) < 2:
            pass
        waiting.set()
        for thread in threads:
            thread.join(30)
        assert others_are_done.acquire(blocking=False) is False
