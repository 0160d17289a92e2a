"""Publishing, with confirms for all of a batch together: one write, and a wait for the last of them.

https://www.rabbitmq.com/docs/confirms
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count, takewhile
from secrets import token_hex
from threading import RLock
from typing import Any

from attrs import define

from umbel import clock
from umbel.exceptions import PermanentError
from umbel.model import Message
from umbel_rabbitmq import frames
from umbel_rabbitmq.declaring import Declarer, check_name
from umbel_rabbitmq.delays import ENTRANCE, routing_key
from umbel_rabbitmq.envelope import EXPIRES, encode, message_id_of
from umbel_rabbitmq.errors import BlockedError, GoneError, RefusedError, UnroutableError
from umbel_rabbitmq.link import Content, Link, Listener
from umbel_rabbitmq.opening import Opener
from umbel_rabbitmq.places import Places
from umbel_rabbitmq.replyqueue import make

#: Messages and bytes of one write; confirms are taken in between.
MESSAGES_AT_ONCE, BYTES_AT_ONCE = 200, 4 * 2**20
#: After which a quorum queue without a leader is asked again: for five seconds, in which one is elected.
PAUSES_S = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 1.8)


@define(slots=True, eq=False)
class Post:
    """A message with where it goes. `queue` is declared first; empty: nothing is."""

    queue: str
    exchange: str
    routing_key: str
    properties: bytes
    body: bytes
    message_id: str
    mandatory: bool = True
    #: For the one who gave it.
    message: Message | None = None
    delayed: bool = False
    done: bool = False
    problem: str = ""

    @property
    def what(self) -> str:
        headers = self.message.headers if self.message is not None else {}
        return f"the message {headers.get('task') or self.message_id}[{headers.get('id') or ''}]".removesuffix("[]")


class Publisher(Listener):
    """Has the connection that publishes, declares and looks; it may be blocked without holding up who consumes.

    Threads may share it: each call has it for itself.
    """

    def __init__(self, opener: Opener, places: Places, declarer: Declarer) -> None:
        self.link = Link(opener, self)
        self.lock = RLock()
        self.declarer = declarer
        self._settings = opener.settings
        self._places = places
        self._mode = 1 if self._settings.default_delivery_mode in (1, "transient") else 2
        self._replies = (self._settings.backend or "").partition(":")[0] == "rpc"
        #: The queues for results that are there, as of which connection.
        self._replied: tuple[int, set[str]] = (0, set())
        self._token = token_hex(8)
        self._numbers = count(1)
        self._number = 0
        #: What the broker has not confirmed yet, by the numbers of this connection; and of that, what came back.
        self._open: dict[int, Post] = {}
        self._by_id: dict[str, Post] = {}
        #: What it had of a batch that failed: whoever publishes that once more means the rest.
        self._had: dict[int, Message] = {}

    # For the transport

    def publish(self, messages: Sequence[Message]) -> None:
        """Returns when the broker has them all."""
        with self.lock:
            had = self._had
            if had:
                messages = [one for one in messages if had.pop(id(one), None) is not one]
            posts: list[Post] = []
            try:
                self._send(self._made(messages, posts))
                self._judge(posts)
            except BaseException:
                self._had = {id(post.message): post.message for post in posts if post.done and post.message is not None}
                raise

    def _made(self, messages: Sequence[Message], posts: list[Post]) -> Iterator[Sequence[Post]]:
        """In parts: the next one is made while the broker is busy with the one before. They are added to `posts`."""
        for start in range(0, len(messages), MESSAGES_AT_ONCE):
            part = [self._post(message) for message in messages[start : start + MESSAGES_AT_ONCE]]
            posts += part
            yield part

    def _post(self, message: Message) -> Post:
        if message.exchange:
            queue = message.queue if self._places.says(message.queue) else ""
            return self.post(message, queue, message.exchange, message.routing_key or message.queue)
        return self.to_queue(message)

    def to_queue(self, message: Message, own: dict[str, Any] | None = None) -> Post:
        """On its way to its queue, by its exchange, at once or when it is due."""
        return self._later(message, own, message.due) or self.post(
            message, message.queue, *self._places[message.queue].address, own=own
        )

    # For those who put messages back

    def back(self, message: Message, own: dict[str, Any] | None = None, due: float | None = None) -> Post:
        """On its way to its queue and no other, at once or when it is due."""
        return self._later(message, own, due) or self.post(message, message.queue, "", message.queue, own)

    def _later(self, message: Message, own: dict[str, Any] | None, due: float | None) -> Post | None:
        """On its way to its queue when it is due; None if that is now."""
        delay_s = 0.0 if due is None else due - clock.time()
        if delay_s > 0:
            if message.expires is not None:
                # A time to live would shorten the delay.
                own = {**(own or {}), EXPIRES: message.expires}
            post = self.post(message, message.queue, ENTRANCE, routing_key(delay_s, message.queue), own)
            post.delayed = True
            return post
        return None

    def post(
        self, message: Message, queue: str, exchange: str, routing_key: str, own: dict[str, Any] | None = None
    ) -> Post:
        """On its way to anywhere. Raises `PermanentError` if it cannot be encoded."""
        if queue:
            check_name(queue)
        message_id = str(message.properties.get("message_id") or f"{self._token}{next(self._numbers):x}")
        properties = encode(message, self._mode, message_id, own)
        return Post(queue, exchange, routing_key, properties, message.body, message_id, message=message)

    def deliver(self, posts: Sequence[Post]) -> None:
        """Returns when the broker has said of all whether it has them."""
        with self.lock:
            self._send([posts])

    def send(self, posts: Sequence[Post]) -> None:
        """Returns when the broker has them. Raises for the first that it has not."""
        with self.lock:
            self._send([posts])
            self._judge(posts)

    def _judge(self, posts: Sequence[Post]) -> None:
        """Raises for the first that the broker has not, and nobody can help."""
        for pause_s in PAUSES_S:
            refused = [post for post in posts if not post.done and not post.problem and self._may_be_led(post.queue)]
            if not refused:
                break
            clock.sleep(pause_s)  # Its leader may be on its way, as when it was made by two at once.
            self._send([refused])
        again = [post for post in posts if post.problem and post.queue]
        if again:
            # The queue was there when it was declared: it has been deleted since.
            for post in again:
                self.declarer.forget(post.queue)
                post.problem = ""
            self._send([again])
        for post in posts:
            if post.problem:
                raise UnroutableError(
                    f"{self.link.where}: {post.what} was given back ({post.problem}): no queue is bound to "
                    f"exchange {post.exchange!r} for routing key {post.routing_key!r}: bind one, or name a queue"
                )
        for post in posts:
            if not post.done:
                raise RefusedError(
                    f"{self.link.where}: {post.what} was refused (basic.nack): the queue {post.queue!r} is full "
                    "(x-max-length, x-overflow), or has no leader"
                )

    def _may_be_led(self, queue: str) -> bool:
        """Whether that it has refused a message is because it has no leader yet: it is a quorum queue, and none that
        refuses what it has no room for."""
        said = self._places[queue].arguments if queue else {}
        return said.get("x-queue-type") == "quorum" and said.get("x-overflow") != "reject-publish"

    def _send(self, parts: Iterable[Sequence[Post]]) -> None:
        """Write them all, and wait for what the broker says of them. It hears of what was written before an error."""
        link = self.link
        if not (link.is_fresh or link.is_there()):
            link.open()
        deadline = clock.monotonic() + self._settings.confirm_timeout
        self._wait_while_blocked(deadline)
        try:
            try:
                for posts in parts:
                    self._prepare(posts)
                    self._write(posts)
            except PermanentError:
                if link.is_open:
                    self._wait_for_all(deadline)
                raise
            self._wait_for_all(deadline)
        finally:
            self._open, self._by_id = {}, {}

    def _prepare(self, posts: Sequence[Post]) -> None:
        for post in posts:
            if post.queue:
                (self.declarer.delay if post.delayed else self.declarer.declare)(self.link, post.queue)
        if self._replies:
            self._make_replies(posts)
        self._by_id.update({post.message_id: post for post in posts if post.mandatory})

    def _wait_for_all(self, deadline: float) -> None:
        while self._open:
            self._wait(deadline)

    def _make_replies(self, posts: Sequence[Post]) -> None:
        """The results come by `rpc://`: there must be a queue for them before somebody sends one."""
        if self._replied[0] != self.link.openings:
            self._replied = self.link.openings, set()
        for post in posts:
            to = post.message.properties.get("reply_to") if post.message is not None else None
            if to and to not in self._replied[1]:
                with self.link.calling():
                    make(self.link.desk, str(to), self._settings)
                self._replied[1].add(str(to))

    def _write(self, posts: Sequence[Post]) -> None:
        link, most = self.link, self.link.frame_max
        parts: list[bytes] = []
        size = 0
        for post in posts:
            self._number += 1
            self._open[self._number] = post
            parts.append(frames.publish_method(post.exchange, post.routing_key, post.mandatory))
            parts += frames.content(post.properties, post.body, most)
            size += len(post.body) + len(post.properties)
            if size >= BYTES_AT_ONCE:
                self._flush(parts)
                parts, size = [], 0
        if len(posts) > 1:
            self._flush(parts)
        else:
            link.write(b"".join(parts))

    def _flush(self, parts: Sequence[bytes]) -> None:
        self.link.write(b"".join(parts))
        while self.link.is_readable():  # so that the broker does not wait for room for its confirms
            self.link.read(0.0)

    def _wait(self, deadline: float) -> None:
        left_s = deadline - clock.monotonic()
        if left_s <= 0:
            blocked, where = self.link.blocked, self.link.where
            self.link.drop()  # What is confirmed later would be taken for something else.
            if blocked:
                raise self._blocked()
            raise GoneError(f"{where}: not confirmed within {self._settings.confirm_timeout} s")
        self.link.read(left_s)

    def _wait_while_blocked(self, deadline: float) -> None:
        while self.link.blocked:
            left_s = deadline - clock.monotonic()
            if left_s <= 0:
                raise self._blocked()
            self.link.read(left_s)

    def _blocked(self) -> BlockedError:
        return BlockedError(
            f"{self.link.where}: it has blocked publishers for {self._settings.confirm_timeout} s, as it is short of "
            "memory or disk: see rabbitmqctl list_alarms"
        )

    def close(self) -> None:
        with self.lock:
            self.link.close()

    # What the link tells

    def opened(self, link: Link) -> None:
        self._number = 0
        self._open, self._by_id = {}, {}
        link.hot.confirm_select()

    def confirmed(self, number: int, multiple: bool, good: bool) -> None:
        if not multiple:
            over = [number] if number in self._open else []
        else:  # They stand in the order of their numbers.
            over = list(takewhile(number.__ge__, self._open))
        for one in over:
            post = self._open.pop(one)
            post.done = good and not post.problem

    def returned(self, content: Content) -> None:
        # It comes before its confirm.
        post = self._by_id.get(message_id_of(content.properties))
        if post is not None:
            post.problem = content.problem
