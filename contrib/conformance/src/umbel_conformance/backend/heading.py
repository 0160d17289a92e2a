"""Headers of chords: what they return is counted, each member once, and one who counted sends the body."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from umbel.contracts import Count, Headers, SharedState
from umbel.exceptions import UnsupportedError
from umbel_conformance.backend.bench import BackendBench, OpenBackend
from umbel_conformance.capabilities import lacks, needs

#: As Celery names them.
KEY, OTHER = "celery-taskset-meta-one", "celery-taskset-meta-other"
FIRST, SECOND, THIRD = {"a:0": b"[1]"}, {"b:1": b"[2]"}, {"c:2": b"[3]"}
#: Nobody here waits for the end of a claim.
LONG_S = 3600.0


class Heading(BackendBench):
    @lacks("headers")
    def test_undeclared_headers_are_refused(self, features: frozenset[str], open_backend: OpenBackend) -> None:
        if "shared_state" in features:
            with pytest.raises(UnsupportedError):
                open_backend().shared().headers()

    @pytest.fixture
    def headers(self, shared: SharedState) -> Headers:
        return shared.headers()

    @needs("headers")
    def test_who_counts_the_last_member_gets_them_all(self, headers: Headers) -> None:
        assert headers.begin(KEY, 3, {}, (), LONG_S)
        assert list(headers.count([Count(KEY, SECOND)], "me", LONG_S)) == [None]
        assert list(headers.count([Count(KEY, FIRST)], "you", LONG_S, LONG_S)) == [None]
        assert list(headers.count([Count(KEY, THIRD)], "me", LONG_S)) == [({**FIRST, **SECOND, **THIRD}, None)]

    @needs("headers")
    def test_members_are_counted_together(self, headers: Headers) -> None:
        headers.begin(KEY, 2, {}, (), LONG_S)
        headers.begin(OTHER, 2, {}, (), LONG_S)
        whole = ({**FIRST, **SECOND}, None)
        assert list(headers.count([Count(OTHER, FIRST), Count(KEY, whole[0])], "me", LONG_S)) == [None, whole]
        assert list(headers.count([Count(OTHER, SECOND)], "me", LONG_S)) == [whole]
        assert list(headers.count([], "me", LONG_S)) == []

    @needs("headers")
    def test_a_member_that_ran_twice_counts_once_and_keeps_its_first_value(self, headers: Headers) -> None:
        headers.begin(KEY, 2, {}, (), LONG_S)
        assert list(headers.count([Count(KEY, FIRST)], "me", LONG_S)) == [None]
        assert list(headers.count([Count(KEY, {"a:0": b"[9]"})], "me", LONG_S)) == [None]
        assert list(headers.count([Count(KEY, SECOND)], "me", LONG_S)) == [({**FIRST, **SECOND}, None)]

    @needs("headers")
    def test_members_that_were_counted_before_anyone_knew_how_many_they_are_are_found(self, headers: Headers) -> None:
        assert list(headers.count([Count(KEY, {**FIRST, **SECOND})], "me", LONG_S)) == [None]
        headers.begin(KEY, 2, {}, (), LONG_S)
        assert list(headers.count([Count(KEY, {})], "me", LONG_S)) == [({**FIRST, **SECOND}, None)]

    @needs("headers")
    def test_a_header_of_none_is_complete_at_once(self, headers: Headers) -> None:
        headers.begin(KEY, 0, {}, (), LONG_S)
        assert list(headers.count([Count(KEY, {})], "me", LONG_S)) == [({}, None)]

    @needs("headers")
    def test_what_was_added_is_waited_for(self, shared: SharedState, headers: Headers) -> None:
        headers.begin(KEY, 1, {}, (), LONG_S)
        shared.put(f"{KEY}.t", b"1", LONG_S)
        assert list(headers.count([Count(KEY, FIRST)], "me", LONG_S)) == [None]
        assert list(headers.count([Count(KEY, SECOND)], "me", LONG_S)) == [({**FIRST, **SECOND}, None)]

    @needs("headers")
    def test_what_is_wanted_comes_with_the_last_member(self, shared: SharedState, headers: Headers) -> None:
        shared.put("body", b"{}", LONG_S)
        headers.begin(KEY, 2, {}, (), LONG_S)
        headers.begin(OTHER, 1, {}, (), LONG_S)
        counts = [Count(KEY, FIRST, "body"), Count(OTHER, FIRST, "nothing")]
        assert list(headers.count(counts, "me", LONG_S)) == [None, (FIRST, None)]
        assert list(headers.count([Count(KEY, SECOND, "body")], "me", LONG_S)) == [({**FIRST, **SECOND}, b"{}")]

    @needs("headers")
    def test_only_who_has_the_claim_gets_them(self, shared: SharedState, headers: Headers) -> None:
        headers.begin(KEY, 1, {}, (), LONG_S)
        assert shared.claim(KEY, "you", LONG_S)
        assert list(headers.count([Count(KEY, FIRST)], "me", LONG_S)) == [None]
        assert list(headers.count([Count(KEY, {})], "you", LONG_S)) == [(FIRST, None)]
        shared.release(KEY, "you")
        assert list(headers.count([Count(KEY, {})], "me", LONG_S)) == [(FIRST, None)]
        assert not shared.claim(KEY, "you", LONG_S)

    @needs("headers")
    def test_the_claim_ends_with_its_time(self, headers: Headers) -> None:
        headers.begin(KEY, 1, {}, (), LONG_S)
        assert list(headers.count([Count(KEY, FIRST)], "me", self.short_ttl_s)) == [(FIRST, None)]
        self.pass_time(self.short_ttl_s)
        self.eventually(
            lambda: list(headers.count([Count(KEY, {})], "you", LONG_S)) == [(FIRST, None)], "the claim to end"
        )

    @needs("headers")
    def test_beginning_keeps_values_and_lists_members(self, shared: SharedState, headers: Headers) -> None:
        shared.tally("begun", "w:1", b"was there", LONG_S)
        listed = [("begun", "w:1"), ("begun", "c:1"), ("others", "c:1")]
        assert headers.begin(KEY, 1, {"a": b"1", "b": b"2"}, listed, LONG_S)
        assert list(shared.get(["a", "b", f"{KEY}.s"])) == [b"1", b"2", b"1"]
        assert shared.tallied("begun") == {"w:1": b"was there", "c:1": b""}
        assert shared.tallied("others") == {"c:1": b""}

    @needs("headers")
    def test_what_was_begun_goes_when_its_time_is_over(self, shared: SharedState, headers: Headers) -> None:
        headers.begin(KEY, 2, {"a": b"1"}, [("begun", "c:1")], self.short_ttl_s)
        headers.count([Count(KEY, FIRST)], "me", LONG_S, self.short_ttl_s)
        self.pass_time(self.short_ttl_s)
        self.eventually(lambda: list(shared.get(["a", f"{KEY}.s"])) == [None, None], "the values to go")
        self.eventually(lambda: shared.tallied("begun") == shared.tallied(KEY) == {}, "the tallies to go")

    @needs("headers")
    def test_what_is_over_is_not_counted(self, shared: SharedState, headers: Headers) -> None:
        headers.begin(KEY, 1, {"a": b"1", "b": b"2"}, (), LONG_S)
        headers.begin(OTHER, 1, {"c": b"3"}, (), LONG_S)
        headers.count([Count(KEY, FIRST), Count(OTHER, FIRST)], "me", LONG_S)
        headers.end([KEY, OTHER], ["a", "c"], LONG_S)
        headers.end([], [], LONG_S)
        assert list(shared.get(["a", "b", "c", f"{KEY}.s", f"{KEY}.c"])) == [None, b"2", None, None, b"done"]
        assert list(headers.count([Count(KEY, FIRST), Count(OTHER, SECOND)], "me", LONG_S)) == [None, None]

    @needs("headers")
    def test_what_is_over_does_not_begin_again_unless_it_shall(self, shared: SharedState, headers: Headers) -> None:
        headers.begin(KEY, 1, {}, (), LONG_S)
        shared.put(f"{KEY}.t", b"1", LONG_S)
        headers.count([Count(KEY, {**FIRST, **SECOND})], "me", LONG_S)
        headers.end([KEY], [], LONG_S)
        assert not headers.begin(KEY, 2, {"a": b"1"}, [("begun", "c:1")], LONG_S)
        assert (shared.get(["a"])[0], shared.tallied("begun")) == (None, {})
        assert headers.begin(KEY, 2, {"a": b"1"}, (), LONG_S, anew=True)
        assert list(headers.count([Count(KEY, FIRST)], "you", LONG_S)) == [None]
        assert list(headers.count([Count(KEY, THIRD)], "you", LONG_S)) == [({**FIRST, **THIRD}, None)]

    @needs("headers")
    def test_that_it_is_over_is_forgotten_in_time(self, headers: Headers) -> None:
        headers.begin(KEY, 1, {}, (), LONG_S)
        headers.count([Count(KEY, FIRST)], "me", LONG_S)
        headers.end([KEY], [], self.short_ttl_s)
        self.pass_time(self.short_ttl_s)
        self.eventually(lambda: headers.begin(KEY, 1, {}, (), LONG_S), "it to be forgotten")

    @needs("headers")
    def test_of_many_who_count_at_once_one_gets_them(self, open_backend: OpenBackend) -> None:
        all_ = [open_backend().shared().headers() for _ in range(8)]
        all_[0].begin(KEY, 80, {}, (), LONG_S)

        def count(number: int) -> list[object]:
            members = [{f"{number}-{turn}:{number * 10 + turn}": b"%d-%d" % (number, turn)} for turn in range(10)]
            return [all_[number].count([Count(KEY, each)], f"owner {number}", LONG_S)[0] for each in members]

        with ThreadPoolExecutor(8) as threads:
            got = [each for one in threads.map(count, range(8)) for each in one if each is not None]
        assert len(got) == 1
        assert len(got[0][0]) == 80  # type: ignore[index]
