"""One instance under the kernel's threads, and many instances at once: everything is done exactly once."""

from __future__ import annotations

import threading

from umbel.contracts import Transport
from umbel.model import Action, Delivery, Settlement
from umbel_conformance.transport.bench import Connect, TransportBench, acks, bodies, numbered


class Threads(TransportBench):
    def test_one_instance_publishes_reserves_and_settles_at_the_same_time(self, connect: Connect) -> None:
        """As in a worker: one thread publishes, one reserves, one settles and extends."""
        transport = connect(lease_s=60.0)
        held: list[Delivery] = []
        seen: list[str] = []
        over = threading.Event()

        def publish() -> None:
            for one in numbered(self.long_run):
                transport.publish([one])

        def settle() -> None:
            while len(seen) < self.long_run and not over.is_set():
                batch = held[:]
                assert list(transport.extend(batch)) == []
                assert list(transport.settle(acks(batch))) == []
                del held[: len(batch)]
                seen.extend(bodies(batch))

        publishing, settling = self.background(publish), self.background(settle)
        try:
            for _ in range(self.long_run):
                held.extend(self.take(transport, 1))
            self.result_of(publishing)
            self.result_of(settling)
        finally:
            over.set()  # A thread that were left to itself would slow down all tests that follow.
        assert sorted(seen, key=int) == [str(number) for number in range(self.long_run)]
        self.assert_nothing_to_reserve(transport)

    def test_many_instances_share_a_queue_and_each_message_is_done_once(self, connect: Connect) -> None:
        transports = [connect(lease_s=60.0) for _ in range(4)]
        transports[0].publish(numbered(self.long_run))
        workers = [self.background(lambda mine=transport: self.work(mine)) for transport in transports]  # type: ignore[misc]
        seen = [body for worker in workers for body in self.result_of(worker)]
        seen += self.drain(transports[0])
        assert sorted(seen, key=int) == [str(number) for number in range(self.long_run)]

    def work(self, transport: Transport) -> list[str]:
        """Do every second message of a batch and put the others back, until nothing is there."""
        done: list[str] = []
        while batch := transport.reserve(["q"], 7, 0.0):
            mine, others = batch[::2], batch[1::2]
            back = [Settlement(one, Action.REQUEUE) for one in others]
            assert list(transport.settle([*acks(mine), *back])) == []
            done += bodies(mine)
        return done
