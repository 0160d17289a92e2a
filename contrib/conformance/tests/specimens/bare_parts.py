"""Small parts of a worker: consumers, a bootstep and a command that keep the contract, and some that do not."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import click
import pytest

from umbel.contracts import Bootstep, Consumer, Gate, Verdict, WorkerContext
from umbel.model import Action, Delivery, Message, Settlement
from umbel_conformance import BootstepConformance, CommandConformance, ConsumerConformance
from umbel_conformance.proving import suites


class QueueConsumer(Consumer):
    contract_version = 1
    features = frozenset({"queues"})
    queues = ("letters",)

    def start(self, worker: WorkerContext) -> None: ...

    def receive(self, deliveries: Sequence[Delivery]) -> Sequence[Settlement]:
        return [Settlement(one, Action.ACK if one.message.body else Action.DEAD) for one in deliveries]


class EndsAtGarbage(QueueConsumer):
    caught_by = "test_garbage_is_settled_so_that_it_does_not_come_for_ever"

    def receive(self, deliveries: Sequence[Delivery]) -> Sequence[Settlement]:
        for one in deliveries:
            json.loads(one.message.body)
        return super().receive(deliveries)


class SettlesTwice(QueueConsumer):
    caught_by = "test_it_settles_only_what_it_was_given_and_that_once"

    def receive(self, deliveries: Sequence[Delivery]) -> Sequence[Settlement]:
        return [*super().receive(deliveries), *super().receive(deliveries)]


class NamesOneQueue(QueueConsumer):
    queues = "letters"  # type: ignore[assignment]
    caught_by = "test_its_queues_have_names"


class TakesBoth(QueueConsumer):
    features = frozenset({"queues", "fanout"})
    caught_by = "test_it_takes_queues_or_a_broadcast_and_not_both"


class HearsWithoutSayingSo(QueueConsumer):
    caught_by = "test_undeclared_broadcasts_are_refused"

    def hear(self, messages: Sequence[Message]) -> None: ...


class FanoutConsumer(Consumer):
    contract_version = 1
    features = frozenset({"fanout"})
    exchange = "news"

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def start(self, worker: WorkerContext) -> None: ...

    def hear(self, messages: Sequence[Message]) -> None:
        self.heard += [message.body for message in messages]


class EndsAtStrangeNews(FanoutConsumer):
    caught_by = "test_whatever_is_broadcast_it_goes_on"

    def hear(self, messages: Sequence[Message]) -> None:
        self.heard += [json.loads(message.body)["method"] for message in messages]


class NamesNoExchange(FanoutConsumer):
    exchange = ""
    caught_by = "test_its_exchange_and_patterns_are_named"


class BareStep(Bootstep):
    """Turns away the tasks of one name."""

    contract_version = 1
    name = "bouncer"
    requires = ("transport",)

    def start(self, worker: WorkerContext) -> None: ...

    def gate(self) -> Gate:
        return self._unwanted

    def _unwanted(self, delivery: Delivery) -> Verdict | None:
        return Verdict("unwanted") if delivery.message.headers.get("task") == "unwanted" else None


class RequiresText(BareStep):
    requires = "transport"  # type: ignore[assignment]
    caught_by = "test_its_names_in_the_graph_are_names"


class RequiresItself(BareStep):
    requires = ("bouncer",)
    caught_by = "test_its_names_in_the_graph_are_names"


class LooksIntoTheBody(BareStep):
    caught_by = "test_its_gate_decides_whatever_the_headers_are_without_the_body"

    def _unwanted(self, delivery: Delivery) -> Verdict | None:
        return Verdict("empty") if not delivery.message.body else None


class TripsOverMissingHeaders(BareStep):
    caught_by = "test_its_gate_decides_whatever_the_headers_are_without_the_body"

    def _unwanted(self, delivery: Delivery) -> Verdict | None:
        return Verdict("late") if delivery.message.headers["eta"] else None


class SaysTwoThings(BareStep):
    caught_by = "test_its_gate_decides_whatever_the_headers_are_without_the_body"

    def _unwanted(self, delivery: Delivery) -> Verdict | None:
        return Verdict("both", dead=True, hold=True)


class LetsNothingPass(BareStep):
    caught_by = "test_its_gate_lets_pass_what_it_should"

    def _unwanted(self, delivery: Delivery) -> Verdict | None:
        return Verdict("closed")


class HasABrokenTimer(BareStep):
    caught_by = "test_its_timers_can_be_called_and_come_at_positive_intervals"

    def start(self, worker: WorkerContext) -> None:
        worker.every(0.0, lambda: None)


class CannotStopUnstarted(BareStep):
    caught_by = "test_it_stops_even_if_it_was_never_started"

    _worker: WorkerContext | None = None

    def start(self, worker: WorkerContext) -> None:
        self._worker = worker

    def stop(self) -> None:
        assert self._worker is not None, "never started"


@click.group()
def bare_command() -> None:
    """A group with one command."""


@bare_command.command()
@click.option("--loud", is_flag=True, help="Shout.")
def greet(loud: bool) -> None:
    """Greet whoever calls."""


class SilentOption:
    caught_by = "test_every_option_says_what_it_does"

    @staticmethod
    @click.command()
    @click.option("--loud", is_flag=True)
    def command(loud: bool) -> None:
        """Greet."""


class SaysNothing:
    caught_by = "test_it_and_everything_below_it_explains_itself"

    command = click.Command("silent")


class TakesAnything:
    caught_by = "test_an_unknown_option_is_a_usage_error"

    command = click.Command(
        "lax",
        help="Takes anything.",
        params=[click.Argument(["anything"], nargs=-1, type=click.UNPROCESSED)],
        context_settings={"ignore_unknown_options": True},
        callback=lambda anything: None,
    )


class HasAnOptionTwice:
    caught_by = "test_no_option_is_there_twice"

    command = click.Command(
        "twice", help="Twice.", params=[click.Option(["-l", "--loud"], help="a"), click.Option(["-l"], help="b")]
    )


class ConsumerSuite(ConsumerConformance):
    liar: ClassVar[type[Any]]

    @pytest.fixture
    def make_consumer(self) -> Callable[[], Consumer]:
        return self.liar


class BootstepSuite(BootstepConformance):
    liar: ClassVar[type[Any]]

    @pytest.fixture
    def make_bootstep(self) -> Callable[[], Bootstep]:
        return self.liar


class CommandSuite(CommandConformance):
    liar: ClassVar[type[Any]]

    @pytest.fixture
    def command(self) -> click.Command:
        command: click.Command = self.liar.command
        return command


globals().update(suites(globals(), ConsumerSuite))
globals().update(suites(globals(), BootstepSuite))
globals().update(suites(globals(), CommandSuite))
