"""What the journal of a storm says, held against what is promised.

A task whose end the server has confirmed does not run again. So each repetition has a reason, and these are all:

- the process under it died while it ran;
- its worker died after the task had ended and before the server had confirmed it;
- an attempt to publish it raised an error, so that nobody knew whether the server had it, and the client tried again.

A task that is acknowledged when it begins may be lost instead, if the process or the worker died in which it had begun.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple


class Run(NamedTuple):
    number: int
    worker: str
    pid: int


class Journal:
    """The entries of `stormy.py`, counted."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.published: Counter[int] = Counter()
        self.tried: Counter[int] = Counter()
        self.begun: Counter[Run] = Counter()
        self.ended: Counter[Run] = Counter()
        #: Deliveries: by the number of the task and the worker, those whose end was confirmed, and those put back.
        self.confirmed: Counter[tuple[int, str]] = Counter()
        self.put_back: Counter[tuple[int, str]] = Counter()
        #: Attempts to settle.
        self.asked: Counter[tuple[int, str]] = Counter()
        self.refused: list[str] = []
        for line in lines:
            what, *words = line.split()
            getattr(self, f"_{what.replace('-', '_')}")(*words)

    def _try_publish(self, number: str) -> None:
        self.tried[int(number)] += 1

    def _published(self, number: str) -> None:
        self.published[int(number)] += 1

    def _begin(self, number: str, worker: str, pid: str) -> None:
        self.begun[Run(int(number), worker, int(pid))] += 1

    def _end(self, number: str, worker: str, pid: str) -> None:
        self.ended[Run(int(number), worker, int(pid))] += 1

    def _reserved(self, count: str, worker: str) -> None:
        pass

    def _try_settle(self, tag: str, number: str, worker: str) -> None:
        self.asked[int(number), worker] += 1

    def _settled(self, tag: str, number: str, worker: str) -> None:
        self.confirmed[int(number), worker] += 1

    def _put_back(self, tag: str, number: str, worker: str) -> None:
        self.put_back[int(number), worker] += 1

    def _refused(self, tag: str, number: str, worker: str) -> None:
        self.confirmed[int(number), worker] += 1
        self.refused.append(f"{number} on {worker}")


class Verdict(NamedTuple):
    """What is not as promised, in sentences: there should be none. And how often there was which reason."""

    wrong: list[str]
    reasons: dict[str, int]


def judge(
    journal: Journal, total: int, is_early: Callable[[int], bool], workers: set[str], processes: set[int]
) -> Verdict:
    """`workers` and `processes` are those that were killed."""
    wrong = [f"the lease of {what} was lost" for what in journal.refused]
    runs: defaultdict[int, list[Run]] = defaultdict(list)
    for run, times in journal.begun.items():
        runs[run.number] += [run] * times
    hurt = workers | {run.worker for run in journal.begun if run.pid in processes}
    lost_early = again = interrupted = unconfirmed = uncertain = twice = 0
    for number in range(total):
        if not journal.published[number]:
            wrong.append(f"{number} was never published")
        if not any(journal.ended[run] for run in runs[number]):
            if is_early(number) and any(journal.asked[number, worker] for worker in hurt):
                lost_early += 1
            else:
                wrong.append(f"{number} did not run to its end: {runs[number]}")
        mine = _interrupted(journal, number, set(runs[number]), workers, processes, wrong)
        open_ = _unconfirmed(journal, number, set(runs[number]), workers, is_early(number), wrong)
        copies = journal.tried[number] - 1
        repetitions = max(0, len(runs[number]) - 1)
        if repetitions > mine + open_ + copies:
            wrong.append(f"{number} ran {len(runs[number])} times: {mine=} {open_=} {copies=} {runs[number]}")
        again += repetitions
        twice += max(0, sum(journal.confirmed[number, worker] for worker in {run.worker for run in runs[number]}) - 1)
        interrupted, unconfirmed, uncertain = interrupted + mine, unconfirmed + open_, uncertain + copies
    return Verdict(
        wrong,
        {
            "repetitions": again, "interrupted": interrupted, "ended, and not confirmed": unconfirmed,
            "published in doubt": uncertain, "published twice": twice, "lost after they were acknowledged": lost_early,
        },
    )  # fmt: skip


def _interrupted(
    journal: Journal, number: int, runs: set[Run], workers: set[str], processes: set[int], wrong: list[str]
) -> int:
    """How many runs did not end; each in a process that was killed, or below a worker that was."""
    found = 0
    for run in runs:
        missing = journal.begun[run] - journal.ended[run]
        found += missing
        if missing and run.worker not in workers and run.pid not in processes:
            wrong.append(f"{number} did not end on {run.worker}, which nobody has killed")
    return found


def _unconfirmed(
    journal: Journal, number: int, runs: set[Run], workers: set[str], early: bool, wrong: list[str]
) -> int:
    """How many runs ended without the server's confirmation; each on a worker that was killed."""
    found = 0
    for worker in {run.worker for run in runs}:
        ended = sum(journal.ended[run] for run in runs if run.worker == worker)
        missing = max(0, ended - journal.confirmed[number, worker])
        if worker in workers:
            found += missing
        elif missing:
            wrong.append(f"{number} ended on {worker}, and the server does not know")
    return found
