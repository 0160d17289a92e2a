"""The ceiling of a call: what the node confirms to a client that has its messages as bytes already."""

from __future__ import annotations

from .bare_rabbitmq import BareRabbitmq


class ReadyRabbitmq(BareRabbitmq):
    name = "Ready bytes"
    app = "ready_rabbitmq_app"
    has_bulk = True
    together = frozenset({"8 threads", "100 coroutines"})

    def settings(self) -> str:
        return (
            "no contender but the ceiling: frames that were made before are written and their confirms counted, so the "
            "client costs nothing; for 8 threads or 100 coroutines so many at a time, once those before are confirmed"
        )


CONTENDER = ReadyRabbitmq()
