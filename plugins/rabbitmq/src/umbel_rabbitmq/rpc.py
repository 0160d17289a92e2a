"""`rpc://`: results are messages to who has called, as Celery's backend of that name sends them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, ClassVar

from attrs import frozen

from umbel import states
from umbel.contracts import Backend, Subscription
from umbel.exceptions import ImproperlyConfigured
from umbel.model import Message, Record
from umbel_rabbitmq.declaring import Declarer
from umbel_rabbitmq.delays import Delays
from umbel_rabbitmq.opening import Opener
from umbel_rabbitmq.places import Places
from umbel_rabbitmq.publishing import Publisher
from umbel_rabbitmq.replies import Replies, RpcSubscription
from umbel_rabbitmq.settings import RabbitmqSettings

#: A header with the state, for those who do not look into the body.
STATE = "umbel-state"
#: Content type and encoding by the names of serializers, as kombu has them.
_CONTENT = {
    "json": ("application/json", "utf-8"),
    "yaml": ("application/x-yaml", "utf-8"),
    "pickle": ("application/x-python-serialize", "binary"),
    "msgpack": ("application/x-msgpack", "binary"),
}


@frozen(kw_only=True, eq=False)
class RpcSettings(RabbitmqSettings):
    """Those of the transport, and whose broker it is."""

    #: The broker: the URL does not say so.
    url: str | list[str] | None = None
    #: How it is reached.
    transport_options: dict[str, Any] | None = None
    #: How results are encoded.
    serializer: str = "json"
    #: Results survive a restart of the broker.
    persistent: bool | None = None


class RpcBackend(Backend):
    """A record is sent to the queue that the call has named; records of calls that name none are dropped.

    The client keeps what has come until it is forgotten, for nobody else has it.
    """

    contract_version = 1
    features: ClassVar[frozenset[str]] = frozenset({"private", "push"})
    settings_class = RpcSettings

    def __init__(self, url: str, settings: RpcSettings | None = None) -> None:
        """Raises `ImproperlyConfigured` without a broker."""
        settings = settings or RpcSettings()
        super().__init__(url, settings)
        host = url.partition("://")[2]
        broker = f"amqp://{host}" if host else settings.url
        if not broker:
            raise ImproperlyConfigured("rpc:// sends results through the broker: set broker_url to amqp://…")
        opener = Opener(broker if isinstance(broker, str) else ";".join(broker), settings)
        places = Places(opener.settings)
        self._publisher = Publisher(opener, places, Declarer(places, Delays(opener.settings)))
        self._replies = Replies(opener, lambda: self.reply_to, record_of)
        self._content = _CONTENT.get(settings.serializer, (f"application/x-{settings.serializer}", "binary"))
        self._mode = 2 if settings.persistent else 1

    def store(self, records: Sequence[Record]) -> None:
        posts = []
        if any(record.reply_to in (None, self.reply_to) for record in records):
            self._replies.make(self._publisher)
        for record in records:
            to = record.reply_to or self.reply_to
            if to:
                properties = {"correlation_id": record.task_id, "delivery_mode": self._mode}
                message = Message("", record.payload, {}, properties, *self._content)
                post = self._publisher.post(message, "", "", to, {STATE: record.state})
                post.mandatory = False  # the client may have gone
                posts.append(post)
        if posts:
            self._publisher.send(posts)

    def fetch(self, task_ids: Sequence[str]) -> Sequence[Record | None]:
        if task_ids:
            self._replies.catch_up()
        return [self._replies.get(task_id) for task_id in task_ids]

    def forget(self, task_ids: Sequence[str]) -> None:
        if task_ids:
            self._replies.catch_up()  # They may be on their way.
            self._replies.forget(task_ids)

    def subscribe(self) -> Subscription:
        return RpcSubscription(self._replies)

    def close(self) -> None:
        for subscription in list(self._replies.subscriptions):
            subscription.close()
        self._replies.close()
        self._publisher.close()


def record_of(message: Message) -> Record | None:
    """The record in a message; None if it is none. What Celery's workers send says its state in the body alone."""
    task_id, state = message.properties.get("correlation_id"), message.headers.get(STATE)
    if state is None and message.content_type == "application/json":
        with suppress(ValueError, AttributeError):
            state = json.loads(message.body).get("status")
    return Record(task_id, str(state or states.SUCCESS), message.body) if task_id else None
