"""What a call may say of its message, and of its result."""

from __future__ import annotations

import zlib
from typing import Any

import pytest

from umbel import AsyncResult, Umbel
from umbel.contracts import Compression, Serializer


class ReprSerializer(Serializer):
    contract_version = 1
    content_type, content_encoding = "application/x-repr", "utf-8"

    def dumps(self, value: Any) -> bytes:
        return repr(value).encode()

    def loads(self, data: bytes) -> Any:
        return eval(data)


class ZlibCompression(Compression):
    contract_version = 1
    content_type = "application/x-zlib"

    def compress(self, data: bytes) -> bytes:
        return zlib.compress(data)

    def decompress(self, data: bytes, max_bytes: int) -> bytes:
        return zlib.decompress(data)


@pytest.fixture
def app(app: Umbel) -> Umbel:
    app.catalogue.register("serializer", "own", ReprSerializer)
    app.catalogue.register("compression", "own", ZlibCompression)
    return app


def message_of(app: Umbel, **options: Any) -> Any:
    app.send_task("proj.work", ("x" * 1000,), **options)
    return app.transport.waiting.pop()  # type: ignore[attr-defined]


def test_a_call_chooses_how_its_arguments_are_encoded_and_compressed(app: Umbel) -> None:
    message = message_of(app, serializer="own", compression="own")
    assert (message.content_type, message.headers["compression"]) == ("application/x-repr", "application/x-zlib")
    assert eval(zlib.decompress(message.body))[0] == ("x" * 1000,)


def test_a_task_chooses_it_for_its_calls(app: Umbel) -> None:
    @app.task(serializer="own", compression="own", name="proj.work")
    def work(text: str) -> None: ...

    message = message_of(app)
    assert (message.content_type, message.headers["compression"]) == ("application/x-repr", "application/x-zlib")


def test_a_call_says_of_what_workflow_it_is_a_part(app: Umbel) -> None:
    said = {"root_id": "r", "parent_id": "p", "group_id": "g", "group_index": 2, "replaced_task_nesting": 1}
    message = message_of(app, **said, origin="me", retries=3, reply_to="you", chord={"task": "proj.body"}, chain=[])
    kept = {name.removesuffix("_id") if name == "group_id" else name: value for name, value in said.items()}
    assert {name: message.headers[name] for name in kept} == kept
    assert (message.headers["origin"], message.headers["retries"]) == ("me", 3)
    assert message.properties["reply_to"] == "you"
    assert app.formats.decode(message)[2]["chord"] == {"task": "proj.body"}


def test_stamps_are_options_that_are_named(app: Umbel) -> None:
    message = message_of(app, stamped_headers=["who"], who="Ada")
    assert (message.headers["stamped_headers"], message.headers["stamps"]) == (["who"], {"who": "Ada"})


def test_a_task_may_forget_what_it_has_sent(app: Umbel) -> None:
    @app.task(name="proj.child")
    def child() -> None: ...

    @app.task(bind=True)
    def parent(self: Any) -> int:
        child.apply_async(add_to_parent=False)
        child.apply_async()
        return len(self.request.children)

    assert parent.apply().get() == 1


def test_a_task_without_a_trail_remembers_nothing(app: Umbel) -> None:
    @app.task(name="proj.child")
    def child() -> None: ...

    @app.task(bind=True, trail=False)
    def parent(self: Any) -> int:
        child.delay()
        return len(self.request.children)

    assert parent.apply().get() == 0


def test_a_call_may_have_a_result_of_another_class(app: Umbel) -> None:
    class Mine(AsyncResult[Any]):
        pass

    assert type(app.send_task("proj.work", result_cls=Mine)) is Mine


def test_a_task_has_an_expiry_limits_and_a_priority_of_its_own(app: Umbel) -> None:
    @app.task(name="proj.work", expires=60, time_limit=9, soft_time_limit=4, priority=3)
    def work(text: str) -> None: ...

    message = message_of(app)
    assert message.headers["expires"] is not None
    assert (message.headers["timelimit"], message.priority) == ([9, 4], 3)


def test_a_task_that_a_task_sends_can_inherit_its_priority(make_app: Any) -> None:
    app = make_app(task_inherit_parent_priority=True)

    @app.task
    def parent() -> None:
        app.send_task("proj.child")

    parent.apply(priority=7)
    assert app.transport.waiting.pop().priority == 7
