"""From what came to deliveries: what cannot be read goes to the dead letters, what is worth nothing any more goes."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from umbel import clock
from umbel.exceptions import DecodeError, TemporaryError
from umbel.model import Action, Death, Delivery, Message, Settlement
from umbel_rabbitmq import losses
from umbel_rabbitmq.envelope import HISTORY, LOST, decode
from umbel_rabbitmq.holding import Holdings
from umbel_rabbitmq.link import Content
from umbel_rabbitmq.losses import Losses
from umbel_rabbitmq.settling import Settler

_log = logging.getLogger(__name__)


class Deliverer:
    """Used by the thread that reserves."""

    def __init__(self, holdings: Holdings, found: Losses, settler: Settler) -> None:
        self._holdings = holdings
        self._losses = found
        self._settler = settler

    def fit(self, taken: Sequence[tuple[str, Content]]) -> list[Delivery]:
        """The deliveries. Blocks if some of them came back from somebody."""
        fit: list[Delivery] = []
        unfit: list[Settlement] = []
        suspects: list[tuple[Delivery, Content, dict[str, object]]] = []
        now = clock.time()
        for queue, content in taken:
            hold = self._holdings.hand_out(queue, content)
            try:
                message, own = decode(content.properties, content.body, queue, content.exchange, content.routing_key)
            except DecodeError as error:
                _log.error("Queue %s: kept a message with the dead letters: %s", queue, error)
                delivery = Delivery(Message(queue, content.body), hold)
                unfit.append(Settlement(delivery, Action.DEAD, reason=str(error)))
                continue
            delivery = Delivery(message, hold)
            if message.expires is not None and message.expires <= now:
                unfit.append(Settlement(delivery))
                continue
            if own or content.redelivered or message.headers.get("x-death"):
                suspects.append((delivery, content, own))
            fit.append(delivery)
        if suspects:
            self._count(suspects)
        if unfit:
            self._settler.settle(unfit)
        return fit

    def _count(self, suspects: Sequence[tuple[Delivery, Content, dict[str, object]]]) -> None:
        """How often they were lost, and what befell them."""
        for delivery, _, _ in suspects:
            delivery.tag.message_id = losses.identity(delivery.message)
        back = [
            delivery.tag.message_id
            for delivery, content, _ in suspects
            if losses.is_back(content.redelivered, delivery.message.headers)
        ]
        deaths: dict[str, list[Death]] = {}
        if back:
            try:
                deaths = self._losses.deaths(back)
            except TemporaryError as error:
                _log.warning("It cannot be seen how often %d messages were lost: %s", len(back), error)
        for delivery, content, own in suspects:
            died = deaths.get(delivery.tag.message_id, [])
            headers, said = delivery.message.headers, own.get(LOST, 0)
            before = said if isinstance(said, int) else 0
            delivery.lost = losses.lost(content.redelivered, headers, before, len(died))
            came_back = losses.is_back(content.redelivered, headers)
            delivery.tag.history = losses.history(own.get(HISTORY), came_back and not before, died)
