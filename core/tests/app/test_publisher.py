"""How long publishing goes on when the broker is not there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from umbel import clock
from umbel.app.publisher import Publisher
from umbel.exceptions import PermanentError, TemporaryError
from umbel.model import Message

POLICY = {"max_retries": 3, "interval_start": 0, "interval_step": 0.2, "interval_max": 1}
MESSAGES = (Message("q", b"one"), Message("q", b"two"))


class Broker:
    """Fails `failures` times, each after `takes_s` seconds."""

    features = frozenset({"delayed"})

    def __init__(self, now: clock.ManualClock, failures: int, takes_s: float) -> None:
        self.now, self.failures, self.takes_s = now, failures, takes_s
        self.attempts: list[Sequence[Message]] = []

    def publish(self, messages: Sequence[Message]) -> None:
        self.attempts.append(messages)
        if len(self.attempts) <= self.failures:
            self.now.advance(self.takes_s)
            raise TemporaryError(f"attempt {len(self.attempts)}")
        if any(message.body == b"bad" for message in messages):
            raise PermanentError("bad")


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Iterator[clock.ManualClock]:
    """Nobody else is there who could let the time pass of which a pause waits for the end."""
    with clock.manual() as now:
        monkeypatch.setattr(clock, "sleep", now.advance)
        yield now


def spent(broker: Broker, policy: Any = POLICY, patience_s: float | None = 4.0) -> float:
    """Seconds until publishing fails."""
    began = clock.monotonic()
    with pytest.raises(TemporaryError, match="attempt"):
        Publisher(broker, patience_s=patience_s).publish(MESSAGES[:1], policy)  # type: ignore[arg-type]
    return clock.monotonic() - began


def test_a_broker_that_refuses_is_asked_as_often_as_the_policy_says(now: clock.ManualClock) -> None:
    broker = Broker(now, 100, 0.0)
    assert spent(broker) == pytest.approx(0.6)
    assert len(broker.attempts) == 4


def test_one_that_does_not_answer_is_asked_a_second_time_and_no_more(now: clock.ManualClock) -> None:
    """The second time, since an idle connection may have been lost without a sign."""
    broker = Broker(now, 100, 4.0)
    assert spent(broker) == pytest.approx(8.0)
    assert len(broker.attempts) == 2


def test_without_a_policy_there_is_one_attempt(now: clock.ManualClock) -> None:
    assert spent(Broker(now, 100, 4.0), None) == pytest.approx(4.0)


def test_who_wants_no_deadline_has_none(now: clock.ManualClock) -> None:
    broker = Broker(now, 100, 4.0)
    assert spent(broker, patience_s=None) == pytest.approx(16.6)
    for_ever = Broker(now, 1000, 4.0)
    Publisher(for_ever, patience_s=4.0).publish(MESSAGES, {**POLICY, "max_retries": None})  # type: ignore[arg-type]
    assert len(for_ever.attempts) == 1001


def test_coroutines_that_publish_together_fail_together(now: clock.ManualClock) -> None:
    broker = Broker(now, 100, 4.0)
    publisher = Publisher(broker, patience_s=4.0)  # type: ignore[arg-type]
    futures = [publisher.post([message]) for message in MESSAGES]
    for future in futures:
        with pytest.raises(TemporaryError):
            future.result(10)
    publisher.close()
    assert len(broker.attempts) <= 4


def test_a_message_that_cannot_be_published_spoils_no_other(now: clock.ManualClock) -> None:
    broker = Broker(now, 0, 0.0)
    publisher = Publisher(broker)  # type: ignore[arg-type]
    batch = [publisher.post([message]) for message in (MESSAGES[0], Message("q", b"bad"), MESSAGES[1])]
    publisher.close()
    assert [type(future.exception(10)) for future in batch] == [type(None), PermanentError, type(None)]


def test_a_broker_that_cannot_delay_gets_messages_at_once(now: clock.ManualClock) -> None:
    """Whoever receives them reads the header `eta`."""
    broker = Broker(now, failures=0, takes_s=0.0)
    Publisher(broker).publish([Message("q", b"later", due=1e12)])  # type: ignore[arg-type]
    broker.features = frozenset()  # type: ignore[misc]
    Publisher(broker).publish([Message("q", b"later", due=1e12)])  # type: ignore[arg-type]
    assert [message.due for batch in broker.attempts for message in batch] == [1e12, None]
