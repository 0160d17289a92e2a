"""Commands and answers in kombu's form; what is not in it is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from umbel.exceptions import DecodeError
from umbel.model import Message
from umbel_control.wire import Command, answer_message, command_message, read, read_command

#: As kombu 5 writes one (`Mailbox._publish`).
KOMBUS = {
    "method": "rate_limit",
    "arguments": {"task_name": "proj.add", "rate_limit": "1/s"},
    "destination": ["celery@a"],
    "pattern": None,
    "matcher": None,
    "ticket": "t-1",
    "reply_to": {"exchange": "reply.celery.pidbox", "routing_key": "oid"},
}


def test_a_command_of_celerys_is_read() -> None:
    command = read_command(Message("", json.dumps(KOMBUS).encode()))
    assert (command.method, command.arguments) == ("rate_limit", KOMBUS["arguments"])
    assert (command.ticket, command.reply_to) == ("t-1", KOMBUS["reply_to"])
    assert command.is_for("celery@a")
    assert not command.is_for("celery@b")


def test_a_command_is_written_as_celery_writes_it() -> None:
    command = read_command(Message("", json.dumps(KOMBUS).encode()))
    message = command_message(command, "celery.pidbox", 7, 1.0)
    assert json.loads(message.body) == KOMBUS
    assert (message.exchange, message.routing_key, message.content_type) == ("celery.pidbox", "", "application/json")
    assert message.headers["clock"] == 7
    assert message.headers["expires"] > 0


def test_an_answer_says_who_answers_and_carries_the_ticket() -> None:
    command = read_command(Message("", json.dumps(KOMBUS).encode()))
    message = answer_message("celery@a", {"ok": "pong"}, command, 8)
    assert read(message) == {"celery@a": {"ok": "pong"}}
    assert message.headers == {"ticket": "t-1", "clock": 8}
    assert (message.exchange, message.routing_key) == ("reply.celery.pidbox", "oid")


def test_an_answer_that_json_has_no_form_for_says_so() -> None:
    command = read_command(Message("", json.dumps(KOMBUS).encode()))
    assert "cannot be sent" in read(answer_message("celery@a", object(), command, 1))["celery@a"]["error"]


@pytest.mark.parametrize(
    ("pattern", "matcher", "meant"),
    [
        ("celery@*", "glob", True),
        ("worker@*", "glob", False),
        ("celery@[ab]$", "pcre", True),
        ("(", "pcre", False),
        ("celery@*", "unheard-of", False),
        ("worker@*", None, True),
    ],
)
def test_a_pattern_means_those_that_it_matches(pattern: str, matcher: str | None, meant: bool) -> None:
    assert Command("ping", pattern=pattern, matcher=matcher).is_for("celery@a") is meant


@pytest.mark.parametrize(
    "body",
    [
        {"method": 3},
        {"method": "ping", "arguments": []},
        {"method": "ping", "arguments": [1]},
        {"method": "ping", "reply_to": {"exchange": "x"}},
        {"method": "ping", "destination": 3},
        [],
        None,
    ],
)
def test_what_is_no_command_is_refused(body: Any) -> None:
    message = Message("", json.dumps(body).encode())
    if body == {"method": "ping", "arguments": []}:
        assert read_command(message).arguments == {}, "celery sends it for no arguments"
    else:
        with pytest.raises(DecodeError, match="expected"):
            read_command(message)


def test_a_pickle_is_not_even_looked_at() -> None:
    with pytest.raises(DecodeError, match="expected JSON"):
        read_command(Message("", b"\x80\x04.", content_type="application/x-python-serialize"))
