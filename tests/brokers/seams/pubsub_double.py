"""A double of Google Pub/Sub: topics and subscriptions over gRPC, as its emulator has them.

It writes its port when it listens.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty
from google.pubsub_v1 import types

_changed = threading.Condition()
_numbers = count(1)
_topics: dict[str, types.Topic] = {}
_subscriptions: dict[str, types.Subscription] = {}
#: Of each subscription: the messages by their numbers, as [data, when the deadline ends].
_waiting: dict[str, dict[str, list[Any]]] = {}


def _create_topic(asked: types.Topic, context: Any) -> types.Topic:
    if asked.name in _topics:
        context.abort(grpc.StatusCode.ALREADY_EXISTS, asked.name)
    _topics[asked.name] = asked
    return asked


def _get_topic(asked: types.GetTopicRequest, context: Any) -> types.Topic:
    if asked.topic not in _topics:
        context.abort(grpc.StatusCode.NOT_FOUND, asked.topic)
    return _topics[asked.topic]


def _publish(asked: types.PublishRequest, context: Any) -> types.PublishResponse:
    """To the subscriptions whose filter says this routing key, or nothing."""
    ids = [str(next(_numbers)) for _ in asked.messages]
    for name, subscription in _subscriptions.items():
        for id, message in zip(ids, asked.messages, strict=True):
            wanted = f'attributes.routing_key="{message.attributes.get("routing_key", "")}"'
            if subscription.topic == asked.topic and subscription.filter in ("", wanted):
                _waiting[name][id] = [message.data, 0.0]
    _changed.notify_all()
    return types.PublishResponse(message_ids=ids)


def _create_subscription(asked: types.Subscription, context: Any) -> types.Subscription:
    if asked.name in _subscriptions:
        context.abort(grpc.StatusCode.ALREADY_EXISTS, asked.name)
    _subscriptions[asked.name] = asked
    _waiting[asked.name] = {}
    return asked


def _update_subscription(asked: types.UpdateSubscriptionRequest, context: Any) -> types.Subscription:
    return asked.subscription


def _pull(asked: types.PullRequest, context: Any) -> types.PullResponse:
    """Waits for the first one, as Pub/Sub does, but not as long."""
    found: list[types.ReceivedMessage] = []
    ends = time.monotonic() + 0.05
    while not found and context.is_active():
        now = time.monotonic()
        deadline_s = _subscriptions[asked.subscription].ack_deadline_seconds
        for id, message in _waiting[asked.subscription].items():
            if message[1] <= now and len(found) < asked.max_messages:
                message[1] = now + deadline_s
                pulled = types.PubsubMessage(data=message[0], message_id=id)
                found.append(types.ReceivedMessage(ack_id=id, message=pulled))
        if not found and (now >= ends or not _changed.wait(ends - now)):
            break
    return types.PullResponse(received_messages=found)


def _acknowledge(asked: types.AcknowledgeRequest, context: Any) -> Empty:
    for id in asked.ack_ids:
        _waiting[asked.subscription].pop(id, None)
    return Empty()


def _modify(asked: types.ModifyAckDeadlineRequest, context: Any) -> Empty:
    for id in asked.ack_ids:
        if id in _waiting[asked.subscription]:
            _waiting[asked.subscription][id][1] = time.monotonic() + asked.ack_deadline_seconds
    return Empty()


def _method(call: Callable[[Any, Any], Any], asked: Any) -> grpc.RpcMethodHandler:
    def locked(request: Any, context: Any) -> Any:
        with _changed:
            return call(request, context)

    def serialize(answer: Any) -> bytes:
        return answer.SerializeToString() if isinstance(answer, Empty) else type(answer).serialize(answer)

    return grpc.unary_unary_rpc_method_handler(locked, asked.deserialize, serialize)


PUBLISHER = {
    "CreateTopic": _method(_create_topic, types.Topic),
    "GetTopic": _method(_get_topic, types.GetTopicRequest),
    "Publish": _method(_publish, types.PublishRequest),
}
SUBSCRIBER = {
    "CreateSubscription": _method(_create_subscription, types.Subscription),
    "UpdateSubscription": _method(_update_subscription, types.UpdateSubscriptionRequest),
    "Pull": _method(_pull, types.PullRequest),
    "Acknowledge": _method(_acknowledge, types.AcknowledgeRequest),
    "ModifyAckDeadline": _method(_modify, types.ModifyAckDeadlineRequest),
}

if __name__ == "__main__":
    server = grpc.server(ThreadPoolExecutor(64))
    for name, methods in (("Publisher", PUBLISHER), ("Subscriber", SUBSCRIBER)):
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(f"google.pubsub.v1.{name}", methods),))
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    server.wait_for_termination()
