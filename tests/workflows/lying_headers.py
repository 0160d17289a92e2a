"""Headers that break their contract in one way each. `caught_by` names the test that must find out."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import pytest
from attrs import evolve

from umbel.contracts import Count, Headers, SharedState
from umbel_canvas.headers import SharedHeaders
from umbel_conformance import BackendConformance
from umbel_conformance.proving import suites
from umbel_memory.backend import MemoryBackend
from umbel_memory.shared import MemorySharedState

Answers = Sequence[tuple[Mapping[str, bytes], bytes | None] | None]


class Counting(MemoryBackend):
    """Not a liar itself: the liars below differ in their `headers_class`."""

    contract_version = 1
    features = MemoryBackend.features | {"headers"}
    headers_class: type[SharedHeaders] = SharedHeaders

    def shared(self) -> SharedState:
        backend = self

        class State(MemorySharedState):
            def headers(self) -> Headers:
                return backend.headers_class(self)

        return State(self._store)


class CountsWithoutSayingSo(Counting):
    features = MemoryBackend.features
    caught_by = "test_undeclared_headers_are_refused"


class CountsTwice(Counting):
    caught_by = "test_a_member_that_ran_twice_counts_once_and_keeps_its_first_value"

    class headers_class(SharedHeaders):
        turns = itertools.count()

        def count(self, counts: Sequence[Count], *args: Any) -> Answers:
            turn = next(self.turns)
            renamed = [{f"{turn}{name}": value for name, value in each.members.items()} for each in counts]
            return super().count([evolve(each, members=new) for each, new in zip(counts, renamed, strict=True)], *args)


class ForgetsWhatWasAdded(Counting):
    caught_by = "test_what_was_added_is_waited_for"

    class headers_class(SharedHeaders):
        def _sizes(self, keys: Sequence[str]) -> list[int | None]:
            found = self._shared.get([f"{key}.s" for key in keys])
            return [None if size is None else int(size) for size in found]


class BringsNothing(Counting):
    caught_by = "test_what_is_wanted_comes_with_the_last_member"

    class headers_class(SharedHeaders):
        def count(self, counts: Sequence[Count], *args: Any) -> Answers:
            return super().count([evolve(each, wanted=None) for each in counts], *args)


class GivesThemToAnybody(Counting):
    caught_by = "test_only_who_has_the_claim_gets_them"

    class headers_class(SharedHeaders):
        def count(self, counts: Sequence[Count], *args: Any) -> Answers:
            for each in counts:
                self._shared.release(each.key, "you")
            return super().count(counts, *args)


class BeginsWhatIsOver(Counting):
    caught_by = "test_what_is_over_does_not_begin_again_unless_it_shall"

    class headers_class(SharedHeaders):
        def begin(self, *args: Any, anew: bool = False) -> bool:
            return super().begin(*args, anew=True)


class ListsNothing(Counting):
    caught_by = "test_beginning_keeps_values_and_lists_members"

    class headers_class(SharedHeaders):
        def begin(self, key: str, size: int, values: Any, listed: Any = (), *args: Any, **options: Any) -> bool:
            return super().begin(key, size, values, (), *args, **options)


class EndsNothing(Counting):
    caught_by = "test_what_is_over_is_not_counted"

    class headers_class(SharedHeaders):
        def end(self, keys: Sequence[str], values: Sequence[str], done_s: float) -> None:
            self._shared.delete(values)


class IsOverForEver(Counting):
    caught_by = "test_that_it_is_over_is_forgotten_in_time"

    class headers_class(SharedHeaders):
        def end(self, keys: Sequence[str], values: Sequence[str], done_s: float) -> None:
            super().end(keys, values, 1e12)


names = itertools.count()


class Suite(BackendConformance):
    liar: ClassVar[type[Any]]
    manual_time = True
    patience_s = 0.2

    @pytest.fixture
    def make_backend(self) -> Callable[[], Any]:
        url = f"memory://headers-{next(names)}"
        return lambda: self.liar(url)


globals().update(suites(globals(), Suite))
