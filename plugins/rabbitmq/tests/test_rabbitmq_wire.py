"""What is on the wire, seen with py-amqp: what Celery's own clients and workers send and expect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import amqp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbel import Umbel, clock
from umbel.exceptions import DecodeError, PermanentError
from umbel.model import Action, Message, Settlement
from umbel_rabbitmq.envelope import decode, encode
from umbel_rabbitmq.settings import RabbitmqSettings
from umbel_rabbitmq.tables import decode_table, encode_table
from umbel_rabbitmq.templates import decode_headers
from umbel_rabbitmq.transport import RabbitmqTransport

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(blacklist_categories=("Cs",))),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(blacklist_categories=("Cs",)), max_size=20), inner, max_size=4)
    ),
    max_leaves=20,
)
TABLES = st.dictionaries(st.text(st.characters(blacklist_categories=("Cs",)), max_size=20), PLAIN, max_size=8)


@given(TABLES)
def test_a_table_comes_back_as_it_was(table: dict[str, Any]) -> None:
    encoded = encode_table(table)
    assert decode_table(encoded, 0) == (table, len(encoded))


@given(TABLES, st.text("0123456789abcdef-", min_size=36, max_size=36), st.text("é%", max_size=3))
def test_headers_that_are_like_others_are_read_as_any_table(table: dict[str, Any], id: str, args: str) -> None:
    for _ in range(3):
        for said in ({**table, "id": id, "argsrepr": args}, {**table, "id": id[::-1], "argsrepr": args[::-1]}, table):
            encoded = b"before" + encode_table(said)
            found, end = decode_headers(encoded + b"after", 6)
            assert (found, list(found), end) == (said, list(said), len(encoded))
            for value in found.values():
                if isinstance(value, (list, dict)):
                    value.clear()  # It is this message's alone.


@given(TABLES)
def test_py_amqp_reads_our_tables_and_we_read_its(table: dict[str, Any]) -> None:
    assert amqp.serialization.loads("F", encode_table(table), 0)[0] == [table]
    theirs = amqp.serialization.dumps("F", [table])
    assert decode_table(theirs, 0) == (table, len(theirs))


@given(st.binary(max_size=60))
def test_what_is_no_message_is_refused(properties: bytes) -> None:
    with suppress(DecodeError):
        decode(properties, b"", "q", "", "")


@pytest.mark.parametrize("value", [object(), {1, 2}, 2**70, {"deep": [object()]}, {5: "five"}])
def test_what_is_no_plain_data_is_refused(value: Any) -> None:
    with pytest.raises(PermanentError, match="plain data"):
        encode(Message("q", b"", {"value": value}), 2, "id")


@pytest.fixture
def transport(url: str) -> Iterator[RabbitmqTransport]:
    made = RabbitmqTransport(url, RabbitmqSettings(native_delayed_delivery_queue_type="classic"))
    yield made
    made.close()


def got(channel: Any, queue: str = "celery") -> Any:
    deadline = clock.monotonic() + 10.0
    while (found := channel.basic_get(queue, no_ack=True)) is None:
        assert clock.monotonic() < deadline
    return found


def test_a_call_looks_like_one_of_celerys(url: str, channel: Any) -> None:
    app = Umbel("proj", broker=url)
    result = app.send_task("proj.add", (2, 3), priority=4)
    sent = got(channel)
    properties = sent.properties
    assert (properties["content_type"], properties["content_encoding"]) == ("application/json", "utf-8")
    assert (properties["correlation_id"], properties["reply_to"]) == (result.id, app.oid)
    assert (properties["delivery_mode"], properties["priority"]) == (2, 4)
    headers = properties["application_headers"]
    assert (headers["task"], headers["id"], headers["root_id"]) == ("proj.add", result.id, result.id)
    assert (headers["retries"], headers["timelimit"], headers["ignore_result"]) == (0, [None, None], False)
    assert (sent.delivery_info["exchange"], sent.delivery_info["routing_key"]) == ("", "celery")
    app.close()


def test_messages_live_as_long_as_they_were_told(transport: RabbitmqTransport, channel: Any) -> None:
    transport.publish([Message("celery", b"", expires=clock.time() + 60.0)])
    assert 55_000 < int(got(channel).properties["expiration"]) <= 60_000


def test_a_delivery_mode_may_be_chosen_for_a_message_and_for_all(url: str, channel: Any) -> None:
    transport = RabbitmqTransport(url, RabbitmqSettings(default_delivery_mode="transient"))
    transport.publish([Message("celery", b""), Message("celery", b"", properties={"delivery_mode": 2})])
    assert [got(channel).properties["delivery_mode"] for _ in range(2)] == [1, 2]
    transport.close()


def test_what_others_send_is_understood_with_all_its_properties(transport: RabbitmqTransport, channel: Any) -> None:
    transport.publish([Message("celery", b"")])
    headers = {
        "task": "proj.add",
        "id": "3f1d",
        "lang": "js",
        "big": 2**40,
        "nothing": None,
        "list": [1, "a", {"b": 1.5}],
    }
    sent = amqp.Message(
        b"[[],{},null]", application_headers=headers, content_type="application/json", content_encoding="utf-8",
        correlation_id="3f1d", reply_to="9a2c", priority=7, delivery_mode=1, type="t", app_id="a", message_id="m",
    )  # fmt: skip
    channel.basic_publish(sent, routing_key="celery")
    held = [*transport.reserve(["celery"], 2, 5.0)]
    while len(held) < 2:
        held += transport.reserve(["celery"], 2 - len(held), 5.0)
    found = held[1].message
    assert found.headers == headers
    assert (found.properties["correlation_id"], found.properties["reply_to"]) == ("3f1d", "9a2c")
    assert {found.properties[name] for name in ("type", "app_id", "message_id")} == {"t", "a", "m"}
    assert (found.priority, found.content_type, found.content_encoding) == (7, "application/json", "utf-8")


def test_a_message_without_any_properties_is_a_message(transport: RabbitmqTransport, channel: Any) -> None:
    channel.queue_declare("bare", durable=True, auto_delete=False)
    channel.basic_publish(amqp.Message(b"x"), routing_key="bare")
    (held,) = transport.reserve(["bare"], 1, 10.0)
    assert (held.message.body, held.message.headers, held.message.content_type) == (b"x", {}, "application/json")


def test_nothing_of_this_drivers_own_stays_in_a_message_that_was_never_lost(
    transport: RabbitmqTransport, channel: Any
) -> None:
    transport.publish([Message("celery", b"", {"id": "3f1d"})])
    transport.settle([Settlement(one, Action.REQUEUE) for one in transport.reserve(["celery"], 1, 0.0)])
    assert got(channel).properties["application_headers"] == {"id": "3f1d"}


def test_acknowledgements_in_order_are_one(transport: RabbitmqTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    transport.publish([Message("celery", str(number).encode()) for number in range(100)])
    held = transport.reserve(["celery"], 100, 0.0)
    written: list[bytes] = []
    write: Callable[[bytes], None] = transport._consumer.link.write
    monkeypatch.setattr(transport._consumer.link, "write", lambda data: (written.append(data), write(data))[1])
    transport.settle([Settlement(one) for one in reversed(held[:60])])
    assert [len(data) for data in written] == [21], "sixty in one frame"
    transport.settle([Settlement(one) for one in (*held[70:80], held[60])])
    assert [len(data) for data in written[1:]] == [11 * 21], "one that ends a row, and ten that do not"


def test_control_and_events_use_celerys_exchanges(transport: RabbitmqTransport, channel: Any) -> None:
    for exchange, kind, durable in (("celery.pidbox", "fanout", False), ("celeryev", "topic", True)):
        subscription = transport.fanout().subscribe(exchange)
        channel.exchange_declare(exchange, kind, durable=durable, auto_delete=False)  # 406 if it were otherwise
        channel.basic_publish(amqp.Message(b"hello"), exchange, "worker.online")
        assert [one.body for one in subscription.receive(10.0)] == [b"hello"]
        subscription.close()
