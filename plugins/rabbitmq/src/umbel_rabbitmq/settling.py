"""Ending deliveries, and holding on to them for longer than the broker would have it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from umbel import clock
from umbel.model import Action, Death, Delivery, Message, Settlement
from umbel_rabbitmq.deadletters import DeadLetters
from umbel_rabbitmq.envelope import HISTORY, LOST
from umbel_rabbitmq.holding import Hold, Holdings, by_keeper
from umbel_rabbitmq.losses import Losses, as_header, here
from umbel_rabbitmq.places import Places
from umbel_rabbitmq.publishing import Post, Publisher


class Settler:
    """What goes anywhere else goes there as a copy, and is acknowledged once the broker has confirmed that.

    `basic.nack` would put a message back in its place, but the next one to get it could not tell that from a loss.
    """

    def __init__(self, publisher: Publisher, places: Places, losses: Losses, dead_letters: DeadLetters) -> None:
        self._publisher = publisher
        self._places = places
        self._losses = losses
        self._dead_letters = dead_letters

    def settle(self, settlements: Sequence[Settlement]) -> Sequence[Settlement]:
        """Returns those that were not held."""
        if all(one.action is Action.ACK for one in settlements):
            tags = {id(one.delivery.tag) for one in settlements}
            if len(tags) == len(settlements):
                return self._end(settlements, ())
        mine, refused = self._held(settlements)
        acknowledged, rejected, posts = [], [], list[Post]()
        dead: list[tuple[Message, str, int, Sequence[Death]]] = []
        for settlement in mine:
            delivery, hold = settlement.delivery, settlement.delivery.tag
            if settlement.action is Action.DEAD and self._places[hold.queue].buries:
                rejected.append(settlement)
                continue
            acknowledged.append(settlement)
            if settlement.action is Action.DEAD:
                dead.append((delivery.message, settlement.reason, delivery.lost, hold.history))
            elif settlement.action is Action.REQUEUE:
                posts.append(self._back(settlement))
        if dead:
            posts += self._dead_letters.posts(dead)
        if posts:
            self._publisher.send(posts)
        lost = self._end(acknowledged, rejected)
        return refused + lost if lost else refused

    def _held(self, settlements: Sequence[Settlement]) -> tuple[list[Settlement], list[Settlement]]:
        seen: set[int] = set()
        mine, refused = [], []
        for settlement in settlements:
            hold: Hold = settlement.delivery.tag
            if id(hold) not in seen and hold.is_held:
                seen.add(id(hold))
                mine.append(settlement)
            else:
                refused.append(settlement)
        return mine, refused

    def _end(self, acknowledged: Sequence[Settlement], rejected: Sequence[Settlement]) -> list[Settlement]:
        lost = _ended(Holdings.acknowledge, acknowledged) | _ended(Holdings.reject, rejected)
        both = [*acknowledged, *rejected]
        if begun := [one.delivery.tag.message_id for one in both if one.delivery.tag.begun]:
            self._losses.forget(begun)
        return [one for one in both if id(one.delivery.tag) in lost] if lost else []

    def _back(self, settlement: Settlement) -> Post:
        delivery, hold = settlement.delivery, settlement.delivery.tag
        lost, history = delivery.lost + settlement.lost, list(hold.history)
        if settlement.lost:
            history.append(Death(clock.time(), here(), settlement.reason or "its process died"))
        own = {LOST: lost, HISTORY: as_header(history)} if lost or history else None
        return self._publisher.back(delivery.message, own, settlement.due)

    def begun(self, deliveries: Sequence[Delivery]) -> None:
        """Note that they run, where that is of interest."""
        for delivery in deliveries:
            hold: Hold = delivery.tag
            if delivery.lost and not hold.begun and hold.is_held:
                self._losses.begun(hold.message_id)
                hold.begun = True

    def bury(self, messages: Sequence[Message], reason: str) -> None:
        """Keep messages that nobody holds."""
        self._publisher.send(self._dead_letters.posts([(message, reason, 0, ()) for message in messages]))


def _ended(how: Callable[[Holdings, Sequence[Hold]], Sequence[Hold]], settlements: Sequence[Settlement]) -> set[int]:
    """End the holds in that way; the ids of those that were not held."""
    lost: Sequence[Hold] = [one.delivery.tag for one in settlements]
    for _ in range(2):  # What is held anew at this moment has another keeper when it is looked at again.
        again, lost = lost, []
        for keeper, holds in by_keeper(again).items():
            lost = [*lost, *how(keeper, holds)]
        if not any(hold.is_held for hold in lost):
            break
    return {id(hold) for hold in lost}
