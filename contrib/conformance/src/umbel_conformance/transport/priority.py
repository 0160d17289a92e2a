"""Priorities: the urgent first, equals in the order in which they were published."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from umbel.contracts import Transport
from umbel.model import Action, Message
from umbel_conformance.capabilities import lacks, needs
from umbel_conformance.transport.bench import Connect, TransportBench, bodies, message, settled

#: Celery on Redis tells these four apart, and no others: `priority_steps` of kombu's transport.
LEVELS = (0, 3, 6, 9)


def prioritized(levels: Iterable[int], queue: str = "q") -> list[Message]:
    """Messages whose bodies say their priority and their place in the line."""
    return [message(f"{level}-{place}", queue, priority=level) for place, level in enumerate(levels)]


class Priority(TransportBench):
    def most_urgent_first(self, transport: Transport) -> list[int]:
        return sorted(LEVELS, reverse=transport.first_priority == "high")

    def test_the_first_priority_is_one_of_the_two_ends(self, transport: Transport) -> None:
        assert transport.first_priority in ("high", "low")

    @needs("priority")
    @pytest.mark.parametrize("limit", [1, 2, 100])
    def test_the_most_urgent_come_first_and_equals_in_order(self, transport: Transport, limit: int) -> None:
        levels = [3, 0, 9, 6, 3, 9, 0, 6, 9, 3]
        transport.publish(prioritized(levels))
        taken: list[str] = []
        while len(taken) < len(levels):
            taken += bodies(self.take(transport, min(limit, len(levels) - len(taken))))
        expected = [
            f"{level}-{place}"
            for level in self.most_urgent_first(transport)
            for place, other in enumerate(levels)
            if other == level
        ]
        assert taken == expected

    @needs("priority")
    def test_an_urgent_message_overtakes_those_published_before(self, transport: Transport) -> None:
        first, *_, last = self.most_urgent_first(transport)
        transport.publish([message("patient", priority=last), message("patient too", priority=last)])
        transport.publish([message("urgent", priority=first)])
        assert bodies(self.take(transport, 3)) == ["urgent", "patient", "patient too"]

    @needs("priority")
    def test_a_delivery_says_its_priority(self, transport: Transport) -> None:
        transport.publish(prioritized(LEVELS))
        assert sorted(one.message.priority for one in self.take(transport, 4)) == list(LEVELS)

    @needs("priority")
    def test_a_requeued_message_keeps_its_priority(self, transport: Transport) -> None:
        first, *_, last = self.most_urgent_first(transport)
        transport.publish([message("urgent", priority=first), message("patient", priority=last)])
        urgent = self.take_one(transport)
        transport.settle(settled(urgent, Action.REQUEUE))
        assert bodies(self.take(transport, 2)) == ["urgent", "patient"]

    @needs("priority")
    def test_urgent_messages_of_one_queue_do_not_starve_another_queue(self, transport: Transport) -> None:
        first, *_, last = self.most_urgent_first(transport)
        transport.publish([*prioritized([first] * 50, "loud"), message("quiet", "quiet", priority=last)])
        seen = bodies(one for _ in range(6) for one in transport.reserve(["loud", "quiet"], 1, 0.0))
        assert "quiet" in seen

    @needs("priority", "lease")
    def test_what_was_lost_keeps_its_priority(self, connect: Connect) -> None:
        victim, other = connect(lease_s=self.short_lease_s), connect()
        first, *_, last = self.most_urgent_first(victim)
        victim.publish([message("urgent", priority=first), message("patient", priority=last)])
        self.take(victim, 2)
        self.abandon(victim)
        self.pass_time(victim.lease_s * 3)
        assert bodies(self.take(other, 2)) == ["urgent", "patient"]

    @needs("ordered")
    @lacks("priority")
    def test_an_undeclared_priority_is_no_reason_to_refuse_and_changes_no_order(self, transport: Transport) -> None:
        """It is advice: a message that says how urgent it is gets through on every broker."""
        transport.publish(prioritized([0, 9, 3]))
        assert bodies(self.take(transport, 3)) == ["0-0", "9-1", "3-2"]
