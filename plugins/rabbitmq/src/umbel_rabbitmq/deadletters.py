"""The messages that nobody could handle: each queue has another one for them, `umbel.dead.<queue>`.

Nobody consumes from it. Who looks takes all that is there and gives it back, in its order, when the look is over; so
two operators who look at the same moment see a part each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from attrs import frozen

from umbel import clock
from umbel.exceptions import DecodeError
from umbel.model import DeadLetter, Death, Message
from umbel_rabbitmq import frames
from umbel_rabbitmq.declaring import exists
from umbel_rabbitmq.envelope import HISTORY, LOST, decode
from umbel_rabbitmq.link import Content, Link, Listener
from umbel_rabbitmq.losses import as_header, from_header, here
from umbel_rabbitmq.opening import Opener
from umbel_rabbitmq.publishing import Post, Publisher

PREFIX = "umbel.dead."
#: Headers of a dead letter.
REASON, DIED = "umbel-reason", "umbel-died"


@frozen
class Found:
    """A dead letter, and its number for the one who looks."""

    number: int
    letter: DeadLetter


class DeadLetters:
    """Blocks."""

    def __init__(self, publisher: Publisher, opener: Opener) -> None:
        self._publisher = publisher
        self._opener = opener
        self._arguments = {"x-max-length": opener.settings.max_dead_letters}
        self._opening = 0
        self._made: set[str] = set()

    def posts(self, dead: Sequence[tuple[Message, str, int, Sequence[Death]]]) -> list[Post]:
        """On their way to the dead letters: message, reason, how often it was lost, and what befell it before."""
        with self._publisher.lock:
            for queue in dict.fromkeys(message.queue for message, *_ in dead):
                self._make(queue)
            return [self._post(*one) for one in dead]

    def letters(self, queue: str, limit: int) -> list[DeadLetter]:
        """The oldest first."""
        with self._looking(queue) as look:
            return [found.letter for found in look(limit)]

    def take(self, queue: str, keys: Sequence[str], back: bool) -> int:
        """Delete these, or put them back on their queue; returns how many were there."""
        with self._looking(queue) as look:
            chosen = [found for found in look(self._opener.settings.max_dead_letters) if found.letter.key in keys]
            if back:
                letters = [found.letter for found in chosen]
                own = [{HISTORY: as_header(letter.history)} if letter.history else None for letter in letters]
                posts = [self._publisher.back(letter.message, some) for letter, some in zip(letters, own, strict=True)]
                self._publisher.send(posts)
            look.acknowledge([found.number for found in chosen])
        return len(chosen)

    def _post(self, message: Message, reason: str, lost: int, history: Sequence[Death]) -> Post:
        now = clock.time()
        story = as_header([*history, Death(now, here(), reason)])
        own = {REASON: reason[:2000], DIED: now, LOST: lost, HISTORY: story}
        return self._publisher.post(message, "", "", PREFIX + message.queue, own)

    def _make(self, queue: str) -> None:
        link = self._publisher.link
        if not link.is_there():
            link.open()
        if link.openings != self._opening:
            self._opening, self._made = link.openings, set()
        if queue not in self._made:
            with link.calling():
                link.desk.queue_declare(PREFIX + queue, durable=True, auto_delete=False, arguments=self._arguments)
            self._made.add(queue)

    @contextmanager
    def _looking(self, queue: str) -> Iterator[_Look]:
        with self._publisher.lock:
            self._publisher.link.open()
            there = exists(self._publisher.link, PREFIX + queue)
        look = _Look(self._opener, queue, there)
        try:
            yield look
        finally:
            look.close()  # What was not taken goes back.


class _Look(Listener):
    """A connection of its own for as long as somebody looks."""

    def __init__(self, opener: Opener, queue: str, there: bool) -> None:
        self._queue = queue
        self._there = there
        self._link = Link(opener, self)
        self._came: list[Content] = []
        self._nothing = 0

    def __call__(self, limit: int) -> list[Found]:
        """The letters, oldest first."""
        if not self._there or limit <= 0:
            return []
        self._link.open()
        while not self._nothing and len(self._came) < limit:
            asked = min(limit - len(self._came), 200)
            wanted = len(self._came) + asked
            self._link.write(frames.get(PREFIX + self._queue) * asked)
            while len(self._came) + self._nothing < wanted:
                self._link.read_answer()
        return [Found(content.number, _letter(self._queue, content)) for content in self._came]

    def acknowledge(self, numbers: Sequence[int]) -> None:
        if numbers:
            self._link.write(b"".join([frames.ack(number) for number in numbers]))

    def close(self) -> None:
        self._link.close()

    def delivered(self, content: Content) -> None:
        self._came.append(content)

    def got_nothing(self) -> None:
        self._nothing += 1


def _letter(queue: str, content: Content) -> DeadLetter:
    try:
        message, own = decode(content.properties, content.body, queue, "", "")
    except DecodeError as error:
        message, own = Message(queue, content.body, {REASON: str(error)}), {}  # as it came
    reason, died = message.headers.pop(REASON, ""), message.headers.pop(DIED, 0.0)
    key = f"{queue}/{message.properties.get('message_id') or content.number}"
    return DeadLetter(
        key, message, str(reason), float(died), int(own.get(LOST, 0)), tuple(from_header(own.get(HISTORY)))
    )
