"""Transports whose dead letters tell a wrong story. `caught_by` names the test that must find out."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import pytest
from attrs import evolve

from umbel.contracts import QueueAdmin
from umbel.model import DeadLetter, Death
from umbel_conformance import TransportConformance
from umbel_conformance.proving import suites
from umbel_memory.admin import MemoryAdmin
from umbel_memory.transport import MemoryTransport

Tell = Callable[[tuple[Death, ...]], tuple[Death, ...]]


class Teller(MemoryAdmin):
    """Tells the story in its own way."""

    def __init__(self, broker: Any, tell: Tell) -> None:
        super().__init__(broker)
        self._tell = tell

    def dead(self, queue: str, limit: int = 100) -> Sequence[DeadLetter]:
        return [evolve(letter, history=self._tell(letter.history)) for letter in super().dead(queue, limit)]


class Tells(MemoryTransport):
    contract_version = 1
    tell: ClassVar[Tell]

    def admin(self) -> QueueAdmin:
        return Teller(self._broker, type(self).tell)


class ForgetsTheEnd(Tells):
    contract_version = 1
    caught_by = "test_a_dead_letter_says_who_gave_it_up_when_and_why"
    tell = staticmethod(lambda history: history[:-1])


class KnowsNoNames(Tells):
    contract_version = 1
    caught_by = "test_a_dead_letter_says_who_gave_it_up_when_and_why"
    tell = staticmethod(lambda history: tuple(evolve(one, worker="somebody") for one in history))


class TellsTheEndOnly(Tells):
    contract_version = 1
    caught_by = "test_a_dead_letter_has_a_history_of_its_losses"
    tell = staticmethod(lambda history: history[-1:])


class TellsItBackwards(Tells):
    contract_version = 1
    caught_by = "test_a_dead_letter_has_a_history_of_its_losses"
    tell = staticmethod(lambda history: history[::-1])


class SaysAlwaysTheSame(Tells):
    contract_version = 1
    caught_by = "test_a_dead_letter_has_a_history_of_its_losses"
    tell = staticmethod(lambda history: tuple(evolve(one, what="it died") for one in history[:-2]) + history[-2:])


class ForgetsTheFirstLife(Tells):
    contract_version = 1
    caught_by = "test_a_revived_message_brings_its_history_when_it_dies_again"
    tell = staticmethod(lambda history: history[-2:])


class CutsTheEnd(Tells):
    contract_version = 1
    caught_by = "test_a_long_history_is_cut_at_its_beginning"
    tell = staticmethod(lambda history: history[:20])


class MakesOneUp(MemoryTransport):
    contract_version = 1
    features = MemoryTransport.features - {"history"}
    caught_by = "test_without_the_feature_no_history_is_made_up"


names = itertools.count()


class Suite(TransportConformance):
    liar: ClassVar[type[Any]]
    manual_time = True
    patience_s = 0.2

    @pytest.fixture
    def make_transport(self) -> Callable[[], Any]:
        url = f"memory://historian-{next(names)}"
        return lambda: self.liar(url)


globals().update(suites(globals(), Suite))
