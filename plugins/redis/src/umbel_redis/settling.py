"""Ending leases, and renewing them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from umbel import clock
from umbel.exceptions import TemporaryError
from umbel.model import Action, Delivery, Settlement
from umbel_redis import histories
from umbel_redis.keys import Keyspace, QueueKeys
from umbel_redis.link import Link
from umbel_redis.nodes import Nodes
from umbel_redis.publishing import due_ms, index_score
from umbel_redis.script import Script, load
from umbel_redis.settings import RedisSettings

T = TypeVar("T")
#: Tags of one script call: Lua takes no more than about 8000 arguments at once.
AT_ONCE = 1000


class Tag(NamedTuple):
    """What proves a hand-out: the server has it for as long as the lease lasts, and never has it again."""

    queue: str
    text: str


class Call(NamedTuple):
    """One call of a script about some of a batch; it answers with the places of those that were not held."""

    script: Script
    keys: Sequence[str]
    args: Sequence[str]
    of: Sequence[int]


class Settler:
    """Ends leases: one round trip for each server, whatever the batch."""

    def __init__(self, nodes: Nodes, keyspace: Keyspace, settings: RedisSettings) -> None:
        self._nodes = nodes
        self._keyspace = keyspace
        self._settings = settings
        #: Tags of which nobody knows whether they were settled: the answer did not come.
        self._unsure: set[str] = set()

    def settle(self, settlements: Sequence[Settlement]) -> Sequence[Settlement]:
        """Returns those that were not held."""
        refused: set[int] = set()
        seen: set[str] = set()
        acks: defaultdict[str, list[int]] = defaultdict(list)
        others: defaultdict[str, list[int]] = defaultdict(list)
        for place, settlement in enumerate(settlements):
            tag: Tag = settlement.delivery.tag
            if tag.text in seen:
                refused.add(place)
                continue
            seen.add(tag.text)
            (acks if settlement.action is Action.ACK else others)[tag.queue].append(place)
        calls: defaultdict[Link, list[Call]] = defaultdict(list)
        for queue, places in acks.items():
            calls[self._nodes.link(queue)] += self._acks(queue, places, settlements)
        for queue, places in others.items():
            calls[self._nodes.link(queue)] += self._others(queue, places, settlements)
        try:
            lost = run(calls)
        except TemporaryError:
            self._unsure |= seen
            raise
        if self._unsure:
            lost -= self._settled_before(lost, settlements)
            self._unsure -= seen
        return [settlements[place] for place in sorted(refused | lost)]

    def _settled_before(self, lost: set[int], settlements: Sequence[Settlement]) -> set[int]:
        """Of those that are not held any more, those whose first settlement was carried out: nobody took them away."""
        by_queue: defaultdict[str, list[int]] = defaultdict(list)
        for place in lost:
            tag: Tag = settlements[place].delivery.tag
            if tag.text in self._unsure:
                by_queue[tag.queue].append(place)
        found: set[int] = set()
        for queue, places in by_queue.items():
            tags = [settlements[place].delivery.tag.text for place in places]
            taken = self._nodes.link(queue).call("ZMSCORE", self._keyspace.of(queue).lapsed, *tags)
            found.update(place for place, score in zip(places, taken, strict=True) if score is None)
        return found

    def extend(self, deliveries: Sequence[Delivery], lease_s: float) -> Sequence[Delivery]:
        """Returns those that are not held any more."""

        def told(keys: QueueKeys) -> tuple[Sequence[str], str]:
            return (keys.shared.unacked_index, keys.leases, keys.shared.clock), str(int(lease_s * 1000))

        return [deliveries[place] for place in sorted(self._tell("extend", deliveries, told))]

    def begun(self, deliveries: Sequence[Delivery]) -> None:
        """Note that they run, with what is leased."""
        self._tell("begun", deliveries, lambda keys: ((keys.shared.unacked,), str(len(keys.tail))))

    def _tell(
        self, script: str, deliveries: Sequence[Delivery], told: Callable[[QueueKeys], tuple[Sequence[str], str]]
    ) -> set[int]:
        """Call a script about leases. `told` gives its keys and the argument before the tags."""
        by_queue: defaultdict[str, list[int]] = defaultdict(list)
        for place, delivery in enumerate(deliveries):
            by_queue[delivery.tag.queue].append(place)
        calls: defaultdict[Link, list[Call]] = defaultdict(list)
        for queue, places in by_queue.items():
            names, first = told(self._keyspace.of(queue))
            for some in _chunks(places):
                tags = [deliveries[place].tag.text for place in some]
                calls[self._nodes.link(queue)].append(Call(load(script), names, [first, *tags], some))
        return run(calls)

    def _acks(self, queue: str, places: Sequence[int], settlements: Sequence[Settlement]) -> Iterator[Call]:
        keys = self._keyspace.of(queue)
        names = (keys.shared.unacked, keys.shared.unacked_index, keys.leases)
        for some in _chunks(places):
            yield Call(load("ack"), names, [settlements[place].delivery.tag.text for place in some], some)

    def _others(self, queue: str, places: Sequence[int], settlements: Sequence[Settlement]) -> Iterator[Call]:
        keys = self._keyspace.of(queue)
        names = (
            *(keys.shared.unacked, keys.shared.unacked_index, keys.leases, keys.delayed, keys.dead, keys.dead_order),
            *keys.lists,
        )
        now = clock.time()
        # In the order in which they were handed out: so they go back.
        for some in _chunks(sorted(places, key=lambda place: settlements[place].delivery.tag.text)):
            args = [str(len(keys.tail)), str(self._settings.max_dead_letters)]
            for place in some:
                one = settlements[place]
                args += [one.delivery.tag.text, *_story(one, now), *self._fate(one, now)]
            yield Call(load("put_back"), names, args, some)

    def _fate(self, settlement: Settlement, now: float) -> tuple[str, str, str]:
        if settlement.action is Action.DEAD:
            return ("dead", due_ms(now), obituary(settlement.reason, now, settlement.delivery.lost))
        if settlement.due is not None and settlement.due > now:
            return ("later", due_ms(settlement.due), index_score(settlement.due, self._settings.visibility_timeout))
        return ("back", "", "")


def _story(settlement: Settlement, now: float) -> tuple[str, str]:
    """How many losses to add, and what to add to the history."""
    if settlement.action is Action.DEAD:
        return "0", histories.entry(now, settlement.reason)
    if settlement.lost:
        return "1", histories.entry(now, settlement.reason or "its process died under it")
    return "0", ""


def obituary(reason: str, died: float, lost: int) -> str:
    """What is kept in front of a dead letter's envelope: one line of JSON."""
    return json.dumps({"reason": reason, "died": died, "lost": lost})


def run(calls: dict[Link, list[Call]]) -> set[int]:
    """Call scripts, one round trip for each link; the places that they answered."""
    lost: set[int] = set()
    for link, mine in calls.items():
        answers = link.scripts([(call.script, call.keys, call.args) for call in mine])
        for call, answer in zip(mine, answers, strict=True):
            lost.update(call.of[place - 1] for place in answer)
    return lost


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    everything = list(items)
    return (everything[start : start + AT_ONCE] for start in range(0, len(everything), AT_ONCE))
