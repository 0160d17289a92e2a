"""Handing messages out: what is there at once, and a wait for what is not that loses nothing.

The wait pops nothing, so there is nothing that could be lost with a process that dies. The server is asked to tell when
one of the lists changes (`CLIENT TRACKING`: https://redis.io/docs/latest/develop/reference/client-side-caching/), which
it does for whoever pushes there, Celery included; then a script takes what there is.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from secrets import token_hex
from typing import Any

from umbel import clock
from umbel.exceptions import DecodeError, DriverError
from umbel.model import Action, Delivery, Message, Settlement
from umbel_redis import histories
from umbel_redis.envelope import decode
from umbel_redis.errors import ErrorReply
from umbel_redis.groups import Group, groups_of
from umbel_redis.keys import Keyspace, QueueKeys
from umbel_redis.link import Command, Link
from umbel_redis.nodes import Nodes
from umbel_redis.offering import Handed, Offer
from umbel_redis.restoring import restore
from umbel_redis.script import Script, load
from umbel_redis.server import Server
from umbel_redis.settling import Settler, Tag
from umbel_redis.waiting import Waiter

_log = logging.getLogger(__name__)

#: More than this is never asked for at once.
MOST_AT_ONCE = 1000
#: Seconds between two looks at a server that cannot tell.
LOOK_S = 0.25
#: Seconds between two complaints about one key.
COMPLAIN_S = 60.0

Call = tuple[Script, Sequence[str], Sequence[str]]
HandedOut = tuple[Tag, int, bytes]


class Reserver:
    """One for each transport; one thread."""

    def __init__(self, server: Server, keyspace: Keyspace, waiter: Waiter) -> None:
        self._settings = server.settings
        self._keyspace = keyspace
        self._waiter = waiter
        self._poll_s = server.settings.poll_s
        self._caching: Sequence[Command] = (("CLIENT", "CACHING", "YES"),)
        self._nodes = Nodes(server, protocol=3, prepare=self._track)
        self._settler = Settler(self._nodes, keyspace, server.settings)
        self._token = f"u{token_hex(4)}"
        self._me = f"{self._token} {histories.here()}"
        self._offer = Offer(server, self._token)
        self._number = 0
        self._queues: Sequence[str] = ()
        self._groups: list[Group] = []
        self._look_at = 0.0
        self._complained: dict[str, float] = {}

    def take(self, queues: Sequence[str], limit: int, lease_s: float) -> list[Delivery]:
        """What is there; never waits for more."""
        left = min(limit, MOST_AT_ONCE)
        try:
            self._serve(queues)
            taken: list[Delivery] = []
            self._offer.withdraw()
            must_look = clock.monotonic() >= self._look_at
            if len(self._groups) > 1:
                self._groups.append(self._groups.pop(0))  # so that each comes first once
            for group in self._groups:
                if left > len(taken):
                    taken += self._take(group, left - len(taken), lease_s, must_look)
            taken += self._received(self._offer.withdrawn())
            if len(taken) > left:  # An offer was taken up while this one asked for as much itself.
                self._settler.settle([Settlement(delivery, Action.REQUEUE) for delivery in taken[left:]])
                del taken[left:]
                self._groups[0].armed = 0
        except DriverError:
            self.forget()
            raise
        if must_look:
            self._look_at = clock.monotonic() + self._poll_s
        return taken

    def wait(self, queues: Sequence[str], timeout_s: float) -> list[Delivery]:
        """Blocks until something may be there, for `timeout_s` seconds, or until someone wakes the waiter. Returns what
        was handed over meanwhile; `take` or `withdraw` must follow if that is nothing."""
        deadline = clock.monotonic() + timeout_s
        try:
            self._serve(queues)
            while self._is_armed() and not self._waiter.is_woken:
                if handed := self._offer.taken_up():
                    return self._received(handed)
                now = clock.monotonic()
                due = min((group.due for group in self._groups), default=deadline)
                if due <= now or (self._look_at <= now and self._look()):
                    for group in self._groups:
                        group.armed = 0
                elif deadline <= now:
                    break
                else:
                    self._make_offer()
                    links = [self._offer.link, *(group.link for group in self._groups)]
                    self._waiter.wait(links, min(due, deadline, self._look_at) - now)
        except DriverError:
            self.forget()
            raise
        return []

    def withdraw(self) -> list[Delivery]:
        """Offer to take nothing more; returns what came before that was known."""
        try:
            self._offer.withdraw()
            return self._received(self._offer.withdrawn())
        except DriverError:
            self.forget()
            raise

    def expects_nothing(self, queues: Sequence[str]) -> bool:
        """Whether the last `take` of the same has left nothing, and the server tells of news."""
        return queues == self._queues and all(group.armed for group in self._groups)

    def forget(self) -> None:
        """Look anew where the queues are, and take nothing for granted."""
        self._queues, self._groups = (), []
        self._offer.forget()
        self._nodes.forget()

    def close(self) -> None:
        self._offer.link.close()
        self._nodes.close()

    def _serve(self, queues: Sequence[str]) -> None:
        if queues != self._queues:
            self._groups = groups_of(queues, self._nodes, self._keyspace, self._settings)
            self._queues = queues

    def _track(self, link: Link) -> None:
        # OPTIN: of those keys only that are read by the command that follows CLIENT CACHING.
        link.send((("CLIENT", "TRACKING", "ON", "OPTIN", "NOLOOP"),))
        answer = link.read()
        if isinstance(answer, ErrorReply):
            _log.warning("%s does not tell when something comes (%s): looking for it all the time", link.where, answer)
            self._poll_s, self._caching = min(self._poll_s, LOOK_S), ()

    def _make_offer(self) -> None:
        group = self._groups[0] if self._groups else None
        if group is not None and group.offers is not None and not self._offer.stands:
            self._number += 1
            self._offer.make(group.offers, f"{self._token}{self._number:08x}")

    def _received(self, handed: Sequence[Handed]) -> list[Delivery]:
        """The deliveries of what was handed over."""
        if not handed:
            return []
        (queue,) = self._queues
        return self._fit([(Tag(queue, tag), list_ - 1, envelope) for tag, list_, envelope in handed], self._groups[0])

    def _is_armed(self) -> bool:
        """Nothing has come since the server was asked to tell."""
        for group in self._groups:
            if group.link.was_told() or group.armed != group.link.openings:
                group.armed = 0
        return all(group.armed for group in self._groups)

    def _take(self, group: Group, limit: int, lease_s: float, must_look: bool) -> list[Delivery]:
        calls: list[Call] = []
        before: list[Command] = []
        if must_look:
            before += group.listening(clock.time(), self._me)
            calls.append((load("reclaim"), group.reclaim_keys, group.reclaim_args))
        handed_out, replies = self._reserve(group, limit, lease_s, calls, before)
        if not group.is_busy:
            waiting, group.armed = replies[-1], group.link.openings
            if handed_out:
                group.armed = 0 if waiting else group.armed
            elif waiting:  # It has come in between; or the queue is paused.
                handed_out, _ = self._reserve(group, limit, lease_s)
        else:
            group.armed = 0
        group.is_busy = len(handed_out) == limit
        for _, *held in replies[: len(calls)]:
            self._restore(group, held)
        return self._fit(handed_out, group)

    def _reserve(
        self, group: Group, limit: int, lease_s: float, calls: Sequence[Call] = (), before: Sequence[Command] = ()
    ) -> tuple[list[HandedOut], list[Any]]:
        """What the script hands out, and what else was answered."""
        order, keys, last = group.next_turn()
        # No number is used twice, even if the answer is lost and nobody knows what was handed out.
        number, self._number = self._number, self._number + limit
        args = [str(limit), self._token, str(number), str(int(lease_s * 1000)), *last]
        group.link.connect()  # Only then is it known whether the server tells.
        group.link.was_told()
        after = () if group.is_busy else self._arming(group)
        replies = group.link.scripts([*calls, (load("reserve"), keys, args)], before, after)
        answer = replies.pop(len(calls))
        handed_out = list(self._handed_out(order, number, answer))
        self._number = number + len(handed_out)
        due_ms, wrong = answer[:2]
        now = clock.monotonic()
        group.due = now + due_ms / 1000 if due_ms >= 0 else float("inf")
        if wrong:
            self._complain(wrong, now)
        return handed_out, replies

    def _arming(self, group: Group) -> Sequence[Command]:
        """Have the server tell when something comes; the last answer is how many lists hold something."""
        return (*self._caching, group.watch[0], *self._caching, group.watch[1])

    def _handed_out(self, order: Sequence[QueueKeys], number: int, answer: list[Any]) -> Iterator[HandedOut]:
        """Tag, priority of the list, and envelope of each message in the answer of the script."""
        place = 2
        while place < len(answer):
            queue, list_, some = answer[place : place + 3]
            for envelope in answer[place + 3 : place + 3 + some]:
                number += 1
                yield Tag(order[queue - 1].queue, f"{self._token}{number:08x}:{list_}"), list_ - 1, envelope
            place += 3 + some

    def _fit(self, handed_out: Sequence[HandedOut], group: Group) -> list[Delivery]:
        """The deliveries. What cannot be read goes to the dead letters, what is not due goes where it waits."""
        fit, unfit, now = [], [], clock.time()
        steps, is_mixed = self._keyspace.steps, False
        for tag, list_, envelope in handed_out:
            step = steps[list_]
            try:
                message, lost = decode(envelope, tag.queue, step)
            except DecodeError as error:
                _log.error("Queue %s: kept a message with the dead letters: %s: %.500r", tag.queue, error, envelope)
                delivery = Delivery(Message(tag.queue, envelope), tag)
                unfit.append(Settlement(delivery, Action.DEAD, reason=str(error)))
                continue
            delivery = Delivery(message, tag, lost)
            if message.due is not None and message.due > now:
                unfit.append(Settlement(delivery, Action.REQUEUE, due=message.due))
            else:
                fit.append(delivery)
                is_mixed = is_mixed or message.priority != step
        if unfit:
            self._settler.settle(unfit)
            group.armed = 0
        return _by_priority(fit) if is_mixed else fit

    def _look(self) -> bool:
        """Whether something is there, told or not; on the way, put back what the dead have left."""
        found = False
        for group in self._groups:
            waiting, held = group.link.pipeline(group.look)
            group.link.scripts((), before=group.listening(clock.time(), self._me))
            found = found or waiting > 0
            if held:
                back, *tags = group.link.script(load("reclaim"), group.reclaim_keys, group.reclaim_args)
                found = found or back > 0
                self._restore(group, tags)
        self._look_at = clock.monotonic() + self._poll_s
        return found

    def _restore(self, group: Group, tags: Sequence[bytes]) -> None:
        if tags and restore(group.link, self._keyspace, group.shared, tags):
            group.armed = 0

    def _complain(self, wrong: Sequence[bytes], now: float) -> None:
        for one in wrong:
            key, _, what = one.decode(errors="replace").partition("\n")
            if now - self._complained.get(key, -COMPLAIN_S) >= COMPLAIN_S:
                self._complained[key] = now
                _log.error("Nothing can be taken from %r: %s (another program uses this key?)", key, what)


def _by_priority(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """A list has more than one priority in it, in the order of publishing: here at least, the urgent come first."""
    places = {queue: place for place, queue in enumerate(dict.fromkeys(one.message.queue for one in deliveries))}
    return sorted(deliveries, key=lambda one: (places[one.message.queue], one.message.priority))
