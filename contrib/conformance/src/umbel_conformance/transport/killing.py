"""Processes that are killed in the middle of their work, and the counting afterwards."""

from __future__ import annotations

import random

from umbel_conformance.capabilities import needs
from umbel_conformance.elsewhere import Blueprint
from umbel_conformance.transport import actions
from umbel_conformance.transport.bench import (
    Connect,
    MakeTransport,
    StartElsewhere,
    TransportBench,
    acks,
    bodies,
    numbered,
)

BATCH = 5


class Killing(TransportBench):
    @needs("across_processes", "lease")
    def test_nothing_is_lost_when_a_worker_is_killed_at_any_moment(
        self, connect: Connect, elsewhere: StartElsewhere
    ) -> None:
        """A message is about to be acknowledged, or it comes back."""
        survivor, blueprint = connect(lease_s=60.0), Blueprint.of(connect(lease_s=self.short_lease_s))
        survivor.publish(numbered(self.long_run))
        done: set[str] = set()
        for _ in range(3):
            victim = elsewhere(actions.work_until_killed, blueprint, "q", BATCH)
            for _ in range(random.randint(1, 12)):
                done.update(victim.receive())
            victim.kill()
            done.update(body for batch in victim.left_behind() for body in batch)

        def all_there() -> bool:
            held = survivor.reserve(["q"], 100, 0.0)
            survivor.settle(acks(held))
            done.update(bodies(held))
            return len(done) == self.long_run

        self.eventually(all_there, f"all {self.long_run} messages to be done or to come back")

    @needs("durable")
    def test_what_was_published_is_there_when_the_publisher_is_killed_at_any_moment(
        self, make_transport: MakeTransport, connect: Connect, elsewhere: StartElsewhere
    ) -> None:
        victim = elsewhere(actions.publish_until_killed, Blueprint.of(make_transport()), "q", BATCH)
        said = [victim.receive() for _ in range(random.randint(1, 20))]
        victim.kill()
        transport = connect(lease_s=60.0)
        promised = max([*said, *victim.left_behind()])
        there = bodies(self.take(transport, promised)) + self.drain(transport)
        if "ordered" in transport.features:
            assert there == [str(number) for number in range(len(there))]
        assert {str(number) for number in range(promised)} <= set(there)
        beyond = len(there) - promised  # The batch that was under way may be there too.
        assert beyond in ((0, BATCH) if "transactional" in transport.features else range(BATCH + 1))
