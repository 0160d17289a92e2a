"""Jobs whose tasks are plain functions: they run in threads, where they do not keep the loop from its work."""

from __future__ import annotations

from queue import SimpleQueue

from umbel.contracts.pool import Runner
from umbel.model.job import Finished
from umbel_asyncio.line import Happening, Line, Lost
from umbel_asyncio.threads import Threads

#: No more than this many, however many coroutines there may be.
MOST_THREADS = 32


class Functions:
    """A line of its own, so that functions that take long hold up no coroutine."""

    def __init__(self, happened: SimpleQueue[Happening], size: int, runner: Runner) -> None:
        self.line = Line(happened, min(size, MOST_THREADS))
        self._runner = runner
        self._threads = Threads("umbel-thread", min(size, MOST_THREADS))

    def pull(self, count: int) -> None:
        """There are so many more to begin."""
        for _ in range(count):
            self._threads.call(self._work)

    def resize(self, size: int) -> None:
        self._threads.resize(min(size, MOST_THREADS))
        self.line.resize(min(size, MOST_THREADS))
        self.pull(min(size, MOST_THREADS))

    def close(self) -> None:
        self._threads.close()

    def _work(self) -> None:
        while (job := self.line.take()) is not None:
            try:
                end: Finished | Lost = Finished(job.key, self._runner.run(job))
            except BaseException as error:  # a runner lets nothing out; should it, the thread must not die of it
                end = Lost(job, error)
            self.line.end(job.key, end)
