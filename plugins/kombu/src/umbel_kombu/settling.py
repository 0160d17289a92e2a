"""Ending what is held: with the broker, where that has leases or acknowledgements, or else in kombu's memory alone."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from umbel import clock
from umbel.exceptions import DriverError, UnsupportedError
from umbel.model import Action, Delivery, Settlement
from umbel_kombu.holding import Hold, Holdings
from umbel_kombu.kinds import Kind
from umbel_kombu.leasing import Leases
from umbel_kombu.link import Link
from umbel_kombu.publishing import Publisher

_log = logging.getLogger(__name__)


class Settler:
    """Acknowledges over the connection that the messages came over, and puts back over the publisher's."""

    def __init__(self, link: Link, kind: Kind, holdings: Holdings, leases: Leases | None, publisher: Publisher) -> None:
        self._link = link
        self._kind = kind
        self._holdings = holdings
        self._leases = leases
        self._publisher = publisher
        #: What a call has done that failed after it: the kernel comes with the same batch again.
        self._done: list[Settlement] = []

    def settle(self, settlements: Sequence[Settlement]) -> Sequence[Settlement]:
        if any(one.due is not None for one in settlements):
            raise UnsupportedError("kombu's transports do not delay what is put back")
        before = {id(one) for one in self._done}
        refused = []
        for one in settlements:
            if id(one) in before:
                continue
            if self._holdings.has(one.delivery.tag) and self._end(one.delivery.tag, one.action):
                self._done.append(one)
            else:
                refused.append(one)
        self._done = []
        return refused

    def extend(self, deliveries: Sequence[Delivery], lease_s: float) -> Sequence[Delivery]:
        """The deliveries whose lease is lost."""
        if self._leases is None:
            for one in deliveries:
                if self._is_lost(one.tag):
                    self._holdings.remove(one.tag)
            return [one for one in deliveries if not one.tag.is_held]
        held = [one.tag for one in deliveries if self._holdings.has(one.tag)]
        began = clock.monotonic()
        late = self._leases.renew(held, lease_s) if held else ()
        for hold in held:
            hold.deadline = began + lease_s
        for hold in late:
            self._holdings.remove(hold)
        return [one for one in deliveries if not one.tag.is_held]

    def give_back(self) -> None:
        """Everything that is held goes back to its queue, as far as that can be done."""
        for hold in self._holdings.all():
            if self._holdings.has(hold):
                try:
                    self._end(hold, Action.REQUEUE)
                except DriverError as error:
                    _log.warning("Messages of queue %s were not given back: %s", hold.queue, error)
                    return

    def _channel(self) -> AbstractContextManager[Any]:
        return self._link.channel_meanwhile() if self._kind.threads else self._link.channel()

    def _end(self, hold: Hold, action: Action) -> bool:
        """False if it is not ours any more."""
        tag = hold.received.delivery_tag
        with self._channel() as channel:
            is_ours = self._is_ours(channel, hold)
            if not is_ours:
                pass
            elif action is Action.DEAD:
                channel.basic_reject(tag, requeue=False)
            elif action is Action.REQUEUE and not self._link.is_virtual:
                channel.basic_reject(tag, requeue=True)
            else:
                if action is Action.REQUEUE:
                    # Put there first: should the process die in between, it is there twice, and not lost.
                    self._publisher.put_back(hold.queue, hold.received)
                channel.basic_ack(tag)
            self._holdings.remove(hold)
        return is_ours

    def _is_ours(self, channel: Any, hold: Hold) -> bool:
        if self._is_lost(hold):
            return False
        if hold.opening != self._link.openings:
            if not self._link.is_virtual:
                return False  # A real broker's channel took what it held with it when it was closed.
            channel.qos.append(hold.received, hold.received.delivery_tag)
            hold.opening = self._link.openings
        return True

    def _is_lost(self, hold: Hold) -> bool:
        """Somebody else has it, as far as that is known here."""
        if hold.opening != self._link.openings:
            return self._kind.forgets
        return not self._link.holds(hold.received)
