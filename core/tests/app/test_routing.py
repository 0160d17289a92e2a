"""Where a call goes: the caller's word, `task_routes`, the task's own, the default."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

from umbel import Umbel
from umbel.exceptions import ImproperlyConfigured, QueueNotFound
from umbel.model import Message


def route_to_night(name: str, args: Any, kwargs: Any, options: Any, task: Any = None, **_: Any) -> Any:
    """A router of the user's: a function as Celery has them."""
    return {"queue": "night", "priority": 3} if kwargs.get("late") else None


def sent(app: Umbel, name: str = "proj.mail.send", kwargs: Any = None, **options: Any) -> Message:
    app.send_task(name, (), kwargs, **options)
    message: Message = app.transport.waiting.pop()  # type: ignore[attr-defined]
    return message


@pytest.mark.parametrize(
    ("routes", "queue"),
    [
        (None, "celery"),
        ({"proj.mail.send": "mail"}, "mail"),
        ({"proj.mail.send": {"queue": "mail"}}, "mail"),
        ({"proj.*": {"queue": "all"}}, "all"),
        ({"proj.*": "all", "proj.mail.send": "mail"}, "all"),
        ([("proj.mail.*", "mail"), ("*", "rest")], "mail"),
        ({re.compile(r"proj\.(mail|video)\..*"): "media"}, "media"),
        ({"other.*": "other"}, "celery"),
        (lambda name, args, kwargs, options, task=None, **_: {"queue": name.split(".")[1]}, "mail"),
        (f"{__name__}.route_to_night", "night"),
        (f"{__name__}:route_to_night", "night"),
        ([lambda *_, **__: None, {"proj.mail.*": "second"}, {"*": "third"}], "second"),
    ],
)
def test_every_form_of_task_routes(make_app: Any, routes: Any, queue: str) -> None:
    assert sent(make_app(task_routes=routes), kwargs={"late": True}).queue == queue


def test_a_router_may_set_other_options_and_sees_the_arguments(make_app: Any) -> None:
    app = make_app(task_routes=(route_to_night,))
    late, early = sent(app, kwargs={"late": True}), sent(app)
    assert (late.queue, late.priority) == ("night", 3)
    assert (early.queue, early.priority) == ("celery", 0)


def test_the_caller_counts_more_than_the_router_and_that_more_than_the_task(make_app: Any) -> None:
    app = make_app(task_routes={"proj.mail.send": {"queue": "routed", "priority": 5}})

    @app.task(name="proj.mail.send", queue="own", priority=1)
    def send() -> None: ...

    @app.task(name="proj.other", queue="own")
    def other() -> None: ...

    assert sent(app).queue == "routed"
    assert sent(app, "proj.other").queue == "own"
    called = sent(app, queue="asked", priority=7)
    assert (called.queue, called.priority) == ("asked", 7)


def test_another_name_can_be_routed_by(make_app: Any) -> None:
    app = make_app(task_routes={"proj.mail.*": "mail"})
    assert sent(app, "proj.other", route_name="proj.mail.send").queue == "mail"


def test_a_task_may_say_how_its_messages_are_delivered(app: Umbel) -> None:
    @app.task(name="proj.mail.send", delivery_mode=1)
    def send() -> None: ...

    assert sent(app).properties["delivery_mode"] == 1


def test_the_task_names_an_exchange(make_app: Any) -> None:
    app = make_app(task_queues=QUEUES)

    @app.task(name="proj.mail.send", exchange="pictures", routing_key="photo")
    def send() -> None: ...

    message = sent(app)
    assert (message.queue, message.exchange, message.routing_key) == ("images", "pictures", "photo")


def test_what_is_no_route_is_refused(make_app: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="expected a queue's name or a dict of options, found 3"):
        sent(make_app(task_routes={"proj.mail.send": 3}))


class Queue(SimpleNamespace):
    """As kombu's: told by its attributes."""


def queue(name: str, exchange: str, type: str, key: str, *others: Any) -> Queue:
    to = SimpleNamespace(name=exchange, type=type)
    bindings = [SimpleNamespace(exchange=to, routing_key=other) for other in others]
    return Queue(name=name, exchange=to, routing_key=key, bindings=bindings)


QUEUES = [
    queue("feed", "media", "topic", "media.feed.#", "#.rss"),
    queue("video", "media", "topic", "media.*.video"),
    queue("images", "pictures", "direct", "image", "photo"),
    queue("news", "everybody", "fanout", ""),
]


@pytest.mark.parametrize(
    ("exchange", "key", "expected"),
    [
        ("media", "media.feed", "feed"),
        ("media", "media.feed.a.b", "feed"),
        ("media", "rss", "feed"),
        ("media", "a.rss", "feed"),
        ("media", "media.x.video", "video"),
        ("media", "media.x.y.video", "media.x.y.video"),
        ("pictures", "photo", "images"),
        ("pictures", "images", "images"),
        ("everybody", "whatever", "news"),
        ("media", "photo", "photo"),
    ],
)
def test_a_queue_is_found_by_what_is_bound_to_the_exchange(
    make_app: Any, exchange: str, key: str, expected: str
) -> None:
    message = sent(make_app(task_queues=QUEUES), exchange=exchange, routing_key=key)
    assert (message.queue, message.exchange, message.routing_key) == (expected, exchange, key)


def test_queues_may_be_a_dict_of_options(make_app: Any) -> None:
    app = make_app(task_queues={"cpubound": {"exchange": "work", "routing_key": "cpu"}, "plain": None})
    assert sent(app, exchange="work", routing_key="cpu").queue == "cpubound"
    assert sent(app, queue="plain").queue == "plain"


def test_without_an_exchange_the_default_one_is_meant(make_app: Any) -> None:
    app = make_app(task_queues=QUEUES, task_default_exchange="pictures")
    assert sent(app, routing_key="photo").queue == "images"


def test_a_queue_that_may_not_be_created_is_refused_at_the_call(make_app: Any) -> None:
    app = make_app(task_queues=["a", *QUEUES], task_create_missing_queues=False, task_default_queue="a")
    assert sent(app).queue == "a"
    assert sent(app, queue="news").queue == "news"
    with pytest.raises(QueueNotFound, match="'b' is not in task_queues"):
        sent(app, queue="b")
    alone = make_app(task_create_missing_queues=False)
    assert sent(alone).queue == "celery"
    with pytest.raises(QueueNotFound):
        sent(alone, queue="b")


@pytest.mark.parametrize(
    "option", ["producer", "connection", "publisher", "router", "declare", "mandatory", "immediate", "content_type"]
)
def test_what_celery_hands_to_its_producers_is_refused(app: Umbel, option: str) -> None:
    @app.task(name="proj.mail.send")
    def send() -> None: ...

    for call in (send.apply_async, lambda **options: app.send_task("proj.mail.send", **options)):
        with pytest.raises(TypeError, match=f"{option}=1 is for Celery's producers"):
            call(**{option: 1})
        call(**{option: None})
