"""What a child is called."""

from __future__ import annotations

import logging
from typing import Any


def test_a_log_record_of_a_child_carries_the_childs_name(bench: Any, functions: Any) -> None:
    def named(body: bytes) -> bytes:
        record = logging.getLogRecordFactory()("n", logging.INFO, "path", 1, "text", (), None)
        return str(record.processName).encode()

    bench.start(functions(task=named), concurrency=1)
    job = bench.job("task")
    bench.pool.submit([job])
    (outcome,) = bench.finished(job)

    assert outcome.payload == b"ForkPoolWorker-1"
