"""What is published arrives, whole and in order."""

from __future__ import annotations

import pytest

from umbel.contracts import Transport
from umbel_conformance.capabilities import needs
from umbel_conformance.transport.bench import Connect, TransportBench, bodies, message, numbered

UNICODE = "žluťoučký kůň 🐎 \u0000 \u202e مرحبا"


class Publishing(TransportBench):
    def test_what_was_published_can_be_reserved(self, transport: Transport) -> None:
        transport.publish([message("hello")])
        assert bodies(self.take(transport, 1)) == ["hello"]

    def test_another_connection_sees_what_was_published(self, connect: Connect) -> None:
        connect().publish([message("hello")])
        assert bodies(self.take(connect(), 1)) == ["hello"]

    def test_an_empty_batch_is_no_error(self, transport: Transport) -> None:
        transport.publish([])
        self.assert_nothing_to_reserve(transport)

    def test_messages_of_one_batch_come_in_order(self, transport: Transport) -> None:
        transport.publish(numbered(50))
        assert bodies(self.take(transport, 50)) == [str(number) for number in range(50)]

    @needs("ordered")
    def test_messages_of_many_batches_come_in_order(self, transport: Transport) -> None:
        for number in range(10):
            transport.publish([message(str(number))])
        assert [bodies(self.take(transport, 1))[0] for _ in range(10)] == [str(number) for number in range(10)]

    def test_one_batch_may_go_to_many_queues(self, transport: Transport) -> None:
        transport.publish([message("to a", "a"), message("to b", "b"), message("to a again", "a")])
        assert bodies(self.take(transport, 2, "a")) == ["to a", "to a again"]
        assert bodies(self.take(transport, 1, "b")) == ["to b"]

    def test_headers_and_properties_travel_with_the_message(self, transport: Transport) -> None:
        headers = {
            "id": "3f1d",
            "task": "proj.add",
            "retries": 3,
            "ratio": 0.25,
            "big": 2**53,
            "ignore_result": False,
            "group": None,
            "timelimit": [None, 30.5],
            "stamps": {"deep": {"deeper": ["a", {"deepest": True}]}},
            "ünïcode": UNICODE.replace("\u0000", ""),
        }
        properties = {"correlation_id": "3f1d", "reply_to": "9a2c"}
        transport.publish([message("{}", headers=headers, properties=properties)])
        arrived = self.take_one(transport).message
        assert {name: arrived.headers.get(name, "absent") for name in headers} == headers
        assert {name: arrived.properties.get(name) for name in properties} == properties

    def test_content_type_encoding_and_queue_travel_with_the_message(self, transport: Transport) -> None:
        transport.publish([message(b"\x80", "pictures", content_type="application/x-own", content_encoding="binary")])
        arrived = self.take_one(transport, "pictures").message
        assert (arrived.content_type, arrived.content_encoding) == ("application/x-own", "binary")
        assert arrived.queue == "pictures"

    @pytest.mark.parametrize("body", [b"", bytes(range(256)), UNICODE.encode()], ids=["empty", "every byte", "unicode"])
    def test_a_body_is_bytes_and_comes_back_unchanged(self, transport: Transport, body: bytes) -> None:
        transport.publish([message(body)])
        arrived = self.take_one(transport).message.body
        assert type(arrived) is bytes
        assert arrived == body

    def test_a_huge_body_comes_back_unchanged(self, transport: Transport) -> None:
        body = bytes(range(256)) * (self.huge_bytes // 256)
        transport.publish([message(body), message("small")])
        small, huge = sorted(self.take(transport, 2), key=lambda one: len(one.message.body))
        assert huge.message.body == body, "the huge body was changed"
        assert small.message.body == b"small"

    def test_queue_names_may_be_unicode(self, transport: Transport) -> None:
        if not self.any_queue_name:
            pytest.skip("its broker has an alphabet for names (see any_queue_name)")
        transport.publish([message("hello", "fronta č. 1/ü")])
        assert bodies(self.take(transport, 1, "fronta č. 1/ü")) == ["hello"]

    def test_what_the_publisher_changes_afterwards_does_not_change_the_message(self, transport: Transport) -> None:
        sent = message("hello", headers={"stamps": {"a": 1}})
        transport.publish([sent])
        sent.headers["stamps"]["a"] = 2
        assert self.take_one(transport).message.headers["stamps"] == {"a": 1}

    def test_a_large_batch_arrives_complete(self, transport: Transport) -> None:
        transport.publish(numbered(self.large_batch))
        taken = bodies(self.take(transport, self.large_batch))
        assert sorted(taken, key=int) == [str(number) for number in range(self.large_batch)]
